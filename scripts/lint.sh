#!/bin/bash
# Every static check, all of them even if one fails; exit 1 if any did.
set -uo pipefail
ROOT=$(cd "$(dirname "$0")/.." && pwd); cd "$ROOT"
L=${L:-$ROOT/.local}; bin=$L/venv/bin; failed=()
check() { local name=$1; shift; "$@" || failed+=("$name"); }

check "ruff check" "$bin/ruff" check .
check "ruff format (make format mends it)" "$bin/ruff" format --check .
check "layers" "$bin/python" scripts/layers.py
# core and api know no Odoo. A model extended in two files is two subjects, kept apart.
check "pylint-odoo" "$bin/pylint" --rcfile=pyproject.toml --score=n --persistent=n \
  --ignore=tests,core,api --disable=consider-merging-classes-inherited shopify_connector
check "README.rst (make docs mends it)" "$bin/python" scripts/readme.py --check
check "docs/reasons.md (make docs mends it)" "$bin/python" scripts/reasons.py --check
if [ ${#failed[@]} -gt 0 ]; then
  printf 'lint: failed: %s\n' "${failed[@]}" >&2
  exit 1
fi
echo "lint: fine"
