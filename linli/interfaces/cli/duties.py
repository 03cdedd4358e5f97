"""``linli duties``: the invariants over the whole database; deriving and the clocks by hand."""

from __future__ import annotations

import click

from linli.interfaces.cli.runtime import end_where_broken, line, with_database


@click.group()
def duties() -> None:
    """Check duties; derive them, or run their clocks, by hand."""


@duties.command()
@with_database
def check() -> None:
    """State the invariants over every duty, shift and patrol; exit code 3 with the offending ids when one does not hold."""
    from linli.engines.duties.patrols.selectors.check import broken_invariants as broken_patrols
    from linli.engines.duties.selectors.check import broken_invariants, how_many
    from linli.engines.duties.shifts.selectors.check import broken_invariants as broken_shifts
    from linli.kernel.access.rules import SYSTEM
    from linli.kernel.clock.services import now

    at = now()
    found = [*broken_invariants(actor=SYSTEM, at=at), *broken_shifts(actor=SYSTEM, at=at), *broken_patrols(actor=SYSTEM, at=at)]
    end_where_broken(found)
    begun, still_open, planned = how_many()
    line(f"{begun:,} duties have begun, {still_open:,} of them are open: each has one post and one present person; {planned:,} are planned.")


@duties.command()
@with_database
def derive() -> None:
    """Derive what is due on the horizon; the running program does it by itself."""
    from linli.engines.duties.tasks import derive_due

    done = derive_due()
    line(f"{done.made:,} made, {done.changed:,} changed, {done.gone:,} taken away.")


@duties.command()
@with_database
def sweep() -> None:
    """Begin, hand on and miss what is due; the running program does it by itself every second."""
    from linli.engines.duties.tasks import sweep as run
    from linli.engines.duties.tasks import watch_holders

    line(f"{run():,} duties moved, {watch_holders():,} passed to another person.")
