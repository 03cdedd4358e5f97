#!/bin/sh
# Every check, then every test in parallel (neighbours on one worker: they share what is dear to make). Arguments go to pytest. The last line is pytest's; the exit code counts both.
#   LINLI_CHROMIUM        a Chromium to use for the browser tests
#   LINLI_TEST_PROCESSES  how many tests run at once (default: one a core, eight at most)
cd "$(dirname "$0")/.." || exit 2
unset LINLI_DATA LINLI_DB_ROLE LINLI_DEMO DATABASE_URL DATABASE_OWNER_URL DATABASE_DIRECT_URL  # tests have a database of their own

# What only the tests need from the system. Not every distribution has the first of the two browsers.
browser() { .venv/bin/python -c 'from scripts.browser import chromium; raise SystemExit(chromium() is None)'; }
fonts() { fc-list :lang=zh 2>/dev/null | grep -q .; }
install() { DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends "$@" </dev/null >/dev/null 2>&1; }
if ! { browser && fonts; } && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "→ Installing what the browser tests need"
  apt-get -qq update </dev/null >/dev/null 2>&1
  browser || install chromium-headless-shell || install chromium
  fonts || install fonts-wqy-microhei fontconfig
fi
{ browser && fonts; } || echo "The browser tests need: apt-get install chromium-headless-shell fonts-wqy-microhei fontconfig (or set LINLI_CHROMIUM to a Chromium)" >&2

sh scripts/check.sh && LINLI_CHECKS=passed || LINLI_CHECKS=failed
export LINLI_CHECKS
processes=${LINLI_TEST_PROCESSES:-$(.venv/bin/python -c 'import os; print(min(8, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1))')}
.venv/bin/python -m pytest -n "$processes" --dist worksteal "$@"
code=$?
[ "$code" -ne 0 ] || [ "$LINLI_CHECKS" = passed ] || code=1
exit "$code"
