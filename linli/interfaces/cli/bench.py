"""``linli bench``: the benchmarks of this checkout; each prints one JSON object on standard output."""

from __future__ import annotations

import contextlib
import importlib
import json
import sys
from pathlib import Path

import click

BENCHES = {
    "intake": "durable reports per second through HTTP, 8 and 64 connections, beside two floors",
    "read": "queue, matter page, map window and dashboard on 1,000,000 matters",
    "replay": "a year of records through the services, matters per second",
    "live": "2,000 live viewers on one server process, event to screen",
    "pages": "pages in a real browser, slowed down to a cheap phone on a weak link",
    "roster": "a week's roster of 60 volunteers for 14 shifts, with its gap to the bound",
    "duties": "a district of duties: a year derived, 35 days stored and derived anew, 500 check-ins handed in",
    "field": "500 check-ins that a phone kept off line, handed in over HTTP",
    "locate": "points per second against 706 grids",
}


@click.command(epilog="  ".join(f"{name}: {text}." for name, text in BENCHES.items()))
@click.argument("name", type=click.Choice(list(BENCHES)))
def bench(name: str) -> None:
    """Measure NAME on data of its own, which is removed afterwards; progress goes to standard error."""
    root = Path(__file__).resolve().parents[3]
    if not (root / "tests" / "bench").exists():
        raise click.ClickException("The benchmarks live in the repository (tests/bench); this is an installation without it.")
    sys.path.insert(0, str(root))
    with contextlib.redirect_stdout(sys.stderr):  # whatever it sets up may talk: standard output is the figures alone
        measured = importlib.import_module(f"tests.bench.{name}").main()
    click.echo(json.dumps(measured, ensure_ascii=False))
