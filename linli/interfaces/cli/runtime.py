"""What every command shares: the data folder, the running database, Django, and how errors are said."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from linli.kernel.invariants import Finding

DATA_ENV = "LINLI_DATA"
Function = Callable[..., Any]


def data_option(function: Function) -> Function:
    """Give a command ``--data DIR`` (else LINLI_DATA, else ./data); the value is put where the settings look."""

    def remember(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
        os.environ[DATA_ENV] = str(Path(value).absolute())
        return value

    return click.option(
        "--data",
        default=lambda: os.environ.get(DATA_ENV, "data"),
        show_default="$LINLI_DATA, else ./data",
        metavar="DIR",
        callback=remember,
        expose_value=False,
        is_eager=True,
        help="Folder that holds everything: database, files, secrets.",
    )(function)


def terminal_language() -> str:
    """The language that the terminal asks for (LC_ALL, LC_MESSAGES, LANG): Chinese, or else English, as the help is written."""
    asked = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    return "zh-hans" if asked.lower().startswith("zh") else "en"


def in_terminal_language(text: str) -> str:
    """``text`` in the language of the terminal: what refusals, problems and findings are said through."""
    from django.utils.translation import gettext, override

    with override(terminal_language()):
        return gettext(text)


def data_folder() -> Path:
    return Path(os.environ[DATA_ENV])


def start_django(role: str = "app") -> None:
    """Load the settings and the apps; the database need not run yet."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "linli.config.settings")
    os.environ["LINLI_DB_ROLE"] = role
    import django

    django.setup()


@contextlib.contextmanager
def running_database(*, make: bool = False) -> Iterator[None]:
    """Run the embedded database while the block lasts (nothing to do with DATABASE_URL).

    Raises:
        click.ClickException: the folder was never initialised (unless ``make``), or the database does not start.
    """
    from linli.kernel.embedded import Cluster, DatabaseUnavailable

    if "DATABASE_URL" in os.environ:
        yield
        return
    folder = data_folder()
    if not make and not (folder / "postgres" / "cluster").exists():
        raise click.ClickException(f"{folder} holds no Linli data yet. First: linli init --data {folder}")
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(Cluster(folder).use())
        except DatabaseUnavailable as error:
            raise click.ClickException(str(error)) from None
        yield


def with_database(function: Function) -> Function:
    """Run a command with the database running and Django ready, and say refusals in one line."""

    @data_option
    @functools.wraps(function)
    def run(*arguments: Any, **options: Any) -> Any:
        with running_database():
            start_django()
            with said_in_one_line():
                return function(*arguments, **options)

    return run


@contextlib.contextmanager
def said_in_one_line() -> Iterator[None]:
    """Turn refusals and common failures into one clear line on standard error and exit code 1."""
    from django.db import OperationalError, ProgrammingError

    from linli.kernel.refusal import Refusal

    try:
        yield
    except Refusal as refusal:
        raise click.ClickException(refusal.sentence(in_terminal_language)) from None
    except OperationalError as error:
        raise click.ClickException(f"The database cannot be used: {str(error).strip().splitlines()[0]}") from None
    except ProgrammingError as error:
        if "does not exist" in str(error):
            raise click.ClickException("The database is not set up for this version. First: linli init, or linli upgrade.") from None
        raise


def end_where_broken(findings: Iterable[Finding]) -> None:
    """Say which invariants do not hold, and by what; end with exit code 3 where there is one."""
    broken = False
    for finding in findings:
        broken = True
        line(f"BROKEN ({finding.count}): {finding.statement}")
        for offending in finding.ids:
            line(f"  {offending}")
    if broken:
        raise SystemExit(3)


def line(text: str = "") -> None:
    """Print one line and let it be seen at once, even through a pipe."""
    click.echo(text)
    sys.stdout.flush()
