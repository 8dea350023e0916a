#!/bin/bash
# The test suite in its three parts, each in a pytest of its own:
#
#   unit       pure: no Odoo, no database
#   odoo       in one Odoo process, on a database of its own
#   processes  Odoo servers with the job runner as processes, watched from outside
#
#   test.sh unit|odoo|processes|all [arguments of pytest]
#
# LONG=1 runs the tests marked "long" and no others. Passes when everything selected
# passed and something was selected at all.
set -uo pipefail
unset PYTHONDONTWRITEBYTECODE PYTEST_ADDOPTS

ROOT=$(cd "$(dirname "$0")/.." && pwd); cd "$ROOT"
L=${L:-$ROOT/.local}
# shellcheck source=/dev/null
. "$L/env"
part=$1; shift
MARK="not long"; [ -z "${LONG:-}" ] || MARK=long
NOTHING_SELECTED=5
DATABASE=
trap '[ -z "$DATABASE" ] || scripts/database.sh drop "$DATABASE"' EXIT
trap 'exit 130' INT TERM

# Without the plug-in that starts Odoo, whose options are in pyproject.toml.
plain() { "$V/bin/python" -m pytest -q -p no:odoo -o addopts= -m "$MARK" "$@" </dev/null; }

unit() {
  echo "== unit"
  plain tests/core tests/api tests/contract tests/emulator "$@"
}

odoo() {
  local template
  echo "== odoo"
  template=$(scripts/database.sh installed) || return 1
  DATABASE=test_$$
  scripts/database.sh clone "$DATABASE" "$template" || return 1
  "$V/bin/python" -m pytest -q --odoo-database="$DATABASE" -m "$MARK" "$@" </dev/null
}

processes() {
  echo "== processes"
  plain tests/processes "$@"
}

# Each part runs, whatever became of the ones before: one run shows all that is wrong.
codes=()
for each in unit odoo processes; do
  if [ "$part" = all ] || [ "$part" = "$each" ]; then
    "$each" "$@"
    codes+=($?)
  fi
done
[ ${#codes[@]} -gt 0 ] || { sed -n 2,12p "$0" >&2; exit 2; }
selected=
for code in "${codes[@]}"; do
  case $code in
    0) selected=1 ;;
    "$NOTHING_SELECTED") ;;
    *) exit "$code" ;;
  esac
done
[ -n "$selected" ] || { echo "No test was selected." >&2; exit $NOTHING_SELECTED; }
