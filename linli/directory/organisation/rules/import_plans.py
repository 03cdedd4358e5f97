"""The plans of the three imports: rows against what is on record. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from linli.directory.organisation.rules.importing import (
    Effect,
    ImportKind,
    Line,
    Nearest,
    Plan,
    RowRefused,
    cells,
    day_end,
    day_start,
    matched_columns,
    needed,
    read_day,
    titled,
)
from linli.directory.organisation.rules.nodes import FOREVER
from linli.directory.organisation.rules.tables import Table
from linli.kernel.refusal import N_


@dataclass(frozen=True, slots=True)
class PersonValue:
    code: str
    name: str
    contact: str
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KnownPerson:
    id: UUID
    name: str
    languages: tuple[str, ...]
    contact_fingerprint: bytes | None


@dataclass(frozen=True, slots=True)
class PostValue:
    """``existing`` is the post to change, None for a new one."""

    code: str
    names: Mapping[str, str]
    role: str
    unit_id: UUID
    area_id: UUID
    level: str
    rank: int
    existing: UUID | None = None


@dataclass(frozen=True, slots=True)
class PostsOnRecord:
    """What posts are planned against: posts by code, units and areas (id, level) by code, known roles (empty: any)."""

    posts: Mapping[str, PostValue]
    units: Mapping[str, UUID]
    areas: Mapping[str, tuple[UUID, str]]
    roles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Term:
    """An appointment on record."""

    id: UUID
    person_id: UUID
    starts_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class AppointmentValue:
    """``existing`` is the appointment whose end changes, None for a new one."""

    post_id: UUID
    person_id: UUID
    starts_at: datetime
    ends_at: datetime | None
    existing: UUID | None = None


def plan_people(table: Table, known: Mapping[str, KnownPerson], fingerprint: Callable[[str], bytes]) -> Plan[PersonValue]:
    """Plan an import of people, matched by number. A cell left empty changes nothing."""
    places = matched_columns(ImportKind.PEOPLE, table.header)
    lines: list[Line[PersonValue]] = []
    seen: dict[str, int] = {}
    for number, row in cells(table, places):
        key = row.get("code", "")
        try:
            value = _person(row)
            _once(seen, value.code, number)
            on_record = known.get(value.code)
            languages = value.languages or (on_record.languages if on_record else ("zh-hans",))
            value = PersonValue(value.code, value.name, value.contact, languages)
            if on_record is None:
                effect = Effect.ADDED
            else:
                same_contact = not value.contact or fingerprint(value.contact) == on_record.contact_fingerprint
                same = same_contact and (value.name, languages) == (on_record.name, on_record.languages)
                effect = Effect.UNCHANGED if same else Effect.CHANGED
            lines.append(Line(number, key, effect, value))
        except RowRefused as refused:
            lines.append(Line(number, key, Effect.REFUSED, reason=titled(ImportKind.PEOPLE, refused.reason)))
    return Plan(ImportKind.PEOPLE, table.encoding, tuple(lines))


def _person(row: Mapping[str, str]) -> PersonValue:
    contact = row.get("contact", "")
    if contact and not re.fullmatch(r"\+?[\d\s\-()]{5,24}|[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+", contact):
        raise RowRefused(N_("contact is neither a telephone number nor an e-mail address"))
    languages = tuple(part for part in re.split(r"[,;、，；/\s]+", row.get("languages", "").lower()) if part)
    wrong = next((part for part in languages if not re.fullmatch(r"[a-z]{2,3}(-[a-z0-9]{2,8})*", part)), None)
    if wrong is not None:
        raise RowRefused(N_("“%(text)s” is not a language tag such as zh-hans or en"), text=wrong)
    return PersonValue(needed(row, "code", longest=64), needed(row, "name", longest=150), contact, languages)


def _once(seen: dict[str, int], key: str, number: int) -> None:
    first = seen.setdefault(key, number)
    if first != number:
        raise RowRefused(N_("the same entry stands in row %(row)s"), row=first)


def plan_posts(table: Table, on_record: PostsOnRecord) -> Plan[PostValue]:
    """Plan an import of posts, matched by code. Unit and area of a post on record do not change: make a new post instead."""
    places = matched_columns(ImportKind.POSTS, table.header)
    lines: list[Line[PostValue]] = []
    seen: dict[str, int] = {}
    ranks = {(post.unit_id, post.level, post.rank): code for code, post in on_record.posts.items()}
    near = {"unit": Nearest(on_record.units), "area": Nearest(on_record.areas), "role": Nearest(on_record.roles)}
    for number, row in cells(table, places):
        key = row.get("code", "")
        try:
            value = _post(row, on_record, near)
            _once(seen, value.code, number)
            before = on_record.posts.get(value.code)
            taken = ranks.get((value.unit_id, value.level, value.rank), value.code)
            if taken != value.code:
                raise RowRefused(N_("rank %(rank)s of this unit belongs to the post %(post)s"), rank=value.rank, post=taken)
            if before is None:
                effect = Effect.ADDED
            elif (value.unit_id, value.area_id, value.level) != (before.unit_id, before.area_id, before.level):
                raise RowRefused(N_("a post keeps its unit, area and level; make a new post and retire this one"))
            else:
                effect = Effect.UNCHANGED if value == before else Effect.CHANGED
                ranks.pop((before.unit_id, before.level, before.rank), None)
            ranks[value.unit_id, value.level, value.rank] = value.code
            lines.append(Line(number, key, effect, value))
        except RowRefused as refused:
            lines.append(Line(number, key, Effect.REFUSED, reason=titled(ImportKind.POSTS, refused.reason)))
    return Plan(ImportKind.POSTS, table.encoding, tuple(lines))


def _post(row: Mapping[str, str], on_record: PostsOnRecord, near: Mapping[str, Nearest]) -> PostValue:
    code, name, role = needed(row, "code"), needed(row, "name_zh"), needed(row, "role")
    unit, area, rank = needed(row, "unit"), needed(row, "area"), needed(row, "rank")
    if unit not in on_record.units:
        raise RowRefused(N_("there is no unit %(code)s (nearest: %(nearest)s)"), code=unit, nearest=near["unit"](unit))
    if area not in on_record.areas:
        raise RowRefused(N_("there is no area %(code)s (nearest: %(nearest)s)"), code=area, nearest=near["area"](area))
    if on_record.roles and role not in on_record.roles:
        raise RowRefused(N_("the playbook has no role %(code)s (nearest: %(nearest)s)"), code=role, nearest=near["role"](role))
    if not re.fullmatch(r"[1-9]\d{0,3}", rank):
        raise RowRefused(N_("“%(text)s” is not a rank: 1, 2, 3, …"), text=rank)
    before = on_record.posts.get(code)
    area_id, level = on_record.areas[area]
    english = row.get("name_en", "") or (before.names.get("en", "") if before else "") or name
    level = row.get("level", "") or (before.level if before else level)
    return PostValue(code, {"zh": name, "en": english}, role, on_record.units[unit], area_id, level, int(rank), before.existing if before else None)


def plan_appointments(
    table: Table, *, posts: Mapping[str, UUID], people: Mapping[str, UUID], names: Mapping[UUID, str], terms: Mapping[UUID, list[Term]], zone: ZoneInfo
) -> Plan[AppointmentValue]:
    """Plan an import of appointments, matched by post, person and first day. Days are whole days of ``zone``, the last one included.

    A row that overlaps another appointment to the post, on record or in the file, is refused and names whose it is.
    """
    places = matched_columns(ImportKind.APPOINTMENTS, table.header)
    lines: list[Line[AppointmentValue]] = []
    seen: dict[str, int] = {}
    held = {post_id: list(spans) for post_id, spans in terms.items()}
    near = Nearest(posts)
    for number, row in cells(table, places):
        key = " · ".join(part for part in (row.get("post", ""), row.get("person", ""), row.get("starts", "")) if part)
        try:
            value = _appointment(row, posts, people, zone, near)
            _once(seen, f"{value.post_id} {value.starts_at}", number)
            spans = held.setdefault(value.post_id, [])
            before = next((term for term in spans if term.person_id == value.person_id and term.starts_at == value.starts_at), None)
            end = value.ends_at or FOREVER
            other = next((term for term in spans if term is not before and term.starts_at < end and value.starts_at < (term.ends_at or FOREVER)), None)
            if other is not None:
                raise RowRefused(N_("%(name)s holds this post then"), name=names.get(other.person_id, "—"))
            if before is None:
                effect = Effect.ADDED
            else:
                effect = Effect.UNCHANGED if before.ends_at == value.ends_at else Effect.CHANGED
                spans.remove(before)
                value = AppointmentValue(value.post_id, value.person_id, value.starts_at, value.ends_at, before.id)
            spans.append(Term(value.post_id, value.person_id, value.starts_at, value.ends_at))
            lines.append(Line(number, key, effect, value))
        except RowRefused as refused:
            lines.append(Line(number, key, Effect.REFUSED, reason=titled(ImportKind.APPOINTMENTS, refused.reason)))
    return Plan(ImportKind.APPOINTMENTS, table.encoding, tuple(lines))


def _appointment(row: Mapping[str, str], posts: Mapping[str, UUID], people: Mapping[str, UUID], zone: ZoneInfo, near: Nearest) -> AppointmentValue:
    post, person = needed(row, "post"), needed(row, "person")
    if post not in posts:
        raise RowRefused(N_("there is no post %(code)s (nearest: %(nearest)s)"), code=post, nearest=near(post))
    if person not in people:
        raise RowRefused(N_("there is no person with the number %(code)s"), code=person)
    starts_at = day_start(read_day(needed(row, "starts")), zone)
    last = row.get("ends", "")
    ends_at = day_end(read_day(last), zone) if last else None
    if ends_at is not None and ends_at <= starts_at:
        raise RowRefused(N_("the last day comes before the first"))
    return AppointmentValue(posts[post], people[person], starts_at, ends_at)
