"""``linli keys``: master keys of what lies sealed, and their rotation."""

from __future__ import annotations

import click

from linli.interfaces.cli.runtime import line, with_database


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def keys() -> None:
    """The master key under which the keys of care cases lie."""


@keys.command()
@with_database
def show() -> None:
    """Print which master key is the newest, and how many case keys still lie under an older one."""
    from linli.domains.care.services.keys import keys_left
    from linli.kernel.sealing import newest_key

    line(f"Newest master key: {newest_key()}. Case keys under an older one: {keys_left()}.")


@keys.command()
@click.option("--batch", default=200, show_default=True, type=click.IntRange(1, 5000), help="Case keys a transaction.")
@with_database
def rotate(batch: int) -> None:
    """Make a new master key and wrap every case key under it.

    Broken off in the middle nothing is lost: both keys are held, each case opens under its own, and the same command goes on
    where it stopped, without making another key. Old keys stay in the secrets for backups and for what else was sealed under them.
    """
    from uuid import UUID

    from linli.domains.care.services.keys import keys_left, rewrap_keys
    from linli.kernel.access.rules import Actor
    from linli.kernel.clock.services import now
    from linli.kernel.sealing import add_master_key, newest_key
    from linli.kernel.writing import write

    actor = Actor.system("keys")
    left = keys_left()
    if left:
        line(f"A rotation to {newest_key()} was begun before; {left} case keys are left.")
    else:
        line(f"New master key: {add_master_key()}.")
    after: UUID | None = None
    done = 0
    while True:
        with write():
            after, changed = rewrap_keys(actor=actor, at=now(), after=after, most=batch)
        done += changed
        if after is None:
            break
    line(f"{done} case keys wrapped under {newest_key()}. Keep a copy of the folder secrets.")
