"""Publishing events into the outbox, subscribing to them, and reviving those that no handler could take."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

import orjson
from django.db import connection

from linli.kernel.actor import Asking
from linli.kernel.audit.services import Entry, record
from linli.kernel.clock.services import machine_now
from linli.kernel.events.models import PARTITIONS, Delivery, OutboxEvent
from linli.kernel.ids import new_id
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.rows import insert_rows, plain
from linli.kernel.writing import finish_with, gather

CHANNEL = "linli_outbox"
RETRY = "events.retry"  # permission

_types: dict[str, type[Event]] = {}


@dataclass(frozen=True, slots=True)
class Event:
    """Base of every event. A domain declares its own in ``events.py``: frozen, with a ``topic`` and plain values.

    Values may be whatever both JSON and Pydantic can say: texts, numbers, UUIDs, times, enum members, lists, nested
    dataclasses. A field that is added later needs a default, because older events are still read.

    Attributes:
        topic: stable name, ``domain.what_happened``; without one a class is only a base for others.
        key: what order is kept for.
        at: when it happened.
    """

    topic: ClassVar[str] = ""
    key: UUID
    at: datetime

    def __init_subclass__(cls) -> None:
        topic = cls.__dict__.get("topic", "")
        if topic:
            # Slots make a dataclass anew, so that the same class comes twice.
            known = _types.setdefault(topic, cls)
            if (known.__module__, known.__name__) != (cls.__module__, cls.__name__):
                raise ValueError(f"two events have the topic {topic!r}: {known.__module__}.{known.__name__} and {cls.__module__}.{cls.__name__}")
            _types[topic] = cls


E_co = TypeVar("E_co", bound=Event, covariant=True)


@dataclass(frozen=True, slots=True)
class Delivered(Generic[E_co]):
    """An event as a handler gets it.

    Attributes:
        seq: names the event for good; a handler that writes elsewhere uses it to tell repeats.
        handled_at: the program's time as the dispatcher hands it over: the ``at`` for the services that a handler calls,
            and what the news is old against (a replayed event happened long before).
    """

    seq: int
    event: E_co
    recorded_at: datetime
    handled_at: datetime


# -- publishing -------------------------------------------------------------------------------------------------------


def publish(events: Sequence[Event]) -> None:
    """Add events to the open write; they are delivered after it commits.

    Raises:
        NoWrite: no write is open.
        ValueError: an event without a topic, or with a time without its zone.
        TypeError: a value that has no plain JSON form.
    """
    gather("events", [_values(event) for event in events])


def _values(event: Event) -> tuple[Any, ...]:
    if not event.topic:
        raise ValueError(f"{type(event).__name__} has no topic")
    if event.at.tzinfo is None:
        raise ValueError("an event needs a time with its zone")
    kind: Any = type(event)
    data = {name: getattr(event, name) for name in _data_fields(kind)}
    return event.topic, event.key, event.key.int % PARTITIONS, event.at, orjson.Fragment(orjson.dumps(data, default=plain, option=orjson.OPT_NON_STR_KEYS))


@cache
def _data_fields(event_type: type[Any]) -> tuple[str, ...]:
    return tuple(f.name for f in dataclasses.fields(event_type) if f.name not in ("key", "at"))


def _append(gathered: list[tuple[Any, ...]]) -> None:
    recorded_at = machine_now()
    insert_rows(
        OutboxEvent,
        ("id", "recorded_at", "topic", "key", "partition", "at", "data"),
        [(new_id(), recorded_at, *values) for values in gathered],
    )
    wake_dispatchers()


def wake_dispatchers() -> None:
    """Tell dispatchers and live viewers, when the open transaction commits, that there is something new."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])


finish_with("events", _append, order=50)


# -- subscribing ------------------------------------------------------------------------------------------------------

Handle = Callable[[Sequence[Delivered[Any]]], None]
H = TypeVar("H", bound=Handle)


