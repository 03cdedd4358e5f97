"""Which playbook holds, and the one that an open record began with. Safe on the hot path: memory, not a query."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from linli.kernel.epoch.services import Cached
from linli.kernel.playbooks.models import ActivePlaybook, PlaybookVersion
from linli.kernel.playbooks.rules.schema import EffectivePlaybook, Section, registered_sections
from linli.kernel.playbooks.rules.upcasting import upcast
from linli.kernel.refusal import N_, Kind, Refusal


class NoPlaybook(Refusal):
    code = "playbooks.none"
    message = N_("No playbook has been applied yet. First: linli playbook apply NAME")
    kind = Kind.CONFLICT


class UnknownVersion(Refusal):
    code = "playbooks.unknown_version"
    message = N_("There is no such version of a playbook.")
    kind = Kind.MISSING


def _read(version: PlaybookVersion) -> EffectivePlaybook:
    content: dict[str, Any] = upcast(version.content, version.schema)
    sections: dict[str, Section] = {}
    for name, model in registered_sections().items():
        if name in content:
            sections[name] = model.model_validate(content[name])
        else:  # applied before this section existed: its defaults, or none at all where it has no defaults
            with contextlib.suppress(ValidationError):
                sections[name] = model.model_validate({})
    return EffectivePlaybook(version_id=version.id, name=version.name, number=version.number, sections=sections)


@lru_cache(maxsize=128)
def playbook_version(version_id: UUID) -> EffectivePlaybook:
    """That version, as it was applied (versions never change, so it is read once a process).

    Raises:
        UnknownVersion: there is none of that id.
    """
    version = PlaybookVersion.objects.filter(id=version_id).first()
    if version is None:
        raise UnknownVersion
    return _read(version)


def active_version() -> PlaybookVersion:
    """The record of the application that holds: when, by whom, and its content word for word.

    Raises:
        NoPlaybook: none was applied yet.
    """
    version = PlaybookVersion.objects.filter(activeplaybook__id=1).first()
    if version is None:
        raise NoPlaybook
    return version


def _active() -> EffectivePlaybook:
    active = ActivePlaybook.objects.values_list("version_id", flat=True).first()
    if active is None:
        raise NoPlaybook
    return playbook_version(active)


_cached = Cached(_active)


def active_playbook(epoch: int | None = None) -> EffectivePlaybook:
    """The playbook that holds; with an epoch from ``epoch.hold()`` exactly, without one as last committed.

    Raises:
        NoPlaybook: none was applied yet.
    """
    return _cached.get(epoch)


@dataclass(frozen=True, slots=True)
class VersionLine:
    """One application of a playbook: its number here, the author's version, who applied it and when."""

    id: UUID
    number: int
    name: str
    version: str
    applied_by: str
    at: datetime
    holds: bool


def playbook_versions(*, limit: int = 100) -> list[VersionLine]:
    """Every application, the latest first. The rules are no secret: whoever works under them may read them. Two queries."""
    active = ActivePlaybook.objects.values_list("version_id", flat=True).first()
    rows = PlaybookVersion.objects.order_by("-number").values_list("id", "number", "name", "version", "applied_by", "at")[:limit]
    return [VersionLine(*row, holds=row[0] == active) for row in rows]
