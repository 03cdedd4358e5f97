"""Applying playbooks on a real database: all or nothing, one after the other, frozen for ever."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from linli.kernel.access.rules import ANONYMOUS, Actor, NotSignedIn
from linli.kernel.audit.models import AuditEntry
from linli.kernel.epoch import services as epoch
from linli.kernel.events.models import OutboxEvent
from linli.kernel.playbooks.models import ActivePlaybook, PlaybookVersion
from linli.kernel.playbooks.rules import Section, UnknownSection, schema
from linli.kernel.playbooks.rules.problems import BadPlaybook
from linli.kernel.playbooks.selectors import NoPlaybook, UnknownVersion, active_playbook, playbook_version
from linli.kernel.playbooks.services import AlreadyApplied, LoadedPlaybook, apply_playbook, load_playbook
from linli.kernel.writing import write
from tests.unit.kernel.playbooks.sections import GOOD, MODELS, TeaSection

AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
OPERATOR = Actor.system("test")


@pytest.fixture(autouse=True)
def _tea_only(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The wired sections are the tests' own."""
    monkeypatch.setattr(schema, "_registered", dict(MODELS))
    yield
    playbook_version.cache_clear()


def loaded(folder: Path, text: str = GOOD) -> LoadedPlaybook:
    path = folder / f"{uuid4()}.yaml"
    path.write_text(text)
    return load_playbook(path)


def apply(playbook: LoadedPlaybook, actor: Actor = OPERATOR) -> PlaybookVersion:
    with write():
        return apply_playbook(actor=actor, at=AT, playbook=playbook)


def cups() -> list[str]:
    return [kind.cup for kind in active_playbook().section(TeaSection).kinds]


@pytest.mark.django_db
def test_what_is_applied_holds_at_once_and_older_versions_stay_readable(tmp_path: Path) -> None:
    with pytest.raises(NoPlaybook):
        active_playbook()
    first = apply(loaded(tmp_path))
    assert (active_playbook().number, active_playbook().version_id, cups()) == (1, first.id, ["small", "large"])
    second = apply(loaded(tmp_path, GOOD.replace("cup: small", "cup: large")))
    assert (active_playbook().number, active_playbook().version_id, cups()) == (2, second.id, ["large", "large"])
    assert [kind.cup for kind in playbook_version(first.id).section(TeaSection).kinds] == ["small", "large"]
    with epoch_held() as held:
        assert active_playbook(held).number == 2


class epoch_held:  # noqa: N801 - reads as a sentence
    def __enter__(self) -> int:
        return epoch.hold()

    def __exit__(self, *_: object) -> None:
        """The test's transaction keeps the lock; nothing to undo."""


@pytest.mark.django_db
def test_an_application_is_on_record(tmp_path: Path) -> None:
    apply(loaded(tmp_path))
    version = apply(loaded(tmp_path, GOOD.replace("cup: small", "cup: large")))
    entry = AuditEntry.objects.get(subject=version.id)
    assert (entry.action, entry.actor, entry.from_state, entry.to_state) == ("playbooks.apply", OPERATOR.id, "1", "2")
    event = OutboxEvent.objects.get(key=version.id)
    assert (event.topic, event.data) == ("playbooks.applied", {"number": 2, "name": "tea"})


@pytest.mark.django_db
def test_the_same_again_is_refused_and_going_back_is_a_new_version(tmp_path: Path) -> None:
    apply(loaded(tmp_path))
    before = epoch.current()
    with pytest.raises(AlreadyApplied) as refused:
        apply(loaded(tmp_path, "# another remark\n" + GOOD))
    assert refused.value.params == {"name": "tea", "number": 1}
    assert (epoch.current(), PlaybookVersion.objects.count()) == (before, 1)
    apply(loaded(tmp_path, GOOD.replace("cup: small", "cup: large")))
    assert apply(loaded(tmp_path)).number == 3


@pytest.mark.django_db
def test_nobody_applies_without_the_permission(tmp_path: Path) -> None:
    with pytest.raises(NotSignedIn):
        apply(loaded(tmp_path), ANONYMOUS)
    assert not PlaybookVersion.objects.exists()


