"""Sending, one notice at a time: claim it and commit, send it, write what became of it.

Between the two commits the row says *sending*. A sender that dies there leaves it so, and the sweep flags it *unknown*:
it may have arrived, so it is not sent again by itself (DECIDED 8).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from linli.kernel.clock.services import machine_now
from linli.kernel.events.services import publish
from linli.kernel.ids import new_id
from linli.kernel.notices.events import NoticeNotDelivered
from linli.kernel.notices.models import Notice
from linli.kernel.notices.rules import FINAL, TEMPLATES, Channel, Fate, NoticeState, Words, after_attempt, bundled_text, declare_template, one_line, render
from linli.kernel.notices.services.channels import ADAPTERS, Message, Undelivered
from linli.kernel.notices.services.queue import ADDRESS_PURPOSE, section_and_timing
from linli.kernel.sealing import Unreadable, unseal

CUT_SHORT = timedelta(minutes=10)  # longer than any attempt can take
DIGEST_LOCK = 7_241_003  # advisory lock number of the bundler

DIGEST = declare_template(
    "notices.digest",
    places={"count": "how many notices", "list": "the notices, one after the other"},
    zh=Words("{count} 条通知汇总", "以下是您的 {count} 条通知：\n\n{list}", "您有 {count} 条新通知，请登录查看。"),
    en=Words("{count} notices", "Your {count} notices:\n\n{list}", "You have {count} new notices. Sign in to read them."),
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A notice that this sender holds, as it was when claimed."""

    id: UUID
    claim: UUID
    channel: Channel
    attempts: int
    template: str
    address: bytes | None
    subject: str
    body: str


def claim_notice(*, at: datetime, channel: Channel) -> Claimed | None:
    """Take the most urgent due notice of a channel, alone among all senders; None when nothing is due.

    The write must commit before the notice is sent.
    """
    claim = new_id()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE notices_notice SET state = 'sending', attempts = attempts + 1, claim = %s, claimed_at = %s, next_try_at = NULL
            WHERE id = (
                SELECT id FROM notices_notice WHERE state = 'queued' AND NOT digest AND channel = %s AND next_try_at <= %s
                ORDER BY urgency DESC, next_try_at LIMIT 1 FOR UPDATE SKIP LOCKED
            )
            RETURNING id, attempts, template, address, subject, body
            """,
            [claim, machine_now(), channel.value, at],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    identifier, attempts, template, address, subject, body = row
    return Claimed(identifier, claim, channel, attempts, template, bytes(address) if address is not None else None, subject, body)


def send(claimed: Claimed) -> tuple[Fate, str]:
    """Send a claimed notice by its channel's adapter, outside any transaction; return its fate and the reason."""
    try:
        address = unseal(claimed.address, purpose=ADDRESS_PURPOSE) if claimed.address is not None else ""
        ADAPTERS[claimed.channel].send(Message(str(claimed.id), address, claimed.subject, claimed.body))
    except Undelivered as undelivered:
        return undelivered.fate, undelivered.reason
    except Unreadable as unreadable:
        return Fate.REFUSED, unreadable.code
    except Exception as error:  # an adapter's own fault: nobody knows how far it came
        return Fate.UNKNOWN, type(error).__name__
    return Fate.SENT, ""


def settle(*, at: datetime, claimed: Claimed, fate: Fate, reason: str = "") -> NoticeState:
    """Write what became of an attempt; return the notice's state. A notice flagged unknown meanwhile learns its true fate."""
    state, next_try = after_attempt(fate, claimed.attempts, at)
    declared = TEMPLATES.get(claimed.template)
    secret_gone = {"subject": "", "body": "", "forgotten_at": at} if state == NoticeState.SENT and declared is not None and declared.secret else {}
    changed = Notice.objects.filter(id=claimed.id, claim=claimed.claim, state__in=[NoticeState.SENDING, NoticeState.UNKNOWN]).update(
        state=state, next_try_at=next_try, sent_at=at if state == NoticeState.SENT else None, error=one_line(reason, 200), **secret_gone
    )
    if changed and state in (NoticeState.FAILED, NoticeState.UNKNOWN):
        _say_undelivered([claimed.id], at)
    return state


def flag_cut_short(*, at: datetime) -> int:
    """Flag as unknown every notice whose sender has been gone for ten minutes; return how many."""
    cut = list(
        Notice.objects.select_for_update(skip_locked=True)
        .filter(state=NoticeState.SENDING, claimed_at__lt=machine_now() - CUT_SHORT)
        .values_list("id", flat=True)[:1000]
    )
    if cut:
        Notice.objects.filter(id__in=cut).update(state=NoticeState.UNKNOWN, error="cut short")
        _say_undelivered(cut, at)
    return len(cut)


def _say_undelivered(ids: list[UUID], at: datetime) -> None:
    publish(
        [
            NoticeNotDelivered(
                key=row.id, at=at, recipient=row.recipient, channel=row.channel, template=row.template, dedupe_key=row.dedupe_key, state=row.state
            )
            for row in Notice.objects.filter(id__in=ids)
        ]
    )


def bundle_digests(*, at: datetime, most: int = 2_000) -> int:
    """Turn due digest notices into one notice a recipient and channel; return how many were dealt with.

    One that is alone is simply sent. Only one bundler works at a time; another finds nothing to do.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [DIGEST_LOCK])
        if not cursor.fetchone()[0]:
            return 0
    due = Notice.objects.filter(state=NoticeState.QUEUED, digest=True, next_try_at__lte=at).order_by("next_try_at", "id")[:most]
    groups: dict[tuple[str, str], list[Notice]] = defaultdict(list)
    for notice in due:
        groups[notice.recipient, notice.channel].append(notice)
    section, _ = section_and_timing()
    alone: list[UUID] = []
    bundles: list[Notice] = []
    for (recipient, channel), parts in groups.items():
        if len(parts) == 1:
            alone.append(parts[0].id)
            continue
        newest = parts[-1]
        texts = bundled_text([f"{part.subject}\n{part.body}".strip() for part in parts])
        subject, body = render(section.words(DIGEST, newest.language), {"count": len(parts), "list": texts}, Channel(channel))
        bundle = Notice(
            at=at,
            recorded_at=machine_now(),
            recipient=recipient,
            channel=channel,
            template=DIGEST.key,
            dedupe_key=f"digest:{parts[0].id}",
            urgency=max(part.urgency for part in parts),
            language=newest.language,
            address=newest.address,
            subject=subject,
            body=body,
            state=NoticeState.QUEUED,
            next_try_at=at,
        )
        bundles.append(bundle)
    Notice.objects.bulk_create(bundles)
    for bundle in bundles:
        parts = groups[bundle.recipient, bundle.channel]
        Notice.objects.filter(id__in=[part.id for part in parts]).update(state=NoticeState.BUNDLED, bundle=bundle, next_try_at=None)
    Notice.objects.filter(id__in=alone).update(digest=False)
    return sum(len(parts) for parts in groups.values())


def forget_texts(*, at: datetime, most: int = 5_000) -> int:
    """Retention: remove address and text of settled notices older than the playbook's ``keep_days``; return how many.

    The row stays without them, so that an occasion told once is not told again.
    """
    section, _ = section_and_timing()
    old = Notice.objects.filter(at__lt=at - timedelta(days=section.keep_days), forgotten_at=None, state__in=FINAL).order_by("at")[:most]
    ids = list(old.values_list("id", flat=True))
    Notice.objects.filter(id__in=ids).update(subject="", body="", address=None, forgotten_at=at)
    return len(ids)
