"""Publishing and delivering through the outbox: order, exactly once, poison events, dead letters, the tail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from linli.kernel.access.rules import ANONYMOUS, SYSTEM, Actor, ActorKind, Forbidden, NotSignedIn
from linli.kernel.audit.models import AuditEntry
from linli.kernel.audit.services import Entry, record
from linli.kernel.clock.services import set_clock
from linli.kernel.events import services, tasks
from linli.kernel.events.models import PARTITIONS, Delivery, OutboxEvent
from linli.kernel.events.rules import MAX_ATTEMPTS, Tail
from linli.kernel.events.selectors import dead_letters, follow, latest_seq, outbox_status, recent_events
from linli.kernel.events.services import Delivered, Event, NotDead, drop_dead_letters, publish, retry_dead_letters, subscribe
from linli.kernel.events.tasks import dispatch_once, purge_outbox
from linli.kernel.writing import write

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Shape(Event):
    """A base without a topic."""

    number: int = 0


@dataclass(frozen=True, slots=True)
class Drawn(Shape):
    topic: ClassVar[str] = "test_outbox.drawn"


@dataclass(frozen=True, slots=True)
class Painted(Shape):
    topic: ClassVar[str] = "test_outbox.painted"
    colour: Colour = Colour.RED
    by: UUID | None = None
    until: datetime | None = None
    price: Decimal = Decimal("0")
    places: tuple[int, ...] = ()
    names: dict[str, str] = field(default_factory=dict)


@pytest.fixture(autouse=True)
def no_handlers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the test's own handlers."""
    monkeypatch.setattr(services, "_handlers", {})


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[timedelta]]:
    """Moves the machine's time of the dispatcher: ``clock[0] += …``."""
    moved = [timedelta(0)]
    real = tasks.machine_now
    monkeypatch.setattr(tasks, "machine_now", lambda: real() + moved[0])
    yield moved


def handled(number: int, state: str = "") -> Entry:
    """The effect by which the tests see that a handler's work was kept."""
    return Entry(at=AT, actor="system:test", action="handled", subject_type="test", subject=uuid4(), to_state=state, details={"n": number})


class Sink:
    """A handler that remembers what it was given and fails on what it is told to."""

    def __init__(self, name: str = "sink", *types: type[Event]) -> None:
        self.batches: list[list[int]] = []
        self.poison: set[int] = set()
        subscribe(name, *(types or (Drawn,)))(self.handle)

    def handle(self, deliveries: Sequence[Delivered[Any]]) -> None:
        record(
            [Entry(at=AT, actor="system:test", action="handled", subject_type="test", subject=d.event.key, details={"n": d.event.number}) for d in deliveries]
        )
        numbers = [delivery.event.number for delivery in deliveries]
        bad = self.poison.intersection(numbers)
        if bad:
            raise RuntimeError(f"cannot take {min(bad)}")
        self.batches.append(numbers)

    @property
    def numbers(self) -> list[int]:
        return [number for batch in self.batches for number in batch]


def kept() -> list[int]:
    """Numbers whose handling was committed, in order."""
    return [int(entry.details[5:-1]) for entry in AuditEntry.objects.filter(action="handled").order_by("link", "position")]


def draw(*numbers: int, key: UUID | None = None) -> UUID:
    key = key or uuid4()
    with write():
        publish([Drawn(key=key, at=AT, number=number) for number in numbers])
    return key


def dispatch() -> None:
    while dispatch_once():
        pass


@pytest.mark.django_db
def test_a_handler_gets_the_declared_event_back() -> None:
    given = Painted(
        key=uuid4(),
        at=AT,
        number=7,
        by=uuid4(),
        until=AT + timedelta(microseconds=3),
        price=Decimal("1.10"),
        places=(3, 1),
        names={"zh": "邻里", "en": "\u2028"},
    )
    received: list[Delivered[Painted]] = []
    subscribe("sink", Painted)(received.extend)
    with write():
        publish([given])
    dispatch()
    assert [delivery.event for delivery in received] == [given]
    assert received[0].seq == OutboxEvent.objects.get().seq and received[0].recorded_at == OutboxEvent.objects.get().recorded_at
    assert received[0].event.colour is Colour.RED


@pytest.mark.django_db
def test_a_handler_is_told_the_programs_time() -> None:
    received: list[Delivered[Drawn]] = []
    subscribe("sink", Drawn)(received.extend)
    with write():
        set_clock(to=AT)
    draw(1)
    dispatch()
    assert timedelta(0) <= received[0].handled_at - AT < timedelta(minutes=1)


@pytest.mark.django_db
def test_older_events_without_a_new_field_and_with_a_former_one_are_still_read() -> None:
    received: list[Delivered[Painted]] = []
    subscribe("sink", Painted)(received.extend)
    with write():
        publish([Painted(key=uuid4(), at=AT, number=7)])
    OutboxEvent.objects.update(data={"number": 8, "former": 1})
    dispatch()
    assert [delivery.event.number for delivery in received] == [8]