@pytest.mark.django_db
def test_a_broken_one_changes_nothing(tmp_path: Path) -> None:
    apply(loaded(tmp_path))
    before = epoch.current()
    with pytest.raises(BadPlaybook):
        apply(loaded(tmp_path, GOOD.replace("role: maker", "role: nobody")))
    assert (epoch.current(), active_playbook().number, PlaybookVersion.objects.count()) == (before, 1, 1)


@pytest.mark.parametrize("failing", ["linli.kernel.playbooks.services.apply.audit.record", "linli.kernel.playbooks.services.apply.events.publish"])
@pytest.mark.django_db
def test_a_piece_that_fails_takes_all_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    first = apply(loaded(tmp_path))
    before = (epoch.current(), AuditEntry.objects.count(), OutboxEvent.objects.count())

    def fail(_items: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(failing, fail)
    with pytest.raises(ZeroDivisionError):
        apply(loaded(tmp_path, GOOD.replace("cup: small", "cup: large")))
    assert (epoch.current(), AuditEntry.objects.count(), OutboxEvent.objects.count()) == before
    assert (active_playbook().version_id, PlaybookVersion.objects.count()) == (first.id, 1)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE playbooks_playbookversion SET name = 'other'",
        "DELETE FROM playbooks_playbookversion",
        "TRUNCATE playbooks_playbookversion CASCADE",
    ],
)
@pytest.mark.django_db
def test_the_database_refuses_to_change_a_version(tmp_path: Path, statement: str) -> None:
    apply(loaded(tmp_path))
    with pytest.raises(DatabaseError, match="frozen once applied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(statement)


@pytest.mark.django_db
def test_there_is_one_active_playbook_and_one_of_each_number(tmp_path: Path) -> None:
    version = apply(loaded(tmp_path))
    with pytest.raises(IntegrityError), transaction.atomic():
        ActivePlaybook.objects.create(id=2, version=version)
    with pytest.raises(IntegrityError), transaction.atomic():
        version.pk = uuid4()
        version.save(force_insert=True)


@pytest.mark.django_db
def test_a_version_from_before_a_section_existed_is_still_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    version = apply(loaded(tmp_path))
    monkeypatch.setattr(schema, "_registered", {**MODELS, "biscuits": BiscuitSection, "scones": SconeSection})
    playbook_version.cache_clear()
    read = playbook_version(version.id)
    assert read.section(BiscuitSection).kind == "plain"
    with pytest.raises(UnknownSection):
        read.section(SconeSection)


class BiscuitSection(Section):
    kind: str = "plain"


class SconeSection(Section):
    jam: str


@pytest.mark.django_db
def test_an_unknown_version_is_refused() -> None:
    with pytest.raises(UnknownVersion):
        playbook_version(UUID(int=1))


@pytest.mark.django_db
def test_the_hot_path_asks_the_database_nothing(tmp_path: Path, django_assert_num_queries: object) -> None:
    version = apply(loaded(tmp_path))
    held = epoch.hold()
    active_playbook(held)
    playbook_version(version.id)
    with django_assert_num_queries(0):  # type: ignore[operator]
        for _ in range(100):
            active_playbook(held).section(TeaSection)
            playbook_version(version.id).section(TeaSection)


def test_two_applications_at_once_take_turns(committed: str, tmp_path: Path) -> None:
    playbooks = [loaded(tmp_path, GOOD + f"  sugar: {number}\n") for number in range(4)]
    playbooks += playbooks[:1] * 2  # three of the same among them
    start = threading.Barrier(len(playbooks))
    outcomes: list[object] = []

    def run(playbook: LoadedPlaybook) -> None:
        try:
            start.wait()
            outcomes.append(apply(playbook).number)
        except AlreadyApplied as refused:
            outcomes.append(refused.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(playbook,)) for playbook in playbooks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    numbers = sorted(outcome for outcome in outcomes if isinstance(outcome, int))
    assert len(outcomes) == len(playbooks)
    assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) >= 4
    versions = list(PlaybookVersion.objects.order_by("number"))
    assert [version.number for version in versions] == numbers
    assert all(one.digest != other.digest for one, other in pairwise(versions))
    assert active_playbook().number == numbers[-1]
    assert AuditEntry.objects.filter(action="playbooks.apply").count() == len(numbers)
