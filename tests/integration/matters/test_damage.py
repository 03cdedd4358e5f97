"""What the database itself refuses, and what the check finds where somebody went around the database."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction

from linli.directory.organisation.models import Absence, Appointment
from linli.engines.matters.models import Matter
from linli.engines.matters.rules.states import Verb
from linli.engines.matters.selectors.check import broken_invariants
from linli.kernel.access.rules import ANONYMOUS, SYSTEM, Forbidden, NotSignedIn
from linli.kernel.epoch.services import Cached
from tests.factories import MONDAY, Community, report
from tests.integration.matters.made import AT, DAY, done, head, holds

pytestmark = pytest.mark.django_db


@pytest.fixture
def three(town: Community) -> dict[str, UUID]:
    """An open matter, a closed one, and one that was merged into the open one."""
    ids = {name: report(town).matter_id for name in ("open", "closed", "merged")}
    done(ids["closed"], Verb.SOLVE, actor=head(town), text="好了")
    done(ids["merged"], Verb.MERGE, reason="同", into_id=ids["open"])
    return ids


def attack(statement: str, ids: dict[str, UUID]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, ids)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what the commit would ask


REFUSED = {
    "closed without telling": "UPDATE matters_matter SET state = 'closed', closed_at = now(), version = version + 1 WHERE id = %(open)s",
    "told is taken back": "UPDATE matters_report SET answered_at = NULL WHERE matter_id = %(closed)s",
    "a reporter handed to what is closed": "UPDATE matters_report SET matter_id = %(closed)s WHERE matter_id = %(open)s",
    "an answered reporter hidden on what was merged": "UPDATE matters_report SET matter_id = %(merged)s WHERE matter_id = %(closed)s",
    "a new reporter of what is closed": (
        "INSERT INTO matters_report (id, code, matter_id, first_matter, source, sender, anonymous, language, text, details, at, recorded_at, answer, comment)"
        " VALUES (gen_random_uuid(), 'x', %(closed)s, %(closed)s, 'x', 'x', true, 'x', '', '{}', now(), now(), '', '')"
    ),
    "the promise reset": "UPDATE matters_matter SET due_at = due_at + interval '1 day', version = version + 1 WHERE id = %(open)s",
    "reported later than it was": "UPDATE matters_matter SET reported_at = now() WHERE id = %(open)s",
    "another playbook": "UPDATE matters_matter SET policy = gen_random_uuid() WHERE id = %(open)s",
    "another number": "UPDATE matters_matter SET code = 'x' WHERE id = %(open)s",
    "an older version": "UPDATE matters_matter SET version = version - 1 WHERE id = %(open)s",
    "moved behind its version": "UPDATE matters_matter SET level = level + 1 WHERE id = %(open)s",
    "its clock moved behind its version": "UPDATE matters_matter SET level_due_at = level_due_at + interval '1 day' WHERE id = %(open)s",
    "open without a deadline": "UPDATE matters_matter SET level_due_at = NULL, version = version + 1 WHERE id = %(open)s",
    "open without a promise": "UPDATE matters_matter SET due_at = NULL, class_code = 'x', version = version + 1 WHERE id = %(open)s",
    "open without a post": "UPDATE matters_matter SET accountable_post_id = NULL, version = version + 1 WHERE id = %(open)s",
    "a post that does not exist": "UPDATE matters_matter SET accountable_post_id = gen_random_uuid(), version = version + 1 WHERE id = %(open)s",
    "its post deleted": "DELETE FROM organisation_post WHERE id = (SELECT accountable_post_id FROM matters_matter WHERE id = %(open)s)",
    "its area deleted": "DELETE FROM territory_area WHERE id = (SELECT area_id FROM matters_matter WHERE id = %(open)s)",
    "a deadline before its start": "UPDATE matters_matter SET level_due_at = level_since - interval '1 second', version = version + 1 WHERE id = %(open)s",
    "an unknown state": "UPDATE matters_matter SET state = 'lost', version = version + 1 WHERE id = %(open)s",
    "ended without a time": "UPDATE matters_matter SET closed_at = NULL, version = version + 1 WHERE id = %(closed)s",
    "open with an end": "UPDATE matters_matter SET closed_at = now(), version = version + 1 WHERE id = %(open)s",
    "merged into nothing": "UPDATE matters_matter SET merged_into_id = NULL WHERE id = %(merged)s",
    "merged into itself": "UPDATE matters_matter SET merged_into_id = id WHERE id = %(merged)s",
    "suspended for ever": "UPDATE matters_matter SET state = 'suspended', version = version + 1 WHERE id = %(open)s",
    "six stars": "UPDATE matters_report SET rating = 6",
    "two steps in one place": (
        "INSERT INTO matters_step SELECT (json_populate_record(s, json_build_object('id', gen_random_uuid()))).* FROM matters_step s LIMIT 1"
    ),
    "a matter deleted under its reporters": "DELETE FROM matters_matter WHERE id = %(open)s",
}


def test_the_database_refuses_what_would_break_a_promise(three: dict[str, UUID]) -> None:
    for name, statement in REFUSED.items():
        with pytest.raises(IntegrityError):
            attack(statement, three)
            pytest.fail(f"not refused: {name}")
    holds()


# What somebody could do with the owner's rights and triggers switched off: each kind is found by its own statement.
DAMAGE = {
    "accountable post that exists and is in use": (
        "UPDATE organisation_post SET retired_at = now() WHERE id = (SELECT accountable_post_id FROM matters_matter WHERE id = %(open)s)"
    ),
    "has been acted on": "UPDATE matters_matter SET level_due_at = %(past)s, level_since = %(past)s, wake_at = %(past)s WHERE id = %(open)s",
    "timer stands at": "UPDATE matters_matter SET wake_at = wake_at + interval '1 hour' WHERE id = %(open)s",
    "has its timer set": "UPDATE matters_matter SET wake_at = NULL WHERE id = %(open)s",
    "has been told its outcome": "UPDATE matters_report SET answered_at = NULL WHERE matter_id = %(closed)s",
    "told an outcome that is none": "UPDATE matters_report SET answered_at = now() WHERE matter_id = %(open)s",
    "in no ring": "UPDATE matters_matter SET state = 'merged', closed_at = %(at)s, wake_at = NULL, merged_into_id = %(merged)s WHERE id = %(open)s",
    "where the first matter was merged into": "UPDATE matters_report SET matter_id = %(closed)s, answered_at = %(at)s WHERE first_matter = %(merged)s",
    "has a reporter": "DELETE FROM matters_report WHERE first_matter = %(closed)s",
    "last step is its present": "UPDATE matters_matter SET state = 'filed' WHERE id = %(open)s",
    "steps are complete": "DELETE FROM matters_step WHERE matter_id = %(closed)s AND version = 1",
    "found in the audit chain": "UPDATE matters_matter SET audit_ref = gen_random_uuid() WHERE id = %(closed)s",
}


def test_the_check_finds_every_kind_of_damage_by_its_own_statement(three: dict[str, UUID]) -> None:
    holds()
    ids = {**three, "at": AT, "past": MONDAY - DAY}
    for words, statement in DAMAGE.items():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(statement, ids)
            assert cursor.rowcount, words
            found = broken_invariants(actor=SYSTEM, at=AT)
            named = [finding for finding in found if words in finding.statement]
            assert len(named) == 1 and named[0].count >= 1 and named[0].ids, (words, found)
            transaction.set_rollback(True)
    holds()


def test_the_check_names_posts_that_nobody_holds(town: Community) -> None:
    report(town)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        Absence.objects.bulk_create(
            Absence(person_id=person, starts_at=MONDAY - DAY, reason="leave", at=AT, recorded_at=AT)
            for person in Appointment.objects.values_list("person_id", flat=True).distinct()
        )
        Cached.forget_all()
        (finding,) = broken_invariants(actor=SYSTEM, at=AT)
        assert "held by a person" in finding.statement and finding.ids == (Matter.objects.get().accountable_post_id,)
        transaction.set_rollback(True)


def test_the_check_is_for_those_who_may_read_everything(town: Community) -> None:
    for stranger in (ANONYMOUS, head(town)):
        with pytest.raises((Forbidden, NotSignedIn)):
            broken_invariants(actor=stranger, at=AT)
