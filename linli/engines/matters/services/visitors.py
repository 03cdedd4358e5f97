"""What a visitor of the public portal hands in: a report with its photos, or a “me too”, within the playbook's limits on one visitor."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from linli.engines.matters.models import Matter, Report
from linli.engines.matters.rules.intake import ReportRequest
from linli.engines.matters.services.act import NoSuchMatter
from linli.engines.matters.services.frame import held_frame
from linli.engines.matters.services.report import FILE_OWNER, ReportReceipt, report_matters
from linli.engines.matters.services.reporters import join_matter
from linli.kernel.access.rules import Actor, Confidentiality
from linli.kernel.access.services.limits import take
from linli.kernel.files.rules import FileOwner
from linli.kernel.files.services import Examined, Stored, attach_files, store_file
from linli.kernel.refusal import N_, Kind, Refusal

PHOTO = "report_photo"  # their purpose
HOUR = timedelta(hours=1)
PHOTOS_PER_REPORT = 5
LOOK_UPS_PER_HOUR = 30


class TooManyReports(Refusal):
    code = "matters.too_many_reports"
    message = N_(
        "From your connection %(limit)s reports have come within an hour; more are not taken now. Please send yours a little later. In an emergency, call."
    )
    kind = Kind.LIMIT


class TooManyLookUps(Refusal):
    code = "matters.too_many_look_ups"
    message = N_("Too many codes that do not exist. Please wait a little and check each letter.")
    kind = Kind.LIMIT
    field = "code"


def keep_photos(photos: Sequence[Examined], *, actor: Actor, at: datetime, visitor: bytes) -> list[Stored]:
    """Keep photos of a report that is still being written; what no report takes within a day is discarded.

    Args:
        photos: what ``files.services.examine`` made of the uploads, before the write began.
        visitor: the day's key of the visitor (``limits.visitor_key``).

    Raises:
        TooManyReports: more photos than the visitor's allowed reports could hold.
    """
    limit = held_frame().policy.reports_per_hour
    kept = []
    for photo in photos:
        if not take("portal.photos", visitor, limit * PHOTOS_PER_REPORT, HOUR, at=at):
            raise TooManyReports(limit=limit)
        kept.append(store_file(actor=actor, at=at, content=photo, purpose=PHOTO))
    return kept


def report_as_visitor(request: ReportRequest, *, actor: Actor, at: datetime, visitor: bytes, joining: str = "") -> ReportReceipt:
    """Take in a visitor's report and give its photos (``request.file_ids``) to the matter.

    The same key gives the first receipt again and counts once.

    Args:
        joining: public number of the open matter that this visitor joins (“me too”) instead of beginning another one.

    Raises:
        TooManyReports: the playbook's ``reports_per_hour`` is used up.
        NoSuchMatter, CannotJoin: nothing to join under that number.
        Refusal: the report itself cannot be taken.
    """
    known = Report.objects.select_related("matter").filter(sender=actor.id, key=request.key).first() if request.key else None
    if known is not None:
        return _first_receipt(known)
    limit = held_frame().policy.reports_per_hour
    if not take("portal.reports", visitor, limit, HOUR, at=at):
        raise TooManyReports(limit=limit)
    if joining:
        matter_id = Matter.objects.filter(code=joining).values_list("id", flat=True).first()
        if matter_id is None:
            raise NoSuchMatter()
        receipt = join_matter(request, actor=actor, at=at, matter_id=matter_id)
        if request.file_ids:
            _give_photos(matter_id, request.file_ids, actor=actor, at=at)
    else:
        (result,) = report_matters([request], actor=actor, at=at)
        if isinstance(result, Refusal):
            raise result
        receipt = result
    return receipt


def _first_receipt(report: Report) -> ReportReceipt:
    matter = report.matter
    known = held_frame().policy_of(matter.policy).classes.get(matter.class_code)
    emergency = known.emergency if known else ""
    return ReportReceipt(
        matter.id, matter.code, report.code, matter.accountable_post_id, matter.area_path, matter.placing, matter.due_at, emergency, repeated=True
    )


def _give_photos(matter_id: UUID, file_ids: Sequence[UUID], *, actor: Actor, at: datetime) -> None:
    area_path, confidentiality = Matter.objects.values_list("area_path", "confidentiality").get(id=matter_id)
    attach_files(actor=actor, at=at, file_ids=file_ids, owner=FileOwner(FILE_OWNER, matter_id, area_path, Confidentiality(confidentiality)))


def note_failed_look_up(*, at: datetime, visitor: bytes) -> None:
    """Count a tracking code that does not exist: codes have sixty bits, and nobody is to try.

    Raises:
        TooManyLookUps: more than thirty within an hour.
    """
    if not take("portal.look_ups", visitor, LOOK_UPS_PER_HOUR, HOUR, at=at):
        raise TooManyLookUps()