@dataclass(frozen=True, slots=True)
class Handler:
    """Who wants what. ``name`` is stored beside events that wait for it, so it is for good."""

    name: str
    types: tuple[type[Event], ...]
    handle: Handle

    def topics(self) -> frozenset[str]:
        """Topics of its types; a type without one stands for all its subclasses."""
        named = {kind.topic for kind in self.types if kind.topic}
        bases = tuple(kind for kind in self.types if not kind.topic)
        return frozenset(named | {topic for topic, kind in _types.items() if issubclass(kind, bases)})


_handlers: dict[str, Handler] = {}


def subscribe(name: str, *types: type[Event]) -> Callable[[H], H]:
    """Have a function called with events of ``types``, many at once and in order per key, each exactly once.

    It runs inside a write of the dispatcher, so it may call services, and what it does is kept together with the mark
    that the event is handled. An exception takes back what it did; the events are tried again one by one, and what
    still fails waits alone, with the later events of the same key behind it.

    Raises:
        ValueError: the name is taken by another function, or no type is named.
    """

    def register(handle: H) -> H:
        known = _handlers.get(name)
        if known is not None and (known.handle.__module__, known.handle.__qualname__) != (handle.__module__, handle.__qualname__):
            raise ValueError(f"two handlers are named {name!r}")
        if not types:
            raise ValueError(f"the handler {name!r} asks for no event")
        _handlers[name] = Handler(name, types, handle)
        return handle

    return register


def handlers() -> Mapping[str, Handler]:
    """All handlers of this process, by name."""
    return _handlers


def event_type(topic: str) -> type[Event] | None:
    """The declared class of a topic."""
    return _types.get(topic)


# -- dead letters -----------------------------------------------------------------------------------------------------


class NotDead(Refusal):
    """A named delivery is not a dead letter (any more). ``params``: ``ids``."""

    code: ClassVar[str] = "events.not_dead"
    message: ClassVar[str] = N_("There is no dead letter %(ids)s.")
    kind: ClassVar[Kind] = Kind.MISSING
    field: ClassVar[str] = "ids"


def retry_dead_letters(*, actor: Asking, at: datetime, ids: Sequence[int] | None = None, handler: str = "") -> int:
    """Have dead letters tried again, with all their attempts: those named by ``ids``, or all (of ``handler``); return how many.

    Raises:
        Forbidden: ``actor`` lacks ``events.retry``.
        NotDead: one of ``ids`` is not dead.
    """
    actor.require(RETRY)
    dead = _dead(ids, handler)
    Delivery.objects.filter(id__in=[letter.id for letter in dead]).update(next_try_at=machine_now(), attempts=0)
    record([_entry(actor, at, "events.retry", letter) for letter in dead])
    wake_dispatchers()
    return len(dead)


def drop_dead_letters(*, actor: Asking, at: datetime, ids: Sequence[int]) -> int:
    """Give dead letters up: their handler never gets these events, and the ones behind them go on; return how many.

    Raises:
        Forbidden: ``actor`` lacks ``events.retry``.
        NotDead: one of ``ids`` is not dead.
    """
    actor.require(RETRY)
    dead = _dead(ids, "")
    record([_entry(actor, at, "events.drop", letter) for letter in dead])
    Delivery.objects.filter(id__in=[letter.id for letter in dead]).delete()
    wake_dispatchers()
    return len(dead)


def _dead(ids: Sequence[int] | None, handler: str) -> list[Delivery]:
    wanted = Delivery.objects.select_for_update().filter(next_try_at=None)
    if handler:
        wanted = wanted.filter(handler=handler)
    if ids is not None:
        wanted = wanted.filter(id__in=ids)
    found = list(wanted.order_by("event"))
    missing = sorted(set(ids or ()) - {letter.id for letter in found})
    if missing:
        raise NotDead(ids=", ".join(map(str, missing)))
    return found


def _entry(actor: Asking, at: datetime, action: str, letter: Delivery) -> Entry:
    return Entry(at=at, actor=actor.id, action=action, subject_type="event", subject=letter.key, details={"handler": letter.handler, "seq": letter.event_id})
