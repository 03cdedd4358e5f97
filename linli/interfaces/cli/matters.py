"""``linli matters``: the invariants over the whole database, and the sweep by hand."""

from __future__ import annotations

import click

from linli.interfaces.cli.runtime import end_where_broken, line, with_database


@click.group()
def matters() -> None:
    """Check matters, or run the backstop's sweep by hand."""


@matters.command()
@with_database
def check() -> None:
    """State the invariants over every matter; exit code 3 with the offending ids when one does not hold."""
    from linli.engines.matters.selectors.check import broken_invariants, how_many
    from linli.kernel.access.rules import SYSTEM
    from linli.kernel.clock.services import now

    end_where_broken(broken_invariants(actor=SYSTEM, at=now()))
    total, still_open = how_many()
    line(f"{total:,} matters, {still_open:,} open: each open one has one accountable post with a present holder and a deadline;")
    line("each reporter of an ended one was told.")


@matters.command()
@with_database
def sweep() -> None:
    """Move up what fell due; the running program does it by itself every second."""
    from linli.engines.matters.tasks import sweep as run

    line(f"{run()} matters moved.")
