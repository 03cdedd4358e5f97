#!/bin/sh
# Every check that is not a test. Each one runs, whatever the others say; exit 1 when one of them found something.
cd "$(dirname "$0")/.." || exit 2
PATH="$PWD/.venv/bin:$PATH"; export PATH
failed=""

check() {
  name=$1; shift
  if said=$("$@" 2>&1); then printf '✓ %s\n' "$name"
  else printf '✗ %s\n%s\n' "$name" "$said" | sed '2,$s/^/    /'; failed="$failed $name,"; fi
}

check "lint" ruff check --quiet
check "format" ruff format --quiet --check
check "types" mypy linli scripts
check "walls" lint-imports
check "migrations" env -u DATABASE_URL LINLI_DATA="$PWD/.cache/none" python -W ignore manage.py makemigrations --check --dry-run
check "translations" python scripts/messages.py --check
check "files, locks, rooms, links" python scripts/upkeep.py

[ -z "$failed" ] && exit 0
echo "To mend:${failed%,}" >&2
exit 1