@pytest.mark.django_db
def test_a_base_stands_for_its_kinds_and_others_are_not_delivered() -> None:
    every, drawn = Sink("every", Shape), Sink("drawn", Drawn)
    key = uuid4()
    with write():
        publish([Drawn(key=key, at=AT, number=1), Painted(key=key, at=AT, number=2)])
    dispatch()
    assert (every.numbers, drawn.numbers) == ([1, 2], [1])
    assert not OutboxEvent.objects.filter(done_at=None).exists()


@pytest.mark.django_db
def test_handlers_get_many_events_at_once_in_order() -> None:
    sink = Sink()
    draw(*range(20))
    assert dispatch_once() == 20 and dispatch_once() == 0
    assert sink.batches == [list(range(20))]


@pytest.mark.django_db
def test_events_are_done_when_nobody_wants_them() -> None:
    draw(1)
    dispatch()
    assert outbox_status().waiting == 0


@pytest.mark.django_db
def test_an_event_that_cannot_be_written_fails_where_it_is_published() -> None:
    with write():
        with pytest.raises(TypeError, match="object"):
            publish([Painted(key=uuid4(), at=AT, names={"a": object()})])  # type: ignore[dict-item]
        with pytest.raises(ValueError, match="topic"):
            publish([Shape(key=uuid4(), at=AT)])
        with pytest.raises(ValueError, match="zone"):
            publish([Drawn(key=uuid4(), at=datetime(2026, 1, 5))])
    assert not OutboxEvent.objects.exists()


def test_names_are_taken_once() -> None:
    Sink("one")
    with pytest.raises(ValueError, match="two handlers"):
        subscribe("one", Drawn)(lambda deliveries: None)
    with pytest.raises(ValueError, match="no event"):
        subscribe("none")(lambda deliveries: None)
    with pytest.raises(ValueError, match="two events have the topic"):
        type("Other", (Event,), {"topic": "test_outbox.drawn", "__module__": "elsewhere"})


# -- poison -----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_poison_event_stands_alone_with_the_later_ones_of_its_key_behind_it() -> None:
    sink, other = Sink(), Sink("other")
    sink.poison = {13}
    poisoned = draw(12, 13, 14)
    same_partition = UUID(int=poisoned.int + PARTITIONS)
    draw(1, 2, 3, key=same_partition)
    draw(15, key=poisoned)
    dispatch()
    assert sorted(sink.numbers) == [1, 2, 3, 12], "each once, whatever the halving"
    assert other.numbers == [12, 13, 14, 1, 2, 3, 15], "another handler does not notice"
    assert sorted(kept()) == sorted([*sink.numbers, *other.numbers]), "what a failed try wrote is taken back"
    waiting = {delivery.event.data["number"]: (delivery.attempts, delivery.error) for delivery in Delivery.objects.select_related("event")}
    assert waiting == {13: (1, "RuntimeError: cannot take 13"), 14: (0, ""), 15: (0, "")}
    draw(16, key=poisoned)
    dispatch()
    assert 16 not in sink.numbers, "an event that comes later waits too"


@pytest.mark.django_db
def test_it_is_tried_again_after_a_pause_and_the_others_follow(clock: list[timedelta]) -> None:
    sink = Sink()
    sink.poison = {2}
    draw(1, 2, 3, 4)
    dispatch()
    sink.poison = set()
    dispatch()
    assert sink.numbers == [1], "not before its time"
    clock[0] += timedelta(seconds=6)
    dispatch()
    assert sink.numbers == [1, 2, 3, 4] and not Delivery.objects.exists()
    assert kept() == [1, 2, 3, 4]


def bury(sink: Sink, clock: list[timedelta]) -> None:
    """Fail until nothing is tried any more."""
    for _ in range(MAX_ATTEMPTS):
        dispatch()
        clock[0] += timedelta(hours=1, seconds=1)
    dispatch()


@pytest.mark.django_db
def test_after_the_last_try_it_is_dead_seen_and_revived(clock: list[timedelta]) -> None:
    sink = Sink()
    sink.poison = {2}
    key = draw(1, 2, 3)
    bury(sink, clock)
    (letter,) = dead_letters(SYSTEM)
    assert (letter.handler, letter.topic, letter.key, letter.attempts, letter.error, letter.behind) == (
        "sink", "test_outbox.drawn", key, MAX_ATTEMPTS, "RuntimeError: cannot take 2", 1,
    )  # fmt: skip
    assert (outbox_status().dead, outbox_status().handlers[0].behind) == (1, 1)
    assert AuditEntry.objects.get(action="events.dead").details == f'{{"error":"RuntimeError","handler":"sink","seq":{letter.seq},"topic":"test_outbox.drawn"}}'
    sink.poison = set()
    clock[0] += timedelta(days=30)
    dispatch()
    assert sink.numbers == [1], "the dead wait for a person, and order holds"
    clock[0] = timedelta(0)
    with write():
        assert retry_dead_letters(actor=SYSTEM, at=AT, ids=[letter.id]) == 1
    dispatch()
    assert sink.numbers == [1, 2, 3] and dead_letters(SYSTEM) == []
    assert AuditEntry.objects.get(action="events.retry").subject == key


