#!/bin/bash
# Brings a machine from "git, make, python3, root" to "ready to run Odoo 19 and every test".
#
# Safe to run again: each step looks first and does nothing when its result is there.
# Everything lands in $L (default .local/, ignored by git); the system gets only missing
# Debian packages. Prints progress on stderr and, as its last line on stdout, the name of
# the template database.
#
#   ODOO_PATH=/path/to/odoo     use this Odoo 19 instead of Debian's package
#   PGHOST, PGPORT, PGUSER ...  use this PostgreSQL instead of a private cluster
set -euo pipefail
unset PYTHONDONTWRITEBYTECODE            # each Odoo start would take twice as long

ROOT=$(cd "$(dirname "$0")/.." && pwd)
L=${L:-$ROOT/.local}
QUEUE_JOB=$(sed -n 's/^odoo-addon-queue-job==//p' "$ROOT/requirements.txt")
SCHEMA_VERSION=2026-10
DEV_MCP=1.16.0
MODULES=sale_management,sale_stock,stock_delivery,account,queue_job
STEP="start"; N=0

say()  { echo "setup: $*" >&2; }
step() { N=$((N + 1)); STEP=$1; say "[$N/9] $1"; }
failed() {
  code=$?
  [ $code -eq 0 ] && return
  say "FAILED in step $N: $STEP"
  say "  What it said is above${LOG:+ and in $LOG}."
  say "  Mend that and run the same command again: finished steps are kept."
  say "  To start from nothing: make clean"
}
trap failed EXIT
as_root() { [ "$(id -u)" = 0 ] || { say "this step needs root: $*"; return 1; }; "$@"; }
apt_updated=
apt_install() {
  [ -n "$apt_updated" ] || { as_root apt-get -qq update; apt_updated=1; }
  DEBIAN_FRONTEND=noninteractive as_root apt-get -qq install -y --no-install-recommends "$@" >&2
}

mkdir -p "$L/cache" "$L/data"
# One set-up at a time: two would unpack into one folder.
exec 9>"$L/.setup.lock"; flock 9
V=$L/venv; A=$L/cache/apt; export UV_CACHE_DIR=$L/cache/uv
# The machine's own certificates: a company's proxy may stand in between.
export UV_SYSTEM_CERTS=${UV_SYSTEM_CERTS:-true} PIP_DISABLE_PIP_VERSION_CHECK=1
key() { sha256sum | cut -c1-12; }

step "Python and command-line tools"
want=()
python3 -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || {
  say "Python 3.11 is needed as python3 (found $(python3 -V))"; exit 1; }
