"""``linli audit``: check the audit chain, and publish its heads."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TextIO

import click

from linli.interfaces.cli.runtime import line, with_database

FOUND_WRONG = 3  # exit code
_HEAD = re.compile(r"(\d+)\s+([0-9a-fA-F]{64})(\s.*)?")


@click.group()
def audit() -> None:
    """The audit chain: check it, print its heads for keeping elsewhere."""


def _anchors(rows: Iterable[str]) -> dict[int, str]:
    anchors = {}
    for number, row in enumerate(rows, start=1):
        if row.strip() and not row.startswith("#"):
            match = _HEAD.fullmatch(row.strip())
            if match is None:
                raise click.BadParameter(f"line {number}: expected a number and 64 hexadecimal digits", param_hint="--heads")
            anchors[int(match[1])] = match[2]
    return anchors


@audit.command()
@click.option("--since", type=click.IntRange(min=1), metavar="SEQ", help="Trust this link and check what follows it.")
@click.option("--heads", type=click.File(encoding="utf-8"), metavar="FILE", help="Heads kept elsewhere (`linli audit heads`): the chain must still hold them.")
@with_database
def verify(since: int | None, heads: TextIO | None) -> None:
    """Walk the chain and name the first bad entry.

    Finds changed, missing and added entries, and changed, missing and moved links. A chain rewritten to its end, or cut
    off, by somebody who rules the database shows only against heads that were kept elsewhere (--heads). Exit code 3
    when something is wrong.
    """
    from linli.kernel.audit import selectors

    found = selectors.verify(since_seq=since, anchors=_anchors(heads or ()))
    open_doors = selectors.unprotected()
    counted = f"{found.entries:,} entries in {found.links:,} links"
    if found.fault is not None:
        click.echo(f"The chain is broken at {found.fault}. In order before it: {counted}.", err=True)
    else:
        line(f"{counted}: in order ({found.per_second:,.0f} entries a second).")
        if found.head is not None:
            line(f"Head: {found.head.seq} {found.head.hash}")
    for door in open_doors:
        click.echo(f"The database would not refuse changes: {door}.", err=True)
    if found.fault is not None or open_doors:
        raise SystemExit(FOUND_WRONG)


@audit.command()
@with_database
def head() -> None:
    """Print the last link: number, hash, time."""
    from linli.kernel.audit.selectors import head as last

    found = last()
    if found is None:
        raise click.ClickException("The chain is empty: nothing was ever written.")
    line(f"{found.seq} {found.hash} {found.recorded_at:%Y-%m-%dT%H:%M:%S.%fZ}")


@audit.command()
@click.option("--every", type=click.IntRange(min=1), default=1_000, show_default=True, metavar="N", help="One head for so many links.")
@click.option("--after", type=click.IntRange(min=0), default=0, metavar="SEQ", help="Only heads after this link.")
@with_database
def heads(every: int, after: int) -> None:
    """Print heads to keep outside: number, hash, time, one a line; the last link is always among them."""
    from linli.kernel.audit.selectors import heads as all_heads

    for found in all_heads(every=every, after_seq=after):
        line(f"{found.seq} {found.hash} {found.recorded_at:%Y-%m-%dT%H:%M:%S.%fZ}")
