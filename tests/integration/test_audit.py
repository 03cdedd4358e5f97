"""The audit chain on a real PostgreSQL: appended, refused, read."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner
from django.db import IntegrityError, ProgrammingError, connection, transaction

from linli.interfaces.cli import runtime
from linli.interfaces.cli.audit import audit
from linli.kernel.access.rules import ANONYMOUS, Actor, ActorKind, Confidentiality, Forbidden, Grant, NotSignedIn
from linli.kernel.audit.models import AuditEntry, AuditLink
from linli.kernel.audit.rules import Head
from linli.kernel.audit.selectors import EntryFilter, entries, head, heads, unprotected, verify
from linli.kernel.audit.services import Entry, record
from linli.kernel.writing import attempt, write

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
READER = Actor(id="user:reader", kind=ActorKind.USER, grants=(Grant("auditor", frozenset({"audit.read"}), "", Confidentiality.INTERNAL),))


def entry(action: str = "test", subject: UUID | None = None, **more: Any) -> Entry:
    return Entry(at=more.pop("at", AT), actor=more.pop("actor", "system:test"), action=action, subject_type="thing", subject=subject or uuid4(), **more)


def append(*counts: int) -> None:
    """One link per count, of so many entries."""
    for count in counts:
        with write():
            record([entry(f"step {number}", details={"n": number}) for number in range(count)])


@pytest.mark.django_db
@pytest.mark.parametrize("table", ["audit_auditlink", "audit_auditentry"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET recorded_at = now()", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_database_refuses_to_change_the_chain(table: str, statement: str) -> None:
    append(2)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(table))
    assert verify().fault is None and verify().entries == 2


@pytest.mark.django_db
def test_a_replicating_session_is_refused_too() -> None:
    append(1)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        AuditEntry.objects.update(actor="nobody")


@pytest.mark.django_db
def test_what_guards_the_chain_is_watched() -> None:
    assert unprotected() == []
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_auditentry DISABLE TRIGGER append_only")
        cursor.execute("DROP TRIGGER append_only ON audit_auditlink")
    assert unprotected() == ["audit_auditentry: its trigger is off", "audit_auditlink: its trigger is missing"]


@pytest.mark.django_db
def test_every_kind_of_value_is_found_true_again() -> None:
    with write():
        record(
            [
                entry(at=AT.astimezone(timezone(timedelta(hours=8))), from_state="已上报", to_state='"quoted"\n\\'),
                entry(details={"b": [1, None, True], "a": {"rate": 0.1, "sum": Decimal("1.10")}, "when": AT, "id": uuid4(), "带": "值"}),
                entry(actor="\x7f\u2028\U0001f600", at=AT + timedelta(microseconds=1)),
            ]
        )
    found = verify()
    assert (found.links, found.entries, found.fault) == (1, 3, None)
    assert found.head == head()


@pytest.mark.django_db
def test_an_entry_that_cannot_be_written_fails_where_it_is_recorded() -> None:
    with write():
        with pytest.raises(TypeError, match="object"):
            record([entry(details={"what": object()})])
        with pytest.raises(ValueError, match="zone"):
            record([entry(at=datetime(2026, 1, 5))])
        record([entry("kept")])
    assert AuditEntry.objects.get().action == "kept"


@pytest.mark.django_db
def test_positions_have_no_gap_after_a_failed_attempt() -> None:
    with write():
        record([entry("first")])
        with pytest.raises(KeyError), attempt():
            record([entry("lost")])
            raise KeyError
        record([entry("second")])
    assert list(AuditEntry.objects.order_by("position").values_list("position", "action")) == [(0, "first"), (1, "second")]
    assert verify().fault is None


@pytest.mark.django_db
def test_verification_can_start_from_a_trusted_link() -> None:
    append(1, 2, 3)
    found = verify(since_seq=2)
    assert (found.links, found.entries, found.fault) == (1, 3, None)
    assert str(verify(since_seq=9).fault) == "link 9: link missing (the one to start from)"


@pytest.mark.django_db
def test_an_empty_chain_is_in_order() -> None:
    found = verify()
    assert (found.links, found.entries, found.head, found.fault) == (0, 0, None, None)


@pytest.mark.django_db
def test_heads_for_anchoring_end_with_the_last_link() -> None:
    append(1, 1, 1, 1, 1)
    given = list(heads(every=2))
    assert [one.seq for one in given] == [2, 4, 5] and given[-1] == head()
    assert [one.seq for one in heads(every=2, after_seq=4)] == [5]
    assert verify(anchors={one.seq: one.hash for one in given}).fault is None


@pytest.mark.django_db
def test_the_reader_pages_through_the_log_in_one_query_a_page(django_assert_num_queries: Any) -> None:
    subject = uuid4()
    append(3)
    with write():
        record([entry("file", subject, actor="user:a"), entry("close", subject, actor="user:b", details={"level": "grid"})])
    with django_assert_num_queries(1):
        first = entries(READER, limit=2)
    assert [(view.action, view.details) for view in first.entries] == [("close", {"level": "grid"}), ("file", {})]
    with django_assert_num_queries(1):
        rest = entries(READER, before=first.before, limit=50)
    assert [(view.link, view.position) for view in rest.entries] == [(1, 2), (1, 1), (1, 0)] and rest.before is None
    assert [view.action for view in entries(READER, EntryFilter(subject=subject, actor="user:a", action="file")).entries] == ["file"]
    assert entries(READER, EntryFilter(until=AuditLink.objects.earliest("seq").recorded_at)).entries == ()


@pytest.mark.django_db
def test_the_log_is_not_for_everyone() -> None:
    with pytest.raises(NotSignedIn):
        entries(ANONYMOUS)
    with pytest.raises(Forbidden):
        entries(Actor(id="user:other", kind=ActorKind.USER))


def test_concurrent_writers_leave_one_unbroken_chain(committed: str, django_db_blocker: Any) -> None:
    writers, writes = 4, 25
    start = threading.Barrier(writers)
    failures: list[BaseException] = []

    def run(name: int) -> None:
        try:
            start.wait()
            for number in range(writes):
                with write():
                    record([entry(f"{name}:{number}")] * (1 + number % 3))
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    with django_db_blocker.unblock():
        threads = [threading.Thread(target=run, args=(name,)) for name in range(writers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = verify()
        assert (failures, found.fault, found.links) == ([], None, writers * writes)
        assert AuditEntry.objects.filter(position=0).values("action").distinct().count() == writers * writes
        order = list(AuditLink.objects.order_by("seq").values_list("recorded_at", flat=True))
        assert order == sorted(order), "the chain is in the order of recording"
        assert isinstance(found.head, Head) and found.head.seq == writers * writes


@pytest.mark.django_db
def test_the_applications_role_may_only_read_and_append() -> None:
    migration = import_module("linli.kernel.audit.migrations.0002_append_only")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_roles WHERE rolname = 'linli_app'")
        if not cursor.fetchone()[0]:
            cursor.execute("CREATE ROLE linli_app")
        cursor.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO linli_app")
        assert unprotected() == [
            f"{table}: the role linli_app may {right}" for table in ("audit_auditentry", "audit_auditlink") for right in ("DELETE", "UPDATE")
        ]
        cursor.execute(migration.REVOKE)
        assert unprotected() == []
        cursor.execute("SET LOCAL ROLE linli_app")
        append(1)
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            AuditEntry.objects.update(actor="nobody")
        assert verify().entries == 1


class TestCommands:
    """``linli audit``, inside the test's own transaction."""

    def run(self, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Any:
        monkeypatch.setattr(runtime, "running_database", nullcontext)
        monkeypatch.setattr(runtime, "start_django", lambda: None)
        return CliRunner().invoke(audit, list(arguments))

    @pytest.mark.django_db
    def test_a_good_chain(self, monkeypatch: pytest.MonkeyPatch) -> None:
        append(2, 3)
        last = head()
        assert last is not None
        done = self.run(monkeypatch, "verify")
        assert done.exit_code == 0 and done.output.startswith("5 entries in 2 links: in order") and f"Head: 2 {last.hash}" in done.output
        assert self.run(monkeypatch, "head").output.startswith(f"2 {last.hash} 20")

    @pytest.mark.django_db
    def test_a_broken_chain_ends_with_3_and_names_the_first_bad_entry(self, monkeypatch: pytest.MonkeyPatch) -> None:
        append(2, 3)
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE audit_auditentry DISABLE TRIGGER append_only")
            cursor.execute("UPDATE audit_auditentry SET actor = 'x' WHERE (link, position) = (2, 1)")
        done = self.run(monkeypatch, "verify")
        assert done.exit_code == 3
        assert "The chain is broken at entry 2/1: entry changed. In order before it: 2 entries in 1 links." in done.stderr
        assert "audit_auditentry: its trigger is off" in done.stderr

    @pytest.mark.django_db
    def test_heads_kept_elsewhere_are_held_against_the_chain(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        append(1, 1, 1)
        kept = tmp_path / "heads"
        kept.write_text(self.run(monkeypatch, "heads", "--every", "2").output)
        assert [row.split()[0] for row in kept.read_text().splitlines()] == ["2", "3"]
        assert self.run(monkeypatch, "verify", "--heads", str(kept)).exit_code == 0
        kept.write_text(f"3 {'0' * 64}\n")
        assert self.run(monkeypatch, "verify", "--heads", str(kept)).exit_code == 3
        kept.write_text("three\n")
        assert self.run(monkeypatch, "verify", "--heads", str(kept)).exit_code == 2

    @pytest.mark.django_db
    def test_an_empty_chain_has_no_head(self, monkeypatch: pytest.MonkeyPatch) -> None:
        done = self.run(monkeypatch, "head")
        assert done.exit_code == 1 and "empty" in done.output
