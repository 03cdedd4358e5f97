"""The write holds state, audit and events together or not at all."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar
from uuid import uuid4

import pytest

from linli.kernel.audit.models import AuditEntry, AuditLink
from linli.kernel.audit.services import Entry, record
from linli.kernel.events.models import OutboxEvent
from linli.kernel.events.services import Event, publish
from linli.kernel.writing import NoWrite, attempt, write

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Happened(Event):
    topic: ClassVar[str] = "test.happened"
    number: int = 0


def _entry(action: str = "test") -> Entry:
    return Entry(at=AT, actor="system", action=action, subject_type="thing", subject=uuid4())


@pytest.mark.django_db
def test_a_write_is_one_link_whatever_it_holds() -> None:
    with write():
        record([_entry(), _entry()])
        publish([Happened(key=uuid4(), at=AT, number=1)])
        record([_entry()])
    link = AuditLink.objects.get()
    assert (link.count, AuditEntry.objects.filter(link=link.seq).count(), OutboxEvent.objects.count()) == (3, 3, 1)


@pytest.mark.django_db
def test_a_failed_write_leaves_nothing() -> None:
    with pytest.raises(ZeroDivisionError), write():
        record([_entry()])
        publish([Happened(key=uuid4(), at=AT)])
        _ = 1 / 0
    assert not AuditLink.objects.exists() and not OutboxEvent.objects.exists()


@pytest.mark.django_db
def test_a_failed_attempt_takes_back_only_its_own_part() -> None:
    with write():
        record([_entry("kept")])
        with pytest.raises(ZeroDivisionError), attempt():
            record([_entry("lost")])
            _ = 1 / 0
    assert [entry.action for entry in AuditEntry.objects.all()] == ["kept"]


def test_services_refuse_to_run_outside_a_write() -> None:
    with pytest.raises(NoWrite):
        record([_entry()])
