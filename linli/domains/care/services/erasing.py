"""Erasing a case: its key and everything sealed go; the pseudonym, its days and what it rested on stay and name nobody.

Who read it, in need too, stays on record: erasing a case spares nobody the review.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import F

from linli.domains.care.models import CareCase, CareHelper, CareNote, GlassBreak
from linli.domains.care.playbook import care_policy
from linli.domains.care.rules.terms import Basis, Ending, kept_for
from linli.domains.care.services.cases import CARING, end_case
from linli.domains.care.services.frame import found_case, note_down, own_ground
from linli.domains.care.services.visits import forget_visits
from linli.kernel.access.rules import Actor
from linli.kernel.erasures.services import note_erasures
from linli.kernel.refusal import N_, Kind, Refusal

ERASED = "care.case"  # what the register of erasures calls it


class DutyStands(Refusal):
    code: ClassVar[str] = "care.duty_stands"
    message: ClassVar[str] = N_("This case rests on a statutory duty that still holds. It can be erased when the case has ended.")
    kind: ClassVar[Kind] = Kind.CONFLICT


def erase_on_request(*, actor: Actor, at: datetime, case_id: UUID) -> None:
    """Erase a case because the person asks for it; one that rests on consent ends with it.

    Raises:
        NoSuchCase, Forbidden, NotYourCase: not there, or not the actor's; who only broke the glass reads.
        DutyStands: the law still asks for it.
    """
    case = found_case(case_id, lock=True)
    own_ground(actor, case, at)
    if case.closed_at is None:
        if case.basis == Basis.DUTY:
            raise DutyStands
        end_case(case, actor=actor, at=at, ending=Ending.CONSENT_WITHDRAWN)
    _erase(actor, at, [case])


def erase_due_cases(*, at: datetime, most: int = 200) -> int:
    """Erase the cases whose time has come, by the retention of the playbook that holds now (DECIDED 12); return how many."""
    _follow_retention()
    due = list(CareCase.objects.select_for_update(skip_locked=True).filter(erased_at=None, erase_at__lte=at).order_by("erase_at")[:most])
    _erase(CARING, at, due)
    return len(due)


def _follow_retention() -> None:
    """Closed cases are kept as long as the playbook says now, whatever it said when they were closed."""
    policy = care_policy()
    for ending in Ending:
        wanted = F("closed_at") + kept_for(ending, policy=policy)
        CareCase.objects.filter(erased_at=None, closed_at__isnull=False, ending=ending.value).exclude(erase_at=wanted).update(erase_at=wanted)


def erase_again(ids: Sequence[UUID], at: datetime) -> int:
    """Erase cases that a restored backup has brought back; return how many."""
    found = list(CareCase.objects.select_for_update().filter(id__in=ids, erased_at=None))
    restoring = Actor.system("restore")
    for case in found:
        if case.closed_at is None:
            end_case(case, actor=restoring, at=at, ending=Ending.NO_LONGER_NEEDED)
    _erase(restoring, at, found)
    return len(found)


def _erase(actor: Actor, at: datetime, cases: Sequence[CareCase]) -> None:
    ids = [case.id for case in cases]
    for case in cases:
        note_down(actor.id, at, case, "erase", before="closed", after="erased")
    CareNote.objects.filter(case_id__in=ids).delete()
    GlassBreak.objects.filter(case_id__in=ids).update(reason=None)
    CareHelper.objects.filter(case_id__in=ids).delete()
    emptied: dict[str, Any] = {"key_wrapped": None, "sealed": None, "phone_fingerprint": None, "audit_ref": None, "bell": None, "stays": [], "days": {}}
    CareCase.objects.filter(id__in=ids).update(**emptied, erased_at=at)
    forget_visits(ids, at=at)
    note_erasures(kind=ERASED, subjects=ids, at=at)
