#!/bin/bash
# Both halves of the test suite: pure ones, then those on a real Odoo and PostgreSQL.
#
#   test.sh unit|odoo|all [arguments of pytest]
#
# Passes when everything selected passed and something was selected at all.
set -uo pipefail
unset PYTHONDONTWRITEBYTECODE PYTEST_ADDOPTS

ROOT=$(cd "$(dirname "$0")/.." && pwd); cd "$ROOT"
L=${L:-$ROOT/.local}
# shellcheck source=/dev/null
. "$L/env"
half=$1; shift
NOTHING_SELECTED=5
DATABASE=
trap '[ -z "$DATABASE" ] || scripts/database.sh drop "$DATABASE"' EXIT
trap 'exit 130' INT TERM

unit() {
  local folder folders=()
  for folder in core api contract emulator; do
    [ -n "$(find -H "tests/$folder" -name 'test_*.py' -print -quit 2>/dev/null)" ] && folders+=("tests/$folder")
  done
  echo "== pure tests: ${folders[*]}"
  "$V/bin/python" -m pytest -q -p no:odoo -o addopts= -m "not long" "${folders[@]}" "$@" </dev/null
}

odoo() {
  local template
  echo "== tests on Odoo"
  template=$(scripts/database.sh installed) || return 1
  DATABASE=test_$$
  scripts/database.sh clone "$DATABASE" "$template" || return 1
  "$V/bin/python" -m pytest -q --odoo-database="$DATABASE" -m "not long" "$@" </dev/null
}

verdict() {
  local code
  for code in "$@"; do
    case $code in 0|$NOTHING_SELECTED) ;; *) return "$code" ;; esac
  done
  for code in "$@"; do [ "$code" != 0 ] || return 0; done
  echo "No test was selected." >&2
  return $NOTHING_SELECTED
}

case $half in
  unit) unit "$@"; verdict $? ;;
  odoo) odoo "$@"; verdict $? ;;
  all)
    unit "$@"; pure=$?
    odoo "$@"; real=$?
    verdict $pure $real ;;
esac
