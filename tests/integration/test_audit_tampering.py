"""Whoever rules the database can switch its guards off; what they then do is found, and the first bad place named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from linli.kernel.audit import rules
from linli.kernel.audit.models import AuditEntry, AuditLink
from linli.kernel.audit.selectors import head, verify
from tests.integration.test_audit import append


@pytest.fixture
def chain(db: None) -> Iterator[None]:
    """Five links of three entries, with the guards off."""
    append(3, 3, 3, 3, 3)
    for table in ("audit_auditlink", "audit_auditentry"):
        sql(f"ALTER TABLE {table} DISABLE TRIGGER append_only")
    yield


def sql(statement: str, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def remake_entry_hash(link: int, position: int) -> None:
    values = AuditEntry.objects.values_list(*rules.ENTRY_FIELDS).get(link=link, position=position)
    AuditEntry.objects.filter(link=link, position=position).update(hash=rules.entry_hash(values))


def remake_link(seq: int) -> None:
    """What a careful forger does: digest and hash made anew from what now stands."""
    link = AuditLink.objects.get(seq=seq)
    hashes = [bytes(held) for held in AuditEntry.objects.filter(link=seq).order_by("position").values_list("hash", flat=True)]
    previous = AuditLink.objects.filter(seq=seq - 1).first()
    digest = rules.links_digest(hashes)
    made = rules.link_hash(bytes(previous.hash) if previous else rules.GENESIS, seq, len(hashes), link.recorded_at, digest)
    AuditLink.objects.filter(seq=seq).update(count=len(hashes), digest=digest, hash=made)


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE audit_auditentry SET actor = 'user:other' WHERE (link, position) = (3, 1)", "entry 3/1: entry changed"),
        ("UPDATE audit_auditentry SET at = at + interval '1 microsecond' WHERE (link, position) = (1, 0)", "entry 1/0: entry changed"),
        ("UPDATE audit_auditentry SET recorded_at = recorded_at - interval '1 day' WHERE (link, position) = (2, 2)", "entry 2/2: entry changed"),
        ("UPDATE audit_auditentry SET details = replace(details, '1', '2') WHERE link >= 4", "entry 4/1: entry changed"),
        ("UPDATE audit_auditentry SET hash = sha256(hash) WHERE (link, position) = (5, 2)", "entry 5/2: entry changed"),
        ("DELETE FROM audit_auditentry WHERE (link, position) IN ((2, 1), (4, 0))", "entry 2/1: entry missing"),
        ("DELETE FROM audit_auditentry WHERE (link, position) = (3, 2)", "entry 3/2: entry missing"),
        ("DELETE FROM audit_auditentry WHERE link = 5", "entry 5/0: entry missing"),
        (
            "INSERT INTO audit_auditentry SELECT 2, 3, at, recorded_at, actor, action, subject_type, subject, from_state, to_state, details, hash"
            " FROM audit_auditentry WHERE (link, position) = (2, 2)",
            "entry 2/3: entry added",
        ),
        ("UPDATE audit_auditentry SET link = 9 WHERE link = 5", "entry 5/0: entry missing"),
        ("UPDATE audit_auditentry SET position = 7 - position WHERE link = 4 AND position > 0", "entry 4/1: entry missing"),
        ("UPDATE audit_auditlink SET recorded_at = recorded_at + interval '1 hour' WHERE seq = 3", "link 3: link changed"),
        ("UPDATE audit_auditlink SET count = 2 WHERE seq = 4", "link 4: link changed"),
        ("UPDATE audit_auditlink SET hash = sha256(hash) WHERE seq = 5", "link 5: link changed"),
        ("DELETE FROM audit_auditlink WHERE seq = 1", "link 1: link missing"),
        ("DELETE FROM audit_auditlink WHERE seq IN (2, 3)", "link 2: link missing (up to 3)"),
        ("DELETE FROM audit_auditlink WHERE seq = 5", "entry 5/0: entry added (its link does not exist)"),
        ("UPDATE audit_auditlink SET seq = 9 WHERE seq = 5", "link 5: link missing (up to 8)"),
        ("UPDATE audit_auditlink SET seq = CASE seq WHEN 2 THEN -3 ELSE -2 END WHERE seq IN (2, 3)", "link 2: link missing"),
    ],
)
def test_tampering_is_named(chain: None, statement: str, named: str) -> None:
    sql(statement)
    assert str(verify().fault).startswith(named)


def test_links_that_changed_places_are_named(chain: None) -> None:
    for table, column in (("audit_auditlink", "seq"), ("audit_auditentry", "link")):
        sql(f"UPDATE {table} SET {column} = -{column} WHERE {column} IN (2, 3)")
        sql(f"UPDATE {table} SET {column} = 5 + {column} WHERE {column} < 0")
    assert str(verify().fault) == "link 2: link moved (it was link 3)"


def test_an_added_entry_of_no_link_is_named(chain: None) -> None:
    columns = "position, at, recorded_at, actor, action, subject_type, subject, from_state, to_state, details, hash"
    sql(f"INSERT INTO audit_auditentry (link, {columns}) SELECT 8, {columns} FROM audit_auditentry WHERE (link, position) = (1, 0)")
    assert str(verify().fault) == "entry 8/0: entry added (its link does not exist)"


def test_a_forged_entry_hash_does_not_help(chain: None) -> None:
    sql("UPDATE audit_auditentry SET actor = 'user:other' WHERE (link, position) = (3, 1)")
    remake_entry_hash(3, 1)
    assert str(verify().fault).startswith("link 3: entries replaced")


def test_a_forged_link_shows_at_the_next_one(chain: None) -> None:
    sql("UPDATE audit_auditentry SET actor = 'user:other' WHERE (link, position) = (3, 1)")
    remake_entry_hash(3, 1)
    remake_link(3)
    found = verify()
    assert str(found.fault).startswith("link 4: link changed (or the one before it") and (found.links, found.entries) == (3, 9)


def test_only_a_published_head_shows_a_chain_rewritten_to_its_end(chain: None) -> None:
    true_head = head()
    assert true_head is not None
    sql("UPDATE audit_auditentry SET actor = 'user:other' WHERE (link, position) = (3, 1)")
    remake_entry_hash(3, 1)
    for seq in (3, 4, 5):
        remake_link(seq)
    assert verify().fault is None
    assert str(verify(anchors={true_head.seq: true_head.hash}).fault) == "link 5: published head differs (the chain up to here has been rewritten)"


def test_only_a_published_head_shows_a_chain_cut_off_at_its_end(chain: None) -> None:
    true_head = head()
    assert true_head is not None
    sql("DELETE FROM audit_auditlink WHERE seq >= 4")
    sql("DELETE FROM audit_auditentry WHERE link >= 4")
    assert verify().fault is None
    assert str(verify(anchors={true_head.seq: true_head.hash}).fault) == "link 5: published head lost (the chain ends at 3)"
