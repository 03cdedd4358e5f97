"""Which jurisdiction this endpoint serves: one, named by the code or a name of the territory's root, or by the public address."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings

from linli.directory.territory.selectors import ground_or_none
from linli.kernel.refusal import N_, Kind, Refusal


class UnknownJurisdiction(Refusal):
    code = "open311.unknown_jurisdiction"
    message = N_("This endpoint does not serve the jurisdiction “%(given)s”, but “%(served)s”.")
    kind = Kind.MISSING
    field = "jurisdiction_id"


def jurisdiction() -> str:
    """The id of the one jurisdiction served; empty before a territory is imported."""
    land = ground_or_none()
    return land.root.code if land is not None else ""


def require_jurisdiction(given: str) -> None:
    """Let pass the jurisdiction that is served, and a request that names none (allowed where there is one only).

    Raises:
        UnknownJurisdiction: another one.
    """
    if not given:
        return
    land = ground_or_none()
    if land is None:
        return
    wanted = given.strip().casefold()
    host = urlsplit(settings.PUBLIC_URL).hostname or ""
    if wanted not in {land.root.code.casefold(), host.casefold(), *(name.casefold() for name in land.root.names.values())}:
        raise UnknownJurisdiction(given=given[:80], served=land.root.code)
