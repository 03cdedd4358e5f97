"""Every event says what happened, and stands where events stand."""

from __future__ import annotations

import dataclasses
import importlib
import re
from pathlib import Path

import pytest

import linli
from linli.kernel.events.services import Event

PACKAGE = Path(linli.__file__).parent


def everything(base: type[Event] = Event) -> list[type[Event]]:
    """Each event class of the house; slots make a dataclass anew, so the bare first one is left out."""
    for path in PACKAGE.rglob("events.py"):
        importlib.import_module("linli." + ".".join(path.relative_to(PACKAGE).with_suffix("").parts))
    found = {}
    for event in base.__subclasses__():
        for one in (event, *everything(event)):
            if one.__module__.startswith("linli.") and "__slots__" in vars(one):
                found[f"{one.__module__}.{one.__name__}"] = one
    return [found[name] for name in sorted(found)]


EVENTS = everything()


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_an_event_is_documented_frozen_and_in_its_room(event: type[Event]) -> None:
    assert event.__module__.endswith(".events") or ".events." in event.__module__
    text = event.__doc__ or ""
    assert len(text) > 20 and not text.startswith(f"{event.__name__}("), "say what happened, in a sentence"
    assert event.__dataclass_params__.frozen and dataclasses.is_dataclass(event)  # type: ignore[attr-defined]


@pytest.mark.parametrize("event", [event for event in EVENTS if event.topic], ids=lambda event: event.topic)
def test_a_topic_names_room_and_deed(event: type[Event]) -> None:
    assert re.fullmatch(r"[a-z]+\.[a-z_]+", event.topic)
    assert event.topic.partition(".")[0] in event.__module__.split(".")


def test_the_matters_engine_speaks() -> None:
    assert {"matters.reported", "matters.ended"} <= {event.topic for event in EVENTS}
