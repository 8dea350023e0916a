#!/bin/bash
# Writes the template for translators, shopify_connector/i18n/shopify_connector.pot, from
# the add-on as its files are now. Without dates, so that it changes only with the texts.
set -euo pipefail
unset PYTHONDONTWRITEBYTECODE

ROOT=$(cd "$(dirname "$0")/.." && pwd); cd "$ROOT"
L=${L:-$ROOT/.local}
# shellcheck source=/dev/null
. "$L/env"
POT=shopify_connector/i18n/shopify_connector.pot
DATABASE=i18n_$$
trap 'scripts/database.sh drop "$DATABASE"' EXIT
trap 'exit 130' INT TERM

template=$(scripts/database.sh installed)
scripts/database.sh clone "$DATABASE" "$template"
mkdir -p shopify_connector/i18n
"$V/bin/python" "$ODOO_BIN" i18n export -c "$ODOO_CONF" -d "$DATABASE" \
  shopify_connector
sed -i '/^"POT-Creation-Date:/d; /^"PO-Revision-Date:/d' "$POT"
