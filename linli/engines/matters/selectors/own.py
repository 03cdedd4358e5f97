"""A reporter's own data, for the holder of the tracking code: to see and to take along (PIPL art. 45, GDPR art. 15 and 20)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson

from linli.engines.matters.models import Report
from linli.engines.matters.services.report import CONTACT
from linli.engines.matters.services.reporters import NoSuchReceipt, tidy_code
from linli.kernel.access.rules import Actor
from linli.kernel.sealing import unseal


def tracking_of_key(*, actor: Actor, key: str) -> str:
    """The tracking code that this sender's key was answered with, or empty. One query."""
    return Report.objects.filter(sender=actor.id, key=key).values_list("code", flat=True).first() or ""


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
