#!/bin/bash
# Databases for tests, demo and experiments, cloned from templates in about 0.3 s.
#
#   database.sh installed           name of the template that has the add-on installed, as
#                                   the add-on's files are now; makes it if need be (6 s)
#   database.sh clone NAME [FROM]   new database NAME (replaced if there), files included
#   database.sh drop NAME           drop it with its files
#
# Needs what scripts/setup.sh has made.
set -euo pipefail
unset PYTHONDONTWRITEBYTECODE

ROOT=$(cd "$(dirname "$0")/.." && pwd)
L=${L:-$ROOT/.local}
[ -f "$L/env" ] || { echo "database: run scripts/setup.sh first" >&2; exit 1; }
# shellcheck source=/dev/null
. "$L/env"
F=$L/data/filestore
sql() { psql -d postgres -Atqc "$1"; }

drop() {
  sql "select pg_terminate_backend(pid) from pg_stat_activity where datname='$1'" >/dev/null
  if [ "$(sql "select datistemplate from pg_database where datname='$1'")" = t ]; then
    sql "alter database \"$1\" is_template false"
  fi
  dropdb --if-exists "$1" 2>/dev/null
  rm -rf "${F:?}/$1"
}

clone() {
  drop "$1"
  createdb -T "$2" "$1"
  mkdir -p "$F/$2"
  # Files are named after their content and never changed in place: links are enough.
  cp -al "$F/$2" "$F/$1"
}

files() {
  find "$ROOT/shopify_connector" -type f -not -path '*/__pycache__/*' -not -name '*.pyc' -print0 |
    LC_ALL=C sort -z | xargs -0 sha256sum
}

drop_old() {
  local old
  for old in $(sql "select datname from pg_database where datname like 'addon\_%' and datname not like '$1%'"); do
    # Another run may be cloning it or making it at this moment.
    [ -n "$(find "$L/data" -maxdepth 1 -name ".$old.used" -mmin -30)" ] || drop "$old" || true
  done
}

installed() {
  local name new log
  name=addon_$({ echo "$TEMPLATE"; files; } | sha256sum | cut -c1-12)
  new=${name}_$$; log=$L/logs/install.log
  mkdir -p "$L/logs"; touch "$L/data/.$name.used"
  exec 8>"$L/.database.lock"; flock 8
  if [ "$(sql "select datistemplate from pg_database where datname='$name'")" != t ]; then
    echo "database: installing the add-on" >&2
    drop_old "$name"
    clone "$new" "$TEMPLATE"
    if ! "$V/bin/python" -m odoo -c "$ODOO_CONF" -d "$new" -i shopify_connector \
        --stop-after-init --no-http --log-level=warn > "$log" 2>&1 8>&-; then
      cat "$log" >&2
      drop "$new"
      echo "database: the add-on can't be installed, see above and $log" >&2
      return 1
    fi
    # Warnings of an install are faults of views or models: show them.
    if grep -E ' (WARNING|ERROR|CRITICAL) ' "$log" >&2; then
      echo "database: the installation warns, see above" >&2
    fi
    drop "$name"
    sql "alter database \"$new\" rename to \"$name\""
    mv "$F/$new" "$F/$name"
    sql "alter database \"$name\" is_template true"
  fi
  flock -u 8
  echo "$name"
}

case ${1:-} in
  installed) installed ;;
  clone) [ $# -ge 2 ] || { sed -n 2,9p "$0" >&2; exit 2; }; clone "$2" "${3:-$TEMPLATE}" ;;
  drop) [ $# -eq 2 ] || { sed -n 2,9p "$0" >&2; exit 2; }; drop "$2" ;;
  *) sed -n 2,9p "$0" >&2; exit 2 ;;
esac
