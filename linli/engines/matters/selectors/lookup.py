"""From a public number to the matter, for those who may see it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from linli.engines.matters.selectors.queue import visible
from linli.engines.matters.services.act import NoSuchMatter
from linli.kernel.access.rules import Actor


@dataclass(frozen=True, slots=True)
class Found:
    id: UUID
    version: int
    state: str


def matter_by_code(*, actor: Actor, code: str) -> Found:
    """The matter of a public number. One query.

    Raises:
        NoSuchMatter: none of that number that the actor may see.
    """
    row = visible(actor).filter(code=code).values_list("id", "version", "state").first() if "\0" not in code else None
    if row is None:
        raise NoSuchMatter
    return Found(*row)
