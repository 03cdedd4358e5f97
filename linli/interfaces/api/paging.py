"""Cursors: where the next page starts, as one opaque text; and the statuses that every operation may answer with."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from linli.interfaces.api.schemas import ConflictOut, RefusalOut
from linli.kernel.refusal import N_, Refusal

Cursor = Annotated[str, Field(max_length=200, description="`next` of the page before")]
Limit = Annotated[int, Field(ge=1, le=200)]
REFUSALS = frozenset({400, 401, 403, 404, 429})


class BadCursor(Refusal):
    code = "api.bad_cursor"
    message = N_("The cursor is not one of this list.")
    field = "after"


def cursor_of(place: tuple[datetime, UUID] | None) -> str | None:
    """The text of a place in a list."""
    return None if place is None else base64.urlsafe_b64encode(f"{place[0].isoformat()}|{place[1]}".encode()).decode().rstrip("=")


def place_of(cursor: str) -> tuple[datetime, UUID] | None:
    """The place that a cursor names; None for an empty one.

    Raises:
        BadCursor: not made by :func:`cursor_of`.
    """
    if not cursor:
        return None
    try:
        when, _, key = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition("|")
        at = datetime.fromisoformat(when)
        if at.tzinfo is None or not 1900 <= at.year <= 2200:
            raise BadCursor
        return at, UUID(key)
    except ValueError:
        raise BadCursor from None


def answers(*good: tuple[int, Any], conflicts: bool = False) -> dict[Any, Any]:
    """What an operation may answer: its own statuses, and a refusal."""
    found: dict[Any, Any] = {**dict(good), REFUSALS: RefusalOut}
    if conflicts:
        found[409] = ConflictOut
    return found
