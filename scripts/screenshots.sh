#!/bin/bash
# Pictures of the running demo's screens. Its browser library lives in a venv of its own,
# beside Odoo's, so that nothing of it gets into Odoo's.
set -euo pipefail
ROOT=$(cd "$(dirname "$0")/.." && pwd); cd "$ROOT"
L=${L:-$ROOT/.local}
# shellcheck source=/dev/null
. "$L/env"
export UV_CACHE_DIR=$L/cache/uv
if [ ! -x "$L/browser/bin/python" ]; then
  echo "screenshots: installing the browser library" >&2
  "$L/boot/bin/uv" venv -q --python python3.11 "$L/browser"
  "$L/boot/bin/uv" pip install -q --python "$L/browser/bin/python" playwright==1.65.2
fi
exec "$L/browser/bin/python" -m scripts.screenshots "$@"
