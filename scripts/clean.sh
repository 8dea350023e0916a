#!/bin/bash
# Stops the private PostgreSQL and deletes the work folder.
set -euo pipefail
ROOT=$(cd "$(dirname "$0")/.." && pwd)
L=${L:-$ROOT/.local}
for pid in $(cat "$L"/demo/*.pid 2>/dev/null || true); do kill "$pid" 2>/dev/null || true; done
for data in "$L/pg/data" "/var/tmp/shopify-connector-$(echo "$L" | sha256sum | cut -c1-12)/data"; do
  if [ -f "$data/postmaster.pid" ]; then
    kill -INT "$(head -1 "$data/postmaster.pid")" 2>/dev/null || true
  fi
  case $data in /var/tmp/*) rm -rf "${data%/data}" ;; esac
done
rm -rf "$L"