python3 -c 'import ensurepip, venv' 2>/dev/null || want+=(python3-venv)
command -v npm >/dev/null || want+=(npm)
command -v flock >/dev/null || want+=(util-linux)
[ ${#want[@]} -eq 0 ] || apt_install "${want[@]}"
if [ ! -x "$L/boot/bin/uv" ]; then
  python3 -m venv "$L/boot"; "$L/boot/bin/pip" install -q uv
fi

step "Odoo 19.0"
if [ -n "${ODOO_PATH:-}" ]; then
  say "      using $ODOO_PATH"
  [ -d "$ODOO_PATH/odoo" ] || { say "ODOO_PATH must hold the folder odoo/"; exit 1; }
  DIST=$ODOO_PATH
  for bin in "$ODOO_PATH/odoo-bin" "$ODOO_PATH/../../../bin/odoo" "$(command -v odoo || true)"; do
    [ -x "$bin" ] && ODOO_BIN=$bin && break
  done
  [ -n "${ODOO_BIN:-}" ] || { say "no odoo-bin beside ODOO_PATH, no odoo on the path"; exit 1; }
  ODOO_KEY=$(echo "$ODOO_PATH" | key)
else
  DIST=$L/odoo19/usr/lib/python3/dist-packages; ODOO_BIN=$L/odoo19/usr/bin/odoo
  if ! ls "$A"/odoo-19_*.deb "$A"/fonts-font-awesome_*4.7*.deb >/dev/null 2>&1; then
    say "      downloading Debian's odoo-19 (130 MB)"
    mkdir -p "$A"/{parts,lists/partial,archives/partial}
    sources=/etc/apt/sources.list.d/debian.sources
    mirror=$(awk '/^URIs:/{print $2; exit}' $sources 2>/dev/null || true)
    [ -n "$mirror" ] || mirror=$(awk '/^deb /{for(i=2;i<=NF;i++) if ($i ~ /^http/) {print $i; exit}}' /etc/apt/sources.list)
    # apt with a private state: the machine never learns of the suite sid.
    printf 'Types: deb\nURIs: %s\nSuites: sid\nComponents: main\nArchitectures: amd64\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n' \
      "$mirror" > "$A/parts/sid.sources"
    printf '%s\n' 'Dir::Etc::sourcelist "/dev/null";' "Dir::Etc::sourceparts \"$A/parts\";" \
      'Dir::Etc::preferencesparts "/dev/null";' "Dir::State::Lists \"$A/lists\";" "Dir::Cache \"$A\";" \
      "Dir::Cache::archives \"$A/archives\";" 'APT::Sandbox::User "root";' 'Acquire::Languages "none";' > "$A/apt.conf"
    (cd "$A"
     apt-get -c apt.conf -qq update
     apt-get -c apt.conf -qq download odoo-19 libjs-jquery libjs-jquery-form libjs-underscore \
       fonts-montserrat fonts-roboto-unhinted fonts-ocr-b
     # Font Awesome must be the machine's own 4.7: sid's 7.x renamed every icon file.
     apt-get -qq -o APT::Sandbox::User=root download fonts-font-awesome 2>/dev/null ||
       { as_root apt-get -qq update; apt-get -qq -o APT::Sandbox::User=root download fonts-font-awesome; }) >&2
  fi
  if [ ! -f "$L/odoo19/.done" ]; then
    say "      unpacking (1.3 GB)"
    rm -rf "$L/odoo19"; mkdir -p "$L/odoo19"
    for deb in "$A"/*.deb; do dpkg -x "$deb" "$L/odoo19"; done
    # Left out by Debian for its licence, still named in a bundle: every tour fails without it.
    lib=$DIST/odoo/addons/mail/static/lib/selfie_segmentation; mkdir -p "$lib"
    echo '/* left out by Debian */' > "$lib/selfie_segmentation.js"
    touch "$L/odoo19/.done"
  fi
  ODOO_KEY=$(cd "$A"; ls odoo-19_*.deb | key)
fi

step "Python packages"
packages=$(cat "$ROOT/requirements.txt" "$ROOT/scripts/requirements-odoo.txt" "$ROOT/tests/requirements.txt" <(echo "$DIST") | key)
if [ "$(cat "$V/.key" 2>/dev/null)" != "$packages" ]; then
  [ -d "$V" ] || "$L/boot/bin/uv" venv -q --python "$(command -v python3)" "$V"
  pip=("$L/boot/bin/uv" pip install -q --python "$V/bin/python")
  "${pip[@]}" -r "$ROOT/scripts/requirements-odoo.txt" -r "$ROOT/tests/requirements.txt" \
    -r <(grep -v '^odoo-addon-queue-job' "$ROOT/requirements.txt") >&2
  "${pip[@]}" --no-deps "odoo-addon-queue-job==$QUEUE_JOB" >&2
  site=$("$V/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  echo "$DIST" > "$site/odoo19.pth"
  echo "$packages" > "$V/.key"
fi

step "Shopify Admin schema $SCHEMA_VERSION"
SCHEMA=$L/cache/admin_$SCHEMA_VERSION.json.gz
if [ ! -f "$SCHEMA" ]; then
  (cd "$L/cache" && npm pack --silent "@shopify/dev-mcp@$DEV_MCP" >/dev/null
   tar -xzf "shopify-dev-mcp-$DEV_MCP.tgz" --strip-components=3 "package/dist/data/admin_$SCHEMA_VERSION.json.gz"
   rm -f "shopify-dev-mcp-$DEV_MCP.tgz") >&2
  [ -f "$SCHEMA" ]
fi

step "Chromium"
command -v chromium >/dev/null || apt_install chromium

step "PostgreSQL"
if [ -n "${PGHOST:-}" ]; then
  say "      using the server at $PGHOST"
  S=$PGHOST
else
  PGBIN=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
  if [ -z "$PGBIN" ]; then
    mkdir -p /etc/postgresql-common
    echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf
    apt_install postgresql
    PGBIN=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
  fi
  pg() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --init-groups env HOME=/tmp "$@"; else "$@"; fi; }
  P=$L/pg
  # Its own user must reach it, and a socket's path may have 107 characters at most.
  if [ ${#P} -gt 75 ] || ! pg test -x "$L"; then P=/var/tmp/shopify-connector-$(echo "$L" | key); fi
  D=$P/data; S=$P/sock; LOG=$P/server.log
  if [ ! -f "$D/PG_VERSION" ]; then
    say "      making a private cluster in $P"
    mkdir -p "$D" "$S"
    [ "$(id -u)" != 0 ] || chown -R postgres: "$P"
    pg "$PGBIN/initdb" -D "$D" -U odoo --auth-local=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync >/dev/null
    printf '%s\n' "listen_addresses=''" "unix_socket_directories='$S'" fsync=off synchronous_commit=off \
      full_page_writes=off wal_level=minimal max_wal_senders=0 max_wal_size=4GB shared_buffers=1GB \
      work_mem=32MB jit=off max_connections=200 >> "$D/postgresql.conf"
  fi
  mkdir -p "$S"; [ "$(id -u)" != 0 ] || chown postgres: "$S"
  pg "$PGBIN/pg_ctl" -D "$D" status >/dev/null 2>&1 ||
    pg "$PGBIN/pg_ctl" -D "$D" -l "$LOG" -w start >/dev/null 9>&-
  export PGHOST=$S PGUSER=odoo
  LOG=
fi
sql() { psql -d postgres -Atqc "$1"; }

step "Configuration"
{
  printf '%s\n' '[options]' "db_host = $S" "db_user = ${PGUSER:-odoo}"
  [ -z "${PGPORT:-}" ] || echo "db_port = $PGPORT"
  [ -z "${PGPASSWORD:-}" ] || echo "db_password = $PGPASSWORD"
  printf '%s\n' "data_dir = $L/data" "addons_path = $ROOT" 'http_interface = 127.0.0.1' 'list_db = False'
} > "$L/odoo.conf"
{
  printf '%s\n' "export L=$L V=$V PGHOST=$S PGUSER=${PGUSER:-odoo}" \
    "export ODOO_BIN=$ODOO_BIN SHOPIFY_SCHEMA=$SCHEMA ODOO_CONF=$L/odoo.conf"
} > "$L/env"

step "Template database ($MODULES)"
T=tpl_$(echo "$ODOO_KEY $MODULES $QUEUE_JOB 2" | key); F=$L/data/filestore
made() { [ "$(sql "select datistemplate from pg_database where datname='$T'")" = t ] && [ -d "$F/$T" ]; }
if ! made; then
  # On a server that others use it may be there without its files.
  sql "alter database $T is_template false" 2>/dev/null || true
  sql "drop database if exists $T" 2>/dev/null; mkdir -p "$F"; rm -rf "${F:?}/$T"
  if [ -f "$L/cache/$T.dump" ] && [ -f "$L/cache/$T.tar" ]; then
    say "      restoring from the cache"
    createdb "$T"; pg_restore -j2 -d "$T" "$L/cache/$T.dump"; tar -C "$F" -xf "$L/cache/$T.tar"
  else
    say "      installing the base modules once, about a minute"
    LOG=$L/template.log
    "$V/bin/python" -m odoo -c "$L/odoo.conf" --addons-path= -d "$T" -i "$MODULES" \
      --stop-after-init --no-http --log-level=warn > "$LOG" 2>&1 9>&-
    # Web bundles compiled once, or each tour and each first page compiles them anew.
    "$V/bin/python" -m odoo shell -c "$L/odoo.conf" --addons-path= -d "$T" --no-http --log-level=warn >> "$LOG" 2>&1 9>&- <<'PY'
bundle = env["ir.qweb"]._get_asset_bundle
bundle("web.assets_web", css=True, js=False, assets_params={}).css()
bundle("web.assets_web", css=False, js=True, assets_params={}).js()
bundle("web.assets_tests", css=False, js=True, assets_params={}).js()
env.cr.commit()
PY
    pg_dump -Fc -f "$L/cache/$T.dump.new" "$T"; tar -C "$F" -cf "$L/cache/$T.tar" "$T"
    mv "$L/cache/$T.dump.new" "$L/cache/$T.dump"
    LOG=
  fi
  sql "alter database $T is_template true"
fi
echo "export TEMPLATE=$T" >> "$L/env"

step "Ready"
echo "$T"
