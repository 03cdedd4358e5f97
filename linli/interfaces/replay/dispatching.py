"""A dispatcher beside a replay: ``python -m linli.interfaces.replay.dispatching``; ends when its standard input does."""

from __future__ import annotations

import os
import sys
import threading

import django


def main() -> None:
    """Dispatch events until whoever started this closes the pipe, or is gone."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "linli.config.settings")
    django.setup()
    from linli.kernel.events.tasks import run_dispatcher

    stop = threading.Event()

    def wait() -> None:
        sys.stdin.buffer.read()
        stop.set()

    threading.Thread(target=wait, daemon=True).start()
    run_dispatcher(stop)


if __name__ == "__main__":
    main()
