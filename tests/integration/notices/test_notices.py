"""Notices: said once, at the right time, and never twice because nobody knows."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from linli.kernel.access.rules import ANONYMOUS, Forbidden, NotSignedIn
from linli.kernel.events.models import OutboxEvent
from linli.kernel.notices import selectors, services
from linli.kernel.notices.models import Notice
from linli.kernel.notices.rules import Channel, Fate, NoticeState, QuietHours, Recipient, Skip, Urgency
from linli.kernel.notices.services import channels, sending
from linli.kernel.writing import NoWrite, write
from tests.integration.notices.made import AT, CODE, HOUR, MOVED, Recorder, clerk, person, reader, send_all, tell

# -- queueing ---------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_notice_goes_by_every_channel_with_an_address(email: Recorder) -> None:
    who = person(email="a@example.org")
    told = tell(who)
    assert told == services.Told((Channel.IN_APP, Channel.EMAIL), {Channel.SMS: Skip.NO_ADDRESS})
    item = selectors.inbox(reader(who))[0]
    assert (item.subject, item.body) == ("QX-1 的消息", "您的 QX-1 有进展。")
    assert selectors.unread_count(reader(who)) == 1
    assert send_all() == 1 and send_all() == 0
    assert [(m.address, m.subject) for m in email.sent] == [("a@example.org", "QX-1 的消息")]
    assert b"example" not in bytes(Notice.objects.get(channel="email").address or b"")


@pytest.mark.django_db
def test_the_same_occasion_is_told_once(email: Recorder) -> None:
    who = person(email="a@example.org")
    tell(who)
    assert tell(who).skipped[Channel.EMAIL] == Skip.DUPLICATE
    with write():
        twice = [services.NoticeRequest(AT, who, MOVED, "other", {"code": "1"})] * 2
        answers = services.notify_many(twice)
    assert [len(answer.queued) for answer in answers] == [2, 0]
    send_all()
    assert len(email.sent) == 2


@pytest.mark.django_db
def test_a_batch_takes_a_constant_number_of_statements(email: Recorder) -> None:
    def batch(size: int, key: str) -> list[services.NoticeRequest]:
        return [services.NoticeRequest(AT, person(email=f"{n}@example.org"), MOVED, key, {"code": n}) for n in range(size)]

    counts = []
    for size in (1, 300):
        with CaptureQueriesContext(connections["default"]) as caught, write():
            services.notify_many(batch(size, f"batch{size}"))
        counts.append(len(caught))
    assert counts[0] == counts[1] and Notice.objects.count() == 602


@pytest.mark.django_db
def test_a_batch_may_have_more_recipients_than_a_statement_has_parameters() -> None:
    refs = [f"person:{number}" for number in range(70_000)]
    assert services.preferences_of(refs) == {}


@pytest.mark.django_db
def test_bad_requests_queue_nothing() -> None:
    who = person()
    good = services.NoticeRequest(AT, who, MOVED, "k", {"code": "1"})
    for bad, refusal in (
        (services.NoticeRequest(AT, who, "test.none", "k", {}), services.UnknownNotice),
        (services.NoticeRequest(AT, who, MOVED, "k", {}), services.MissingValues),
    ):
        with pytest.raises(refusal), write():
            services.notify_many([good, bad])
    with pytest.raises(NoWrite):
        services.notify_many([good])
    assert not Notice.objects.exists()


@pytest.mark.django_db
def test_in_the_demo_nothing_leaves_and_the_outbox_shows_it(email: Recorder, settings: Any) -> None:
    settings.DEMO = True
    tell(person(email="wang@example.org"))
    assert send_all() == 0 and email.sent == []
    page = selectors.outbox(clerk("notices.read_outbox"))
    assert [(item.state, item.address, item.body) for item in page.items] == [(NoticeState.HELD, "w•••@example.org", "您的 QX-1 有进展。")]
    with pytest.raises(Forbidden):
        selectors.outbox(clerk("files.read"))
    with pytest.raises(NotSignedIn):
        selectors.outbox(ANONYMOUS)
    with pytest.raises(NotSignedIn):
        selectors.inbox(ANONYMOUS)


@pytest.mark.django_db
def test_secret_texts_are_hidden_and_forgotten_when_sent(email: Recorder) -> None:
    tell(person(email="a@example.org"), template=CODE, channels=[Channel.EMAIL])
    assert selectors.outbox(clerk("notices.read_outbox")).items[0].body == selectors.HIDDEN
    send_all()
    assert email.sent[0].body == "QX-1"
    assert Notice.objects.get().body == "" and Notice.objects.get().state == NoticeState.SENT


# -- preferences, quiet hours, digests --------------------------------------------------------------------------------


@pytest.mark.django_db
def test_preferences_are_kept_except_for_mandatory_notices(email: Recorder) -> None:
    who = person(email="a@example.org")
    with write():
        services.set_preference(actor=reader(who), at=AT, channel=Channel.EMAIL, wanted=False)
    assert tell(who).skipped[Channel.EMAIL] == Skip.UNWANTED
    assert Channel.EMAIL in tell(who, template=CODE).queued
    with write():
        services.set_preference(actor=reader(who), at=AT, channel=Channel.EMAIL, template=MOVED, wanted=True)
    assert Channel.EMAIL in tell(who, "k2").queued
    assert selectors.preferences(reader(who))[Channel.EMAIL].asked == {MOVED}
    for actor, options, refusal in (
        (reader(who), {"template": CODE, "wanted": False}, services.CannotRefuse),
        (reader(who), {"template": "test.none"}, services.UnknownNotice),
        (reader(who), {"quiet": QuietHours(0, 1440)}, services.BadQuietHours),
        (ANONYMOUS, {}, NotSignedIn),
    ):
        with pytest.raises(refusal), write():
            services.set_preference(actor=actor, at=AT, channel=Channel.EMAIL, **options)  # type: ignore[arg-type]


@pytest.mark.django_db
def test_quiet_hours_hold_back_all_but_urgent_notices(email: Recorder, habits: None) -> None:
    late = AT.replace(hour=23)
    tell(person(email="calm@example.org"), at=late)
    tell(person(email="now@example.org"), at=late, urgency=Urgency.URGENT)
    send_all(late)
    assert [m.address for m in email.sent] == ["now@example.org"]
    send_all(late + 8 * HOUR - timedelta(minutes=1))
    assert len(email.sent) == 1
    send_all(late + 8 * HOUR)
    assert [m.address for m in email.sent] == ["now@example.org", "calm@example.org"]


@pytest.mark.django_db
def test_a_digest_is_one_message(email: Recorder, habits: None) -> None:
    who, single = person(email="a@example.org"), person(email="b@example.org")
    for each in (who, single):
        with write():
            services.set_preference(actor=reader(each), at=AT, channel=Channel.EMAIL, digest=True)
    for number in range(3):
        tell(who, f"k{number}", at=AT + number * HOUR)
    tell(single)
    tell(who, "urgent", urgency=Urgency.URGENT)
    assert send_all(AT + 5 * HOUR) == 1, "only the urgent one"
    morning = AT + 20 * HOUR
    with write():
        assert services.bundle_digests(at=morning) == 4
        assert services.bundle_digests(at=morning) == 0
    assert send_all(morning) == 2
    texts = {m.address: m for m in email.sent[1:]}
    assert texts["a@example.org"].body.count("QX-1 的消息") == 3 and "3" in texts["a@example.org"].subject
    assert texts["b@example.org"].subject == "QX-1 的消息"
    bundle = Notice.objects.get(template="notices.digest")
    assert (bundle.state, bundle.parts.filter(state=NoticeState.BUNDLED).count()) == (NoticeState.SENT, 3)


# -- fates ------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_what_was_not_sent_is_tried_again_with_growing_pauses_and_then_fails(email: Recorder) -> None:
    email.fails = channels.Undelivered(Fate.NOT_SENT, "ConnectError")
    tell(person(email="a@example.org"))
    at, tries = AT, 0
    while Notice.objects.filter(state=NoticeState.QUEUED).exists():
        assert send_all(at) == 1
        assert send_all(at) == 0, "not before its time"
        tries += 1
        at += timedelta(hours=13)
    assert tries == 6
    assert Notice.objects.get(channel="email").state == NoticeState.FAILED
    event = OutboxEvent.objects.get()
    assert (event.topic, event.data["state"], event.data["dedupe_key"]) == ("notices.not_delivered", "failed", "k")


@pytest.mark.parametrize("error", [channels.Undelivered(Fate.UNKNOWN, "ReadTimeout"), ZeroDivisionError("a bug")])
@pytest.mark.django_db
def test_an_unknown_fate_is_flagged_and_not_repeated(email: Recorder, error: Exception) -> None:
    email.fails = error
    tell(person(email="a@example.org"))
    assert send_all() == 1
    email.fails = None
    assert send_all(AT + 100 * HOUR) == 0 and email.sent == []
    assert Notice.objects.get(channel="email").state == NoticeState.UNKNOWN

    notice = Notice.objects.get(channel="email")
    for actor, ids, refusal in (
        (clerk("notices.read_outbox"), [notice.id], Forbidden),
        (clerk("notices.manage"), [notice.id, uuid4()], services.NotResendable),
    ):
        with pytest.raises(refusal), write():
            services.resend_notices(actor=actor, at=AT, notice_ids=ids)
    with write():
        services.resend_notices(actor=clerk("notices.manage"), at=AT, notice_ids=[notice.id])
    assert send_all() == 1 and len(email.sent) == 1


def test_a_sender_that_dies_leaves_an_unknown_fate(committed: str, email: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(person(email="a@example.org"))
    with write():
        claimed = services.claim_notice(at=AT, channel=Channel.EMAIL)
    assert claimed is not None  # the process is killed here, before or after it sent
    with write():
        assert services.flag_cut_short(at=AT) == 0, "the sender may still be at it"
    assert send_all(AT + 100 * HOUR) == 0
    later = sending.machine_now() + timedelta(minutes=11)
    monkeypatch.setattr(sending, "machine_now", lambda: later)
    with write():
        assert services.flag_cut_short(at=AT) == 1
    assert Notice.objects.get(channel="email").state == NoticeState.UNKNOWN
    assert send_all(AT + 100 * HOUR) == 0 and email.sent == []
    with write():  # a sender that was only slow still tells how it ended
        services.settle(at=AT, claimed=claimed, fate=Fate.SENT)
    assert Notice.objects.get(channel="email").state == NoticeState.SENT


def test_two_senders_send_each_notice_once(committed: str, email: Recorder) -> None:
    with write():
        services.notify_many([services.NoticeRequest(AT, person(email=f"{n}@example.org"), MOVED, "k", {"code": n}, [Channel.EMAIL]) for n in range(40)])
    both = threading.Barrier(2)
    failures: list[BaseException] = []

    def sender() -> None:
        try:
            both.wait(10)
            send_all()
        except BaseException as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=sender) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert sorted(m.address for m in email.sent) == sorted(f"{n}@example.org" for n in range(40))
    assert set(Notice.objects.values_list("state", "attempts")) == {("sent", 1)}


def test_two_writers_of_one_occasion_queue_it_once(committed: str, email: Recorder) -> None:
    who = [person(email=f"{n}@example.org") for n in range(20)]
    both = threading.Barrier(2)
    queued: list[int] = []

    def writer(people: list[Recipient]) -> None:
        try:
            requests = [services.NoticeRequest(AT, each, MOVED, "k", {"code": 1}, [Channel.EMAIL]) for each in people]
            both.wait(10)
            with write():
                queued.append(sum(len(told.queued) for told in services.notify_many(requests)))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=writer, args=(people,)) for people in (who, who[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(queued) == 20 and Notice.objects.count() == 20


@pytest.mark.django_db
def test_texts_are_forgotten_in_time_and_the_occasion_is_not(email: Recorder, habits: None) -> None:
    who = person(email="a@example.org")
    tell(who)
    send_all()
    with write():
        assert services.forget_texts(at=AT + timedelta(days=29)) == 0
        assert services.forget_texts(at=AT + timedelta(days=31)) == 2
    assert set(Notice.objects.values_list("subject", "body", "address")) == {("", "", None)}
    assert selectors.inbox(reader(who)) == []
    assert tell(who, at=AT + timedelta(days=40)).queued == ()


@pytest.mark.django_db
def test_reading_is_ones_own(email: Recorder) -> None:
    who = person()
    tell(who)
    item = selectors.inbox(reader(who))[0]
    with write():
        assert services.mark_read(actor=reader(person()), at=AT, notice_ids=[item.id]) == 0
        assert services.mark_read(actor=reader(who), at=AT, notice_ids=[item.id]) == 1
    assert selectors.unread_count(reader(who)) == 0
