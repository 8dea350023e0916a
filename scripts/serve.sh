#!/bin/bash
# Odoo with its job runner in the foreground, on a database that stays (DB, "work" if unset).
# Made with the add-on when it isn't there, brought up to date when it is.
set -euo pipefail
unset PYTHONDONTWRITEBYTECODE
ROOT=$(cd "$(dirname "$0")/.." && pwd); cd "$ROOT"
L=${L:-$ROOT/.local}
# shellcheck source=/dev/null
. "$L/env"
DB=${DB:-work}
if [ -z "$(psql -d postgres -Atqc "select 1 from pg_database where datname='$DB'")" ]; then
  scripts/database.sh clone "$DB" "$(scripts/database.sh installed)"
fi
echo "serve: http://127.0.0.1:8069/odoo, admin / admin, database $DB" >&2
export ODOO_QUEUE_JOB_CHANNELS=${ODOO_QUEUE_JOB_CHANNELS:-root:2}
exec "$V/bin/python" "$ODOO_BIN" -c "$ODOO_CONF" -d "$DB" --db-filter="^$DB\$" \
  --load=base,rpc,web,queue_job --workers=4 --max-cron-threads=1 -u shopify_connector "$@"
