"""A reporter's own data, for the holder of the tracking code or of the account: to see and to take along (PIPL art. 45, GDPR art. 15 and 20)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db.models import Q

from linli.engines.matters.models import Report
from linli.engines.matters.rules.intake import Contact
from linli.engines.matters.selectors.public import PublicMatter, as_public
from linli.engines.matters.services.report import CONTACT, contact_marks
from linli.engines.matters.services.reporters import NoSuchReceipt, tidy_code
from linli.kernel.access.rules import Actor, NotSignedIn
from linli.kernel.sealing import unseal


def tracking_of_key(*, actor: Actor, key: str) -> str:
    """The tracking code that this sender's key was answered with, or empty. One query."""
    return Report.objects.filter(sender=actor.id, key=key).values_list("code", flat=True).first() or ""


@dataclass(frozen=True, slots=True)
class OwnReport:
    """One of a reporter's own reports, with the matter as everyone would see it."""

    id: UUID
    tracking: str
    at: datetime
    matter: PublicMatter
    anonymous: bool
    can_rate: bool
    by_contact: bool  # found by the phone number or address it left, not by the account


def own_reports(*, actor: Actor, at: datetime, phone: str = "", email: str = "", limit: int = 200) -> list[OwnReport]:
    """The reports of a signed-in person, the newest first: those of the account, and those that left its phone number or
    e-mail address, which the account has proved to be its own. Three queries whatever their number.

    Raises:
        NotSignedIn.
    """
    if actor.user_id is None:
        raise NotSignedIn
    marks = contact_marks(Contact(phone=phone, email=email))
    mine = Q(user_id=actor.user_id)
    for name, mark in zip(("phone_fingerprint", "email_fingerprint"), marks, strict=True):
        if mark is not None:
            mine |= Q(**{name: mark})
    found = list(Report.objects.select_related("matter").filter(mine).order_by("-at", "-id")[:limit])
    shown = {matter.id: matter for matter in as_public([report.matter for report in found], at=at)}
    return [
        OwnReport(
            report.id, report.code, report.at, shown[report.matter_id], report.anonymous,
            report.matter.closed_at is not None and report.rating is None, report.user_id != actor.user_id,
        )
        for report in found
    ]  # fmt: skip


def contact_left(*, tracking: str) -> Contact:
    """How the holder of a tracking code asked to be told; empty without a name.

    Raises:
        NoSuchReceipt.
    """
    sealed = Report.objects.filter(code=tidy_code(tracking)).values_list("contact", flat=True)
    if not sealed:
        raise NoSuchReceipt()
    given: Mapping[str, str] = orjson.loads(unseal(sealed[0], purpose=CONTACT)) if sealed[0] else {}
    return Contact(given.get("name", ""), given.get("phone", ""), given.get("email", ""))


def own_data(*, at: datetime, tracking: str) -> dict[str, Any]:
    """Everything that is kept of one reporter's report, as plain values. Two queries.

    Raises:
        NoSuchReceipt: no report has this code.
    """
    report = Report.objects.select_related("matter").filter(code=tidy_code(tracking)).first()
    if report is None:
        raise NoSuchReceipt()
    # The place is the first reporter's own; who joined or was merged in gave none, or another one.
    first = Report.objects.filter(matter=report.matter_id).order_by("at", "id").values_list("id", flat=True).first() == report.id
    contact = orjson.loads(unseal(report.contact, purpose=CONTACT)) if report.contact else None
    return {
        "exported_at": at.isoformat(),
        "tracking_code": report.code,
        "matter": report.matter.code,
        "class": report.matter.class_code,
        "state": report.matter.state,
        "reported_at": report.at.isoformat(),
        "channel": report.source,
        "language": report.language,
        "text": report.text,
        "details": report.details,
        "point": {"longitude": report.matter.lon, "latitude": report.matter.lat} if first else None,
        "address": report.matter.address if first else "",
        "anonymous": report.anonymous,
        "contact": contact,
        "contact_purpose": "to tell you the outcome and to ask you back",
        "answer": report.answer,
        "answered_at": report.answered_at.isoformat() if report.answered_at else None,
        "rating": report.rating,
        "solved": report.solved,
        "comment": report.comment,
    }
