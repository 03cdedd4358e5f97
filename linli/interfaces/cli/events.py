"""``linli events``: how the outbox stands, and its dead letters."""

from __future__ import annotations

import click

from linli.interfaces.cli.runtime import line, with_database


@click.group()
def events() -> None:
    """The outbox: what waits, what is dead, try it again."""


@events.command()
@with_database
def status() -> None:
    """Count what waits, per handler."""
    from linli.kernel.events.selectors import outbox_status

    found = outbox_status()
    since = f", the oldest since {found.waiting_since:%Y-%m-%d %H:%M:%S}Z" if found.waiting_since else ""
    line(f"{found.waiting:,} events wait to be delivered{since}.")
    for handler in found.handlers:
        unknown = "" if handler.known else " (no such handler in this version)"
        line(f"{handler.name}{unknown}: {handler.retrying} retrying, {handler.behind} behind, {handler.dead} dead")


@events.command()
@click.option("--limit", type=click.IntRange(min=1), default=200, show_default=True)
@with_database
def dead(limit: int) -> None:
    """List dead letters, oldest first."""
    from linli.kernel.access.rules import Actor
    from linli.kernel.events.selectors import dead_letters

    letters = dead_letters(Actor.system("cli"), limit=limit)
    for letter in letters:
        place = f"event {letter.seq} of {letter.key}"
        line(f"{letter.id}  {letter.handler}  {letter.topic}  {place}  {letter.attempts} attempts, {letter.behind} behind: {letter.error}")
    if not letters:
        line("No dead letters.")


@events.command()
@click.argument("ids", nargs=-1, type=int)
@click.option("--handler", default="", help="Only those of this handler.")
@click.option("--all", "everything", is_flag=True, help="All dead letters.")
@with_database
def retry(ids: tuple[int, ...], handler: str, everything: bool) -> None:
    """Have dead letters tried again: those named, or --all, or --handler NAME."""
    from linli.kernel.access.rules import Actor
    from linli.kernel.clock.services import now
    from linli.kernel.events.services import retry_dead_letters
    from linli.kernel.writing import write

    if bool(ids) == (everything or bool(handler)):
        raise click.UsageError("Name dead letters by number, or give --all or --handler.")
    with write():
        revived = retry_dead_letters(actor=Actor.system("cli"), at=now(), ids=ids or None, handler=handler)
    line(f"{revived} will be tried again.")


@events.command()
@click.argument("ids", nargs=-1, type=int, required=True)
@with_database
def drop(ids: tuple[int, ...]) -> None:
    """Give dead letters up: their handler never gets these events, those behind them go on."""
    from linli.kernel.access.rules import Actor
    from linli.kernel.clock.services import now
    from linli.kernel.events.services import drop_dead_letters
    from linli.kernel.writing import write

    with write():
        dropped = drop_dead_letters(actor=Actor.system("cli"), at=now(), ids=ids)
    line(f"{dropped} given up.")
