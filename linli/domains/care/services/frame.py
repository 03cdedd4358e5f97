"""What every verb of care shares: the held case, who may, and how it is written down."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from linli.directory.organisation.rules import PostNode
from linli.directory.organisation.selectors import access_roles, organisation
from linli.domains.care.events import CareChanged, CareEnded, CareEvent, CareOpened
from linli.domains.care.models import CareCase, CareHelper, GlassBreak
from linli.domains.care.playbook import WORK
from linli.domains.care.rules.access import LETTERS, Circle, Ground, ground_of
from linli.domains.care.rules.terms import Basis, Terms, check_running
from linli.domains.care.services.visits import derive_visits
from linli.kernel.access.rules import Actor, Confidentiality, contains
from linli.kernel.access.selectors import role_grant
from linli.kernel.audit.services import Entry, record
from linli.kernel.calendar.selectors import working_calendar
from linli.kernel.epoch.services import hold
from linli.kernel.events.services import publish
from linli.kernel.refusal import N_, Kind, Refusal


class NoSuchCase(Refusal):
    code: ClassVar[str] = "care.no_such_case"
    message: ClassVar[str] = N_("There is no such care case, or its content was erased.")
    kind: ClassVar[Kind] = Kind.MISSING


class PostElsewhere(Refusal):
    code: ClassVar[str] = "care.post_elsewhere"
    message: ClassVar[str] = N_("This post does not answer for that area.")
    field: ClassVar[str] = "worker_post"


class PostWithoutCare(Refusal):
    code: ClassVar[str] = "care.post_without_care"
    message: ClassVar[str] = N_("Whoever holds this post does not work on care cases there, and could not read this one.")
    field: ClassVar[str] = "worker_post"


class CaseEnded(Refusal):
    code: ClassVar[str] = "care.ended"
    message: ClassVar[str] = N_("This case has ended.")
    kind: ClassVar[Kind] = Kind.CONFLICT


class CaseChanged(Refusal):
    code: ClassVar[str] = "care.changed_meanwhile"
    message: ClassVar[str] = N_("Somebody changed this case meanwhile. Look at it again.")
    kind: ClassVar[Kind] = Kind.CONFLICT


def today_of(at: datetime) -> date:
    """The day of an instant where the community is."""
    return at.astimezone(working_calendar().zone).date()


def fresh_label() -> str:
    """A pseudonym that says nothing: ``G-7K2M-9QXF`` (关)."""
    drawn = "".join(secrets.choice(LETTERS) for _ in range(8))
    return f"G-{drawn[:4]}-{drawn[4:]}"


def require_work(actor: Actor, area_path: str) -> None:
    """Let somebody pass who works on care cases of that area; the content of a case asks more (:func:`held_case`)."""
    actor.require(WORK, area_path=area_path, confidentiality=Confidentiality.PRIVATE)


def works_on_care(post: PostNode, area_path: str) -> bool:
    """Whether whoever holds a post may work on care cases of that area."""
    role = access_roles().get(post.role, post.role)
    return role_grant(role, post.area_path).allows(WORK, area_path, Confidentiality.PRIVATE)


def answering_post(post_id: UUID, area_path: str) -> UUID:
    """A post that answers for a case of that area from now on. It cannot be retired meanwhile.

    Raises:
        UnknownPost. PostElsewhere: of another area, or retired. PostWithoutCare.
    """
    post = organisation(hold()).post(post_id)
    if post.retired or not contains(post.area_path, area_path):
        raise PostElsewhere
    if not works_on_care(post, area_path):
        raise PostWithoutCare
    return post.id


def circle_of(case: CareCase) -> Circle:
    """The post that answers for a case and its helpers now."""
    helpers = CareHelper.objects.filter(case=case, until=None).values_list("person_id", flat=True)
    return Circle(case.worker_post_id, frozenset(helpers))


def ground_for(actor: Actor, case: CareCase, at: datetime) -> Ground:
    """On what ground the actor may read the case.

    Raises:
        Forbidden: no care worker here. NotYourCase: on none.
    """
    require_work(actor, case.area_path)
    until = GlassBreak.objects.filter(case=case, reader=actor.id, until__gt=at).order_by("-until").values_list("until", flat=True).first()
    return ground_of(circle_of(case), person_id=actor.person_id, post_ids=actor.post_ids, glass_until=until, at=at)


def own_ground(actor: Actor, case: CareCase, at: datetime) -> Ground:
    """On what ground the actor is of the case's own people, who change it, hand it out and erase it; a broken glass only reads.

    Raises:
        Forbidden, NotYourCase.
    """
    require_work(actor, case.area_path)
    return ground_of(circle_of(case), person_id=actor.person_id, post_ids=actor.post_ids, glass_until=None, at=at)


def found_case(case_id: UUID, *, lock: bool = False) -> CareCase:
    """A case whose content is still there.

    Raises:
        NoSuchCase: unknown, or erased.
    """
    rows = CareCase.objects.select_for_update() if lock else CareCase.objects
    case = rows.filter(id=case_id, erased_at=None).first()
    if case is None:
        raise NoSuchCase
    return case


def held_case(actor: Actor, at: datetime, case_id: UUID, version: int | None, *, over: bool = False) -> CareCase:
    """An open case, locked, for somebody of its circle who changes it; one who only broke the glass reads.

    Args:
        over: also one whose consent or term is over: to renew or to end it.

    Raises:
        NoSuchCase, CaseEnded, CaseChanged, Forbidden, NotYourCase; ConsentOver, TermOver.
    """
    case = found_case(case_id, lock=True)
    own_ground(actor, case, at)
    if case.closed_at is not None:
        raise CaseEnded
    if not over:
        check_open(case, at)
    if version is not None and version != case.version:
        raise CaseChanged
    return case


def check_open(case: CareCase, at: datetime) -> None:
    """Let a case pass that is read or changed: one that is still open rests on something today.

    Raises:
        ConsentOver, TermOver.
    """
    if case.closed_at is None:
        check_running(terms_of(case), today=today_of(at))


def terms_of(case: CareCase) -> Terms:
    return Terms(
        Basis(case.basis), case.purpose, case.level, case.review_on, case.ends_on, case.duty, case.consent_given_on, case.consent_until, case.consent_how
    )


def note_down(
    actor: str, at: datetime, case: CareCase, action: str, *, details: Mapping[str, Any] | None = None, before: str = "", after: str = "",
    subject: UUID | None = None,
) -> None:  # fmt: skip
    """The audit entry of something done to a case: its pseudonym, codes and numbers. Of an erased one ``subject`` stands for it."""
    known = case.audit_ref or subject
    if known is not None:
        entry = Entry(at=at, actor=actor, action=f"care.{action}", subject_type="care", subject=known, from_state=before, to_state=after, details=details or {})
        record([entry])


def tell(kind: type[CareOpened | CareChanged | CareEnded], case: CareCase, at: datetime) -> None:
    """Publish what happened to a case; its visits follow in the same write."""
    derive_visits(case, at=at)
    event: CareEvent = kind(key=case.id, at=at, label=case.label, area=case.area_id, area_path=case.area_path, post=case.worker_post_id, level=case.level)
    publish([event])
