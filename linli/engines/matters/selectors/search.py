"""Search over every matter that the actor may see: by public number, by the reporter's telephone, by place and words.

At most three queries and bounded work, whatever the number of matters: words are looked for among the newest first, and in
the trigram index for the rest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from linli.engines.matters.models import Matter, Report
from linli.engines.matters.rules import words
from linli.engines.matters.selectors.queue import COLUMNS, QueueRow, row_of, visible
from linli.engines.matters.services.frame import frame
from linli.engines.matters.services.report import CONTACT, plain_phone
from linli.kernel.access.rules import Actor
from linli.kernel.access.selectors import in_scope
from linli.kernel.sealing import fingerprint

MOST = 50
NEWEST = 2_000  # matters looked through before the index is asked
FROM_INDEX = 2_000  # matches that the index may bring
_CODE = re.compile(r"\d{6}-?[0-9A-Z]{0,8}")
_PHONE = re.compile(r"\+?[\d ()-]{7,20}")


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found, the newest report first. ``by``: code, phone, words, or empty where nothing was asked.

    ``more``: there is more than is shown; ask with more words.
    """

    by: str
    rows: tuple[QueueRow, ...]
    more: bool


def search(*, actor: Actor, at: datetime, asked: str) -> Found:
    """Find matters by their number (or its beginning), by a telephone number, else by words and places.

    A telephone number finds only for those with ``matters.read_identity``, where they hold it; the number itself is
    stored nowhere, only its fingerprint.
    """
    actor.require_somewhere("matters.read")
    asked = asked.strip()
    code = asked.upper()
    if _CODE.fullmatch(code):
        if "-" not in code:
            code = f"{code[:6]}-{code[6:]}"
        rows = list(visible(actor).filter(code__startswith=code).order_by("-reported_at", "-id").values(*COLUMNS)[: MOST + 1])
        if rows:
            return _found("code", rows, at)
    if _PHONE.fullmatch(asked) and actor.holds("matters.read_identity"):
        known = Report.objects.filter(phone_fingerprint=fingerprint(plain_phone(asked), purpose=CONTACT)).values("matter_id")
        readable = in_scope(actor.scopes("matters.read_identity"))
        rows = list(visible(actor).filter(readable, id__in=known).order_by("-reported_at", "-id").values(*COLUMNS)[: MOST + 1])
        if rows:
            return _found("phone", rows, at)
    patterns = words.patterns(asked)
    if not patterns:
        return Found("", (), False)
    ids, more = _ids_by_words(actor, patterns)
    rows = list(Matter.objects.filter(id__in=ids).order_by("-reported_at", "-id").values(*COLUMNS)) if ids else []
    return _found("words", rows, at, more=more)


def _found(by: str, values: list[dict[str, Any]], at: datetime, *, more: bool = False) -> Found:
    land = frame()
    return Found(by, tuple(row_of(row, land=land, at=at) for row in values[:MOST]), more or len(values) > MOST)


# The newest that the actor may see, then what the index brings; each part stops early, so that a word that stands in every
# second matter costs no more than one that stands nowhere.
_BY_WORDS = """
WITH newest AS MATERIALIZED (
    SELECT m.id, m.reported_at FROM matters_matter m WHERE {scope} ORDER BY m.reported_at DESC LIMIT {newest}
), near AS MATERIALIZED (
    SELECT newest.id, newest.reported_at FROM newest JOIN matters_matterwords w ON w.matter_id = newest.id WHERE {words}
    ORDER BY newest.reported_at DESC LIMIT {most}
), far AS MATERIALIZED (
    SELECT w.matter_id FROM matters_matterwords w WHERE {words} AND (SELECT count(*) FROM near) < {most} LIMIT {from_index}
)
SELECT id, reported_at FROM near
UNION
SELECT m.id, m.reported_at FROM far JOIN matters_matter m ON m.id = far.matter_id WHERE {scope}
ORDER BY reported_at DESC LIMIT {most}
"""


def _ids_by_words(actor: Actor, patterns: list[str]) -> tuple[list[UUID], bool]:
    conditions: list[str] = []
    given: list[Any] = []
    for scope in actor.scopes("matters.read"):
        conditions.append("(starts_with(m.area_path, %s) AND m.confidentiality <= %s)")
        given += [scope.area_path, int(scope.clearance)]
    likes = ["%" + re.sub(r"([\\%_])", r"\\\1", pattern.upper()) + "%" for pattern in patterns]
    has_words = " AND ".join("upper(w.words) LIKE %s" for _ in likes)
    statement = _BY_WORDS.format(scope=f"({' OR '.join(conditions)})", words=has_words, newest=NEWEST, from_index=FROM_INDEX, most=MOST + 1)
    with connection.cursor() as cursor:
        cursor.execute(statement, [*given, *likes, *likes, *given])
        found = [row[0] for row in cursor.fetchall()]
    return found[:MOST], len(found) > MOST
