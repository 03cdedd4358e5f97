"""Identifiers: UUIDv7 made in the program, so that rows sort by birth and need no central counter."""

from uuid import UUID

import uuid_utils


def new_id() -> UUID:
    """Return a new UUIDv7."""
    return UUID(int=uuid_utils.uuid7().int)
