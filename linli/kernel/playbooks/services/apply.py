"""Applying a playbook: from then on the program obeys it; what is open finishes under the version that it began with."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Max

from linli.kernel.actor import Asking
from linli.kernel.audit import services as audit
from linli.kernel.clock.services import machine_now
from linli.kernel.epoch import services as epoch
from linli.kernel.events import services as events
from linli.kernel.playbooks.events import PlaybookApplied
from linli.kernel.playbooks.models import ActivePlaybook, PlaybookVersion
from linli.kernel.playbooks.rules.upcasting import SCHEMA
from linli.kernel.playbooks.services.load import LoadedPlaybook
from linli.kernel.refusal import N_, Kind, Refusal

APPLY = "playbooks.apply"  # declared in linli.config.wiring: access stands on this room


class AlreadyApplied(Refusal):
    code = "playbooks.already_applied"
    message = N_("This playbook holds already, word for word: %(name)s, application %(number)s.")
    kind = Kind.CONFLICT


def apply_playbook(*, actor: Asking, at: datetime, playbook: LoadedPlaybook) -> PlaybookVersion:
    """Freeze the playbook as the next version and make it the one that holds.

    Two applications at once take turns. Going back to an earlier content is a new version like any other.

    Raises:
        Forbidden: the actor may not apply playbooks everywhere.
        AlreadyApplied: the content is that of the version that holds.
    """
    actor.require(APPLY)
    epoch.bump()  # first: whoever else applies waits here, and no write is decided on the old playbook any more
    before = PlaybookVersion.objects.filter(activeplaybook__id=1).first()
    if before is not None and before.digest == playbook.digest:
        raise AlreadyApplied(name=before.name, number=before.number)
    number = (PlaybookVersion.objects.aggregate(newest=Max("number"))["newest"] or 0) + 1
    version = PlaybookVersion.objects.create(
        number=number,
        name=playbook.name,
        version=playbook.meta.version,
        schema=SCHEMA,
        content=dict(playbook.content),
        digest=playbook.digest,
        applied_by=actor.id,
        at=at,
        recorded_at=machine_now(),
    )
    ActivePlaybook.objects.update_or_create(id=1, defaults={"version": version})
    audit.record(
        [
            audit.Entry(
                at=at,
                actor=actor.id,
                action="playbooks.apply",
                subject_type="playbook",
                subject=version.id,
                from_state=str(before.number) if before else "",
                to_state=str(number),
                details={"name": version.name, "version": version.version, "digest": version.digest},
            )
        ]
    )
    events.publish([PlaybookApplied(key=version.id, at=at, number=number, name=version.name)])
    return version
