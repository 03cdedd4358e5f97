"""``python -m linli.interfaces.cli.restored FILE``: what a restored database needs before it is used. Run by ``linli restore``.

Erases again what the register in FILE names, and says how the audit chain stands.
"""

from __future__ import annotations

import sys
from pathlib import Path

from linli.interfaces.cli.runtime import line, start_django


def main() -> None:
    start_django()
    from linli.kernel.audit.selectors import verify
    from linli.kernel.clock.services import now
    from linli.kernel.erasures.rules import read_lines
    from linli.kernel.erasures.services import complete_file, replay_erasures
    from linli.kernel.writing import write

    stones, unreadable = read_lines(Path(sys.argv[1]).read_text(errors="replace").splitlines())
    with write():
        found = replay_erasures(stones=stones, at=now())
    again = sum(found.values())
    line(f"Register of erasures: {len(stones)} known, {again} erased again{f', {unreadable} lines not readable' if unreadable else ''}.")
    complete_file()
    checked = verify()
    line(f"Audit chain: {checked.entries:,} entries, " + ("in order." if checked.fault is None else f"BROKEN at {checked.fault}."))


if __name__ == "__main__":
    main()
