"""Reporting: the one way in, for a single report, a gateway, a batch of the hot lane and the replay of a year."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from linli.engines.matters.events import MatterEvent, MatterReported
from linli.engines.matters.models import Matter, Report
from linli.engines.matters.rules import words
from linli.engines.matters.rules.classes import DeskClass
from linli.engines.matters.rules.clocks import next_wake
from linli.engines.matters.rules.form import check_answers, check_details
from linli.engines.matters.rules.intake import Contact, ReportRequest, begin, cell_of, check
from linli.engines.matters.services import rows
from linli.engines.matters.services.erasing import REPORTER_ACTOR
from linli.engines.matters.services.frame import Frame, held_frame, placed
from linli.kernel.access.rules import Actor, ActorKind
from linli.kernel.audit.services import Entry, record
from linli.kernel.clock.services import machine_now
from linli.kernel.events.services import publish
from linli.kernel.files.rules import FileOwner
from linli.kernel.files.services import attach_files
from linli.kernel.ids import new_id
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.rows import insert_rows, together
from linli.kernel.sealing import fingerprint, seal

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U
CONTACT = "matters.contact"  # purpose of the seal
FILE_OWNER = "matter"  # what its photos and documents belong to

MATTER_COLUMNS = (
    *rows.CASE_COLUMNS,
    "code", "kind", "lon", "lat", "cell", "address", "text", "public_text", "source", "urgent", "recorded_at", "wake_at",
)  # fmt: skip
REPORT_COLUMNS = (
    "id", "code", "matter", "first_matter", "source", "sender", "key", "user", "anonymous", "contact", "phone_fingerprint", "email_fingerprint",
    "language", "text", "details", "at", "recorded_at",
)  # fmt: skip
_KEY = REPORT_COLUMNS.index("key")
_FILES = 7_241_011  # advisory lock class of keys that files hang on


@dataclass(frozen=True, slots=True)
class ReportReceipt:
    """What the reporter is told at once.

    Attributes:
        code: the matter's public number. ``tracking``: the reporter's own code.
        emergency: number to call now, or empty.
        repeated: the same key was handed in before; this is the first receipt again.
    """

    matter_id: UUID
    code: str
    tracking: str
    post_id: UUID
    area_path: str
    placing: str
    due_at: datetime
    emergency: str = ""
    repeated: bool = False


class MayNotReportFor(Refusal):
    code = "matters.may_not_report_for"
    message = N_("Only a desk or a gateway may report for somebody else, for an earlier time or with a deadline of its own.")
    kind = Kind.FORBIDDEN


def report_matters(requests: Sequence[ReportRequest], *, actor: Actor, at: datetime) -> list[ReportReceipt | Refusal]:
    """Take in reports; each gets a receipt or a refusal, in order. Refused ones write nothing.

    Runs in constant queries, whatever the number of reports. Two requests with one key give one matter, in one batch, in
    two, or in two at once: the second waits for the first and gets its receipt.

    Args:
        actor: who hands them in; the scope of their keys.
        at: now, by the program's clock; no report may lie after it.
    """
    frame = held_frame()
    policy, policy_id = frame.policy, frame.policy_id
    recorded_at = machine_now()
    may_report_for = actor.may("matters.report_for_others")
    of_a_desk = actor.holds("matters.report_for_others")  # of whatever area: it is about the class alone
    _wait_for_files(requests, actor=actor)
    earlier = _earlier_receipts(requests, actor=actor, frame=frame)
    places = placed(requests, frame=frame)
    receipts: list[ReportReceipt | Refusal] = []
    batch = _Batch()
    # Whoever reports for themselves stands in the story as the reporter: their account is on the receipt alone, and can be deleted there.
    teller = REPORTER_ACTOR if actor.kind is ActorKind.USER and not actor.grants else actor.id
    for request, place in zip(requests, places, strict=True):
        if request.key and request.key in earlier:
            receipts.append(earlier[request.key])
            continue
        try:
            known = check(request, now=at, policy=policy)
            if known.by_desk and not of_a_desk:
                raise DeskClass(given=request.class_code)
            if isinstance(place, Refusal):
                raise place
            if not may_report_for and (request.promised is not None or (at - request.at).total_seconds() > 86_400):
                raise MayNotReportFor()
            if request.details:
                check_details(request.details)
            if known.questions and not may_report_for:  # a gateway passes on what it was told
                check_answers(known.questions, request.details)
            case = begin(request, known=known, place=place, ids=(new_id(), new_id()), policy_id=policy_id, policy=policy, world=frame)
            if request.file_ids:
                owner = FileOwner(FILE_OWNER, case.id, case.area_path, case.confidentiality)
                attach_files(actor=actor, at=at, file_ids=request.file_ids, owner=owner)
        except Refusal as refusal:
            receipts.append(refusal)
            continue
        text = words.kept(request.text)
        code, tracking = receipt_codes(request.at)
        batch.matters.append((
            *rows.case_row(case),
            code, known.kind, request.lon, request.lat, cell_of(request.lon, request.lat), words.kept(request.address), text,
            words.public(text) if known.publishes_words else "", request.source, known.urgent, recorded_at, next_wake(case, policy=policy),
        ))  # fmt: skip
        batch.reports.append(report_row(request, actor=actor, matter_id=case.id, tracking=tracking, text=text, recorded_at=recorded_at))
        batch.steps.append(rows.step_row(case, verb="report", from_state="", actor=teller, at=request.at, recorded_at=recorded_at))
        batch.entries.append(rows.audit_entry(case, verb="report", from_state="", actor=teller, at=request.at))
        batch.events.append(rows.event(MatterReported, case, verb="report", from_state="", actor=teller, at=request.at))
        receipt = ReportReceipt(case.id, code, tracking, case.accountable_post_id, case.area_path, case.placing, case.due_at, known.emergency)
        receipts.append(receipt)
        if request.key:
            earlier[request.key] = replace(receipt, repeated=True)
    if batch.store():
        return receipts
    # A neighbour wrote some of the keys meanwhile: its receipts stand, and what was made here for them is left out.
    earlier = _earlier_receipts(requests, actor=actor, frame=frame)
    given = [receipt if isinstance(receipt, Refusal) else earlier.get(request.key, receipt) for request, receipt in zip(requests, receipts, strict=True)]
    batch.leave_out(
        {receipt.matter_id for receipt in receipts if isinstance(receipt, ReportReceipt)}
        - {receipt.matter_id for receipt in given if isinstance(receipt, ReportReceipt)}
    )
    batch.store_rest()
    return given


class _Batch:
    """The rows of new matters, in the same order in each list."""

    def __init__(self) -> None:
        self.matters: list[tuple[Any, ...]] = []
        self.reports: list[tuple[Any, ...]] = []
        self.steps: list[tuple[Any, ...]] = []
        self.entries: list[Entry] = []
        self.events: list[MatterEvent] = []

    def store(self) -> bool:
        """Write all; or, where another write has taken a key, only the reports whose keys were free, and return False."""
        if not self.matters:
            return True
        if any(row[_KEY] is not None for row in self.reports):
            # Reports first, since their keys decide; their matters follow before the transaction ends.
            in_order = sorted(self.reports, key=_key_of)
            if insert_rows(Report, REPORT_COLUMNS, in_order, once=("sender", "key")) < len(in_order):
                return False
            self.store_rest()
            return True
        self.store_rest(self.reports)
        return True

    def store_rest(self, reports: Sequence[tuple[Any, ...]] = ()) -> None:
        """Write all but the reports, unless they are given."""
        with together(len(self.matters) + len(reports) + len(self.steps)):
            insert_rows(Matter, MATTER_COLUMNS, self.matters)
            insert_rows(Report, REPORT_COLUMNS, reports)
            rows.insert_steps(self.steps)
        record(self.entries)
        publish(self.events)

    def leave_out(self, matter_ids: set[UUID]) -> None:
        """Forget what was made for these matters."""
        places = [place for place, event in enumerate(self.events) if event.key not in matter_ids]
        self.matters = [self.matters[place] for place in places]
        self.steps = [self.steps[place] for place in places]
        self.entries = [self.entries[place] for place in places]
        self.events = [self.events[place] for place in places]


def _key_of(row: tuple[Any, ...]) -> str:
    return row[_KEY] or ""


def _wait_for_files(requests: Sequence[ReportRequest], *, actor: Actor) -> None:
    """Let a neighbour with the same key finish first where files hang on it: they can be given once only."""
    keys = sorted({request.key for request in requests if request.key and request.file_ids})
    if keys:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(%s, hashtext(key)) FROM unnest(%s::text[]) AS given (key) ORDER BY key",
                [_FILES, [f"{actor.id} {key}" for key in keys]],
            )


def _earlier_receipts(requests: Sequence[ReportRequest], *, actor: Actor, frame: Frame) -> dict[str, ReportReceipt]:
    """Return the receipts already given for these keys: one query, none when no report has a key."""
    keys = [request.key for request in requests if request.key]
    if not keys:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.key, m.policy, m.class_code, m.id, m.code, r.code, m.accountable_post_id, m.area_path, m.placing, m.due_at"
            " FROM matters_report r JOIN matters_matter m ON m.id = r.matter_id WHERE r.sender = %s AND r.key = ANY(%s)",
            [actor.id, keys],
        )
        found = cursor.fetchall()
    receipts = {}
    for key, policy_id, class_code, matter, code, tracking, post, path, placing, due in found:
        known = frame.policy_of(policy_id).classes.get(class_code)
        receipts[key] = ReportReceipt(matter, code, tracking, post, path, placing, due, known.emergency if known else "", repeated=True)
    return receipts


def receipt_codes(at: datetime) -> tuple[str, str]:
    """Return a public number (day and eight characters) and a tracking code of sixty bits."""
    bits = int.from_bytes(secrets.token_bytes(13), "big")
    number = "".join([_ALPHABET[(bits >> shift) & 31] for shift in range(0, 40, 5)])
    tracking = "".join([_ALPHABET[(bits >> shift) & 31] for shift in range(40, 100, 5)])
    return f"{at:%y%m%d}-{number}", f"{tracking[:4]}-{tracking[4:8]}-{tracking[8:]}"


def report_row(request: ReportRequest, *, actor: Actor, matter_id: UUID, tracking: str, text: str, recorded_at: datetime) -> tuple[Any, ...]:
    contact = phone = email = None
    if request.contact:
        who = request.contact
        contact = seal(orjson.dumps({"name": who.name, "phone": who.phone, "email": who.email}).decode(), purpose=CONTACT)
        phone, email = contact_marks(who)
    return (
        new_id(), tracking, matter_id, matter_id, request.source, actor.id, request.key or None, request.user_id, request.anonymous, contact, phone, email,
        request.language, text, dict(request.details), request.at, recorded_at,
    )  # fmt: skip


def contact_marks(contact: Contact) -> tuple[bytes | None, bytes | None]:
    """The fingerprints by which a telephone number and an e-mail address are found again; None for what is not given."""
    phone = fingerprint(plain_phone(contact.phone), purpose=CONTACT) if contact.phone else None
    return phone, fingerprint(contact.email.strip().lower(), purpose=CONTACT) if contact.email else None


def plain_phone(phone: str) -> str:
    """Return the digits that name a telephone, without a country's prefix of China, spaces and signs."""
    digits = "".join(character for character in phone if character.isdigit())
    return digits.removeprefix("0086").removeprefix("86") if len(digits) > 11 else digits
