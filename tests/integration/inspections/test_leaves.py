"""Writing leaves: by their form, one version after the other, older ones kept, contacts sealed and forgotten."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from linli.engines.duties.inspections.models import PURPOSES, Leaf
from linli.engines.duties.inspections.selectors.ledgers import LedgerFilter, ledger_page, ledgers
from linli.engines.duties.inspections.services.leaves import LeafChanged, NewLeaf, NoSuchLeaf, NoSuchPlace, forget_again, forget_due, write_leaf
from linli.engines.duties.rules.forms import BadForm
from linli.kernel.access.rules import SYSTEM, Actor, ActorKind, Forbidden
from linli.kernel.access.selectors import role_grant
from linli.kernel.audit.models import AuditEntry
from linli.kernel.erasures.models import Erasure
from linli.kernel.writing import write
from tests.integration.inspections.made import HOUR, MORNING, REGISTERED, Town, town

CONTACT = {"name": "前台值班", "phone": "010-5550100"}


@pytest.fixture
def place(committed: None) -> Town:
    return town()


def test_a_leaf_is_written_in_versions_and_the_older_one_stays(place: Town) -> None:
    assert place.write("registration", REGISTERED).version == 1
    assert place.write("registration", {**REGISTERED, "exits": 3}, version=1).version == 2
    (view,) = [leaf for leaf in ledger_page(actor=place.actor(), at=MORNING + HOUR, kind="place", place=place.hotel).leaves if leaf.form.code == "registration"]
    assert view.current is not None
    assert view.current.answers == {**REGISTERED, "exits": 3}
    assert [old.answers for old in view.older] == [REGISTERED]
    assert AuditEntry.objects.filter(action="inspections.write_leaf").count() == 2


def test_what_does_not_match_its_form_or_its_version_is_refused_and_nothing_is_written(place: Town) -> None:
    with pytest.raises(BadForm):
        place.write("registration", {"operator": "福来"})
    with pytest.raises(BadForm):
        place.write("staff", {"staff": 3, "names": "张三"})
    with pytest.raises(BadForm):
        place.write("staff", {"staff": -1})
    with pytest.raises(NoSuchLeaf):
        place.write("tenants", {"tenants": 3})  # of rental housing, not of venues
    assert not Leaf.objects.exists()
    place.write("registration", REGISTERED)
    with pytest.raises(LeafChanged):
        place.write("registration", REGISTERED)
    with pytest.raises(NoSuchPlace), write():
        write_leaf(NewLeaf("place", place.workshop, "registration", REGISTERED, 0), actor=SYSTEM, at=MORNING)
    assert Leaf.objects.count() == 1


def test_handed_in_twice_it_is_written_once(place: Town) -> None:
    first = place.write("registration", REGISTERED, key="phone-1")
    again = place.write("registration", REGISTERED, key="phone-1")
    assert (again.leaf_id, again.repeated) == (first.leaf_id, True)
    assert Leaf.objects.count() == 1


def test_two_at_once_do_not_overwrite_each_other(place: Town) -> None:
    ready, results = threading.Barrier(2), []

    def work(exits: int) -> None:
        ready.wait(timeout=10)
        try:
            results.append(place.write("registration", {**REGISTERED, "exits": exits}).version)
        except LeafChanged:
            results.append(0)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(results) == [0, 1]
    assert Leaf.objects.filter(current=True).count() == 1


def test_the_database_keeps_what_was_written(place: Town) -> None:
    leaf = Leaf.objects.get(id=place.write("registration", REGISTERED).leaf_id)
    for change in ({"answers": {}}, {"writer": "user:other"}, {"version": 9}):
        with pytest.raises(IntegrityError, match="not rewritten"), transaction.atomic():
            Leaf.objects.filter(id=leaf.id).update(**change)
    with pytest.raises(IntegrityError, match="stays on record"), transaction.atomic():
        leaf.delete()
    values = {field.attname: getattr(leaf, field.attname) for field in Leaf._meta.concrete_fields if field.name not in ("id", "version")}
    with pytest.raises(IntegrityError, match="leaf_one_current"), transaction.atomic():
        Leaf.objects.create(**values, version=2)


def test_who_may_not_is_refused(place: Town) -> None:
    with pytest.raises(Forbidden):
        place.write("registration", REGISTERED, actor=place.actor("grid", 5))
    supervisor = Actor(id="user:s", kind=ActorKind.USER, grants=(role_grant("supervisor", place.community.grids[0].path),))
    with pytest.raises(Forbidden):
        place.write("registration", REGISTERED, actor=supervisor)
    with pytest.raises(NoSuchPlace):
        ledger_page(actor=place.actor("grid", 5), at=MORNING, kind="place", place=place.hotel)
    with pytest.raises(Forbidden):
        ledgers(actor=supervisor, at=MORNING, wanted=LedgerFilter())


def test_a_contact_is_sealed_seen_by_few_and_forgotten(place: Town) -> None:
    leaf = Leaf.objects.get(id=place.write("contact", CONTACT).leaf_id)
    assert leaf.answers is None and leaf.sealed is not None and b"5550100" not in bytes(leaf.sealed)

    def shown(actor: Actor) -> object:
        page = ledger_page(actor=actor, at=MORNING + HOUR, kind="place", place=place.hotel)
        return next(view.current.answers for view in page.leaves if view.form.code == "contact" and view.current)

    assert shown(place.actor()) == CONTACT
    member = Actor(id="user:m", kind=ActorKind.USER, grants=(role_grant("grid_member", place.community.grids[0].path),))
    assert shown(member) is None
    again = place.write("contact", {**CONTACT, "name": "夜班"}, version=1)
    leaf.refresh_from_db()
    assert leaf.sealed is None and leaf.forgotten_at is not None  # whom to reach was somebody else
    with write():
        assert forget_due(at=MORNING + timedelta(days=399)) == 0
    with write():
        assert forget_due(at=MORNING + timedelta(days=401)) == 1
    assert Leaf.objects.get(id=again.leaf_id).sealed is None
    assert Erasure.objects.filter(kind="inspections.contact").count() == 2
    with write():
        assert forget_again([again.leaf_id], MORNING) == 0
    assert PURPOSES["sealed"].retention_days == 400


def test_lists_say_what_is_missing_and_are_asked_a_constant_number_of_times(place: Town, django_assert_max_num_queries: object) -> None:
    def found(**wanted: object) -> list[str]:
        return [line.label for line in ledgers(actor=place.actor(), at=MORNING + HOUR, wanted=LedgerFilter(**wanted))[0]]  # type: ignore[arg-type]

    everything = found()
    assert {"福来旅馆", "三巷五号", "永兴加工厂"} <= set(everything)
    assert "福来旅馆" in found(missing="staff") and "三巷五号" not in found(missing="staff")
    place.write("staff", {"staff": 3})
    assert "福来旅馆" not in found(missing="staff") and "福来旅馆" in found(missing="any")
    assert found(stake="rental") == ["三巷五号"]
    assert found(words="福来") == ["福来旅馆"]
    next_year = MORNING + timedelta(days=365)
    lines, _ = ledgers(actor=place.actor(), at=next_year, wanted=LedgerFilter(missing="staff"))
    assert "福来旅馆" in [line.label for line in lines]  # the census of another year asks again
    with django_assert_max_num_queries(8):  # type: ignore[operator]
        ledgers(actor=place.actor("district"), at=MORNING + HOUR, wanted=LedgerFilter(missing="any"))
