"""``linli clock``: the program's clock, which a demonstration can move."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import click

from linli.interfaces.cli.runtime import line, with_database

SPAN = re.compile(r"(\d+)\s*(d|h|m|s)")
UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


def parsed_span(text: str) -> timedelta:
    """``3d``, ``1d12h``, ``90m`` as a span.

    Raises:
        click.BadParameter: anything else, and nothing at all.
    """
    bare = text.replace(" ", "")
    parts = SPAN.findall(bare)
    if not parts or "".join(amount + unit for amount, unit in parts) != bare:
        raise click.BadParameter(f"{text!r} is not a span. Write 3d, 1d12h or 90m.")
    return sum((timedelta(**{UNITS[unit]: int(amount)}) for amount, unit in parts), timedelta())


def parsed_instant(text: str) -> datetime:
    """An ISO 8601 instant; without a zone it is taken as UTC.

    Raises:
        click.BadParameter: anything else.
    """
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is not an instant. Write 2026-03-02T09:00+08:00.") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


@click.group()
def clock() -> None:
    """Show or move the program's clock. Deadlines that pass take effect at once, as if the time had gone by."""


@clock.command()
@with_database
def show() -> None:
    """Print the program's time, and how far it stands from the machine's."""
    from linli.kernel.clock.services import machine_now, now

    at = now()
    line(at.isoformat(timespec="seconds"))
    offset = timedelta(seconds=round((at - machine_now()).total_seconds()))
    if offset:
        line(f"the machine's clock {'plus' if offset > timedelta() else 'minus'} {abs(offset)}")


@clock.command()
@click.argument("span", metavar="SPAN")
@with_database
def advance(span: str) -> None:
    """Move the clock forward by SPAN: 3d, 1d12h, 90m. For demonstrations and tests."""
    from linli.kernel.clock.services import set_clock
    from linli.kernel.writing import write

    by = parsed_span(span)
    with write():
        reached = set_clock(by=by)
    line(reached.isoformat(timespec="seconds"))


@clock.command("set")
@click.argument("instant", metavar="ISO|now")
@with_database
def set_(instant: str) -> None:
    """Set the clock to an instant such as 2026-03-02T09:00+08:00, or back to the machine's time with `now`."""
    from linli.kernel.clock.services import machine_now, set_clock
    from linli.kernel.writing import write

    to = machine_now() if instant == "now" else parsed_instant(instant)
    with write():
        reached = set_clock(to=to)
    line(reached.isoformat(timespec="seconds"))
