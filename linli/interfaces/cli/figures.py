"""``linli figures``: the counts behind the dashboard."""

from __future__ import annotations

import click

from linli.interfaces.cli.runtime import line, with_database


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def figures() -> None:
    """Funnel, rates and clocks, and the roll-ups that they are read from."""


@figures.command()
@with_database
def show() -> None:
    """Print the figures of the whole territory as they stand."""
    from linli.interfaces.replay.summary import figures_lines
    from linli.kernel.clock.services import now

    for text in figures_lines(at=now()):
        line(text)


@figures.command()
@with_database
def rebuild() -> None:
    """Count every day anew from the facts. Safe at any time; the dashboard goes on meanwhile."""
    from linli.insight.tasks import rebuild_figures

    line(f"{rebuild_figures():,} days counted.")
