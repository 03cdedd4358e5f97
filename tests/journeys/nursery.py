"""The program, loaded once and forked for each test: ``python -m tests.journeys.nursery``.

What is forked is what ``linli serve`` starts (``linli.config.web`` and ``linli.config.worker``), past its supervisor; loading it is most
of what a start costs. A line of ``start`` on standard input is answered with the port, a line of ``stop`` when both have ended.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import django

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "linli" / "interfaces" / "templates"


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "linli.config.settings")
    django.setup()
    from linli.config import web, worker
    from linli.interfaces.cli.supervisor import open_socket

    _warm()
    gc.collect()
    gc.freeze()  # what all children share is not touched by their collectors
    children: list[int] = []
    for line in sys.stdin:
        if line.strip() == "start":
            listening = open_socket("127.0.0.1", 0)
            children = [_fork(web.main, str(listening.fileno())), _fork(worker.main)]
            port = listening.getsockname()[1]
            listening.close()
            _say(str(port))
        else:
            for child in children:
                os.kill(child, signal.SIGTERM)
            for child in children:
                os.waitpid(child, 0)
            children = []
            _say("stopped")


def _say(answer: str) -> None:
    sys.stdout.write(f"{answer}\n")
    sys.stdout.flush()


def _warm() -> None:
    """Load what the first request would load: routes, templates, translations. Nothing here opens a connection or starts a thread."""
    from django.conf import settings
    from django.template.loader import get_template
    from django.urls import get_resolver
    from django.utils.translation import gettext, override

    import linli.config.asgi  # noqa: F401

    get_resolver().url_patterns  # noqa: B018 - reading it imports the views
    for path in TEMPLATES.rglob("*.html"):
        get_template(str(path.relative_to(TEMPLATES)))
    for language, _name in settings.LANGUAGES:
        with override(language):
            gettext("Console")


def _fork(run: Callable[[], None], *arguments: str) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        sys.stdin = open(os.devnull)  # noqa: SIM115 - until the process ends
        os.dup2(2, 1)  # standard output is the nursery's answer
        sys.argv = [run.__module__, *arguments]
        run()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
