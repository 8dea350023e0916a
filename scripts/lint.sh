#!/bin/bash
# Every static check, all of them even if one fails; exit 1 if any did.
set -uo pipefail
ROOT=$(cd "$(dirname "$0")/.." && pwd); cd "$ROOT"
L=${L:-$ROOT/.local}; bin=$L/venv/bin; failed=()
check() { local name=$1; shift; "$@" || failed+=("$name"); }

check "ruff check" "$bin/ruff" check .
check "ruff format (make format mends it)" "$bin/ruff" format --check .
check "layers" "$bin/python" scripts/layers.py
# Without Odoo on the path: pylint would read all of it.
check "pylint-odoo" "$bin/pylint" --rcfile=pyproject.toml --score=n --persistent=n --ignore=tests shopify_connector
if [ ${#failed[@]} -gt 0 ]; then
  printf 'lint: failed: %s\n' "${failed[@]}" >&2
  exit 1
fi
echo "lint: fine"