@pytest.mark.django_db
def test_a_dead_letter_can_be_given_up(clock: list[timedelta]) -> None:
    sink = Sink()
    sink.poison = {2}
    draw(1, 2, 3)
    bury(sink, clock)
    with write():
        assert drop_dead_letters(actor=SYSTEM, at=AT, ids=[dead_letters(SYSTEM)[0].id]) == 1
    dispatch()
    assert sink.numbers == [1, 3] and AuditEntry.objects.filter(action="events.drop").count() == 1


@pytest.mark.django_db
def test_dead_letters_are_not_for_everyone() -> None:
    nobody = Actor(id="user:x", kind=ActorKind.USER)
    for refused, actor in ((Forbidden, nobody), (NotSignedIn, ANONYMOUS)):
        with pytest.raises(refused):
            dead_letters(actor)
        with pytest.raises(refused), write():
            retry_dead_letters(actor=actor, at=AT)
        with pytest.raises(refused), write():
            drop_dead_letters(actor=actor, at=AT, ids=[])


@pytest.mark.django_db
def test_only_the_dead_are_revived() -> None:
    sink = Sink()
    sink.poison = {1}
    draw(1)
    dispatch()
    alive = Delivery.objects.get().id
    with pytest.raises(NotDead), write():
        retry_dead_letters(actor=SYSTEM, at=AT, ids=[alive])
    with write():
        assert retry_dead_letters(actor=SYSTEM, at=AT) == 0


@pytest.mark.django_db
def test_an_event_that_cannot_be_read_is_a_poison_event() -> None:
    sink = Sink()
    draw(1, 2)
    draw(3)
    OutboxEvent.objects.filter(data__number=2).update(data={"number": "many"})
    dispatch()
    assert sorted(sink.numbers) == [1, 3] and Delivery.objects.get().error.startswith("ValidationError")


@pytest.mark.django_db
def test_what_fails_only_at_the_commit_is_isolated_too(clock: list[timedelta], monkeypatch: pytest.MonkeyPatch) -> None:
    """The audit entry of event 2 cannot be written: the handler is done by then, and the whole batch fails."""

    def handle(deliveries: Sequence[Delivered[Drawn]]) -> None:
        for delivery in deliveries:
            record([handled(delivery.event.number, "\x00" if delivery.event.number == 2 else "")])

    subscribe("sink", Drawn)(handle)
    draw(1, 2, 3)
    draw(4)
    for _ in range(4):
        clock[0] += timedelta(seconds=1)
        dispatch()
    assert sorted(kept()) == [1, 4], "3 waits behind 2, all others were handled once"
    failed = Delivery.objects.get(attempts__gt=0)
    assert failed.event.data["number"] == 2 and failed.attempts == 1


# -- tail, tidying ----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_tail_shows_what_is_new() -> None:
    draw(1)
    before = latest_seq()
    key = draw(2, 3)
    found = recent_events(before, 10)
    assert [(event.topic, event.key, event.data) for event in found] == [("test_outbox.drawn", key, {"number": 2}), ("test_outbox.drawn", key, {"number": 3})]
    assert [event.data["number"] for event in recent_events(before, 1)] == [2]
    tail, seen = follow(Tail(before), at=AT)
    assert len(seen) == 2 and follow(tail, at=AT) == (tail, [])


@pytest.mark.django_db
def test_handled_events_are_cleared_away_after_their_time() -> None:
    sink = Sink()
    sink.poison = {2}
    draw(1)
    draw(2)
    dispatch()
    draw(3)
    assert purge_outbox(keep=timedelta(days=1)) == 0
    assert purge_outbox(keep=-timedelta(seconds=1)) == 1
    assert sorted(OutboxEvent.objects.values_list("data__number", flat=True)) == [2, 3], "what waits for a handler stays"


@pytest.mark.django_db
def test_a_pass_over_an_idle_outbox_is_one_query(django_assert_num_queries: Any) -> None:
    Sink()
    draw(1, 2, 3)
    dispatch()
    with django_assert_num_queries(1):
        assert dispatch_once() == 0


@pytest.mark.django_db
def test_the_number_of_queries_does_not_grow_with_the_batch() -> None:
    Sink()
    key = draw(1)
    dispatch()
    counts = []
    for size in (1, 200):
        draw(*range(size), key=key)
        with CaptureQueriesContext(connection) as said:
            dispatch_once()
        counts.append(len(said))
    assert counts[0] == counts[1]
