"""On-boarding people, posts and appointments from a table: planned first, shown, then carried out whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any, ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

from linli.directory.organisation.models import Appointment, Post, Unit
from linli.directory.organisation.playbook import MANAGE, DirectorySection
from linli.directory.organisation.rules.import_plans import (
    AppointmentValue,
    KnownPerson,
    PersonValue,
    PostsOnRecord,
    PostValue,
    Term,
    plan_appointments,
    plan_people,
    plan_posts,
)
from linli.directory.organisation.rules.importing import Effect, ImportKind, Plan
from linli.directory.organisation.rules.tables import Table, read_table
from linli.directory.organisation.services.appointments import NewAppointment, appoint_all, change_ends
from linli.directory.organisation.services.posts import NewPost, change_posts, create_posts
from linli.directory.people.models import Person
from linli.directory.people.services import CONTACT, NewPerson, change_people, enter_people, one_form
from linli.directory.territory.models import Area, Territory
from linli.kernel.access.rules import Actor
from linli.kernel.epoch.services import bump
from linli.kernel.playbooks.rules import UnknownSection
from linli.kernel.playbooks.selectors import NoPlaybook, active_playbook
from linli.kernel.refusal import N_, Refusal
from linli.kernel.sealing import fingerprint


class RowsRefused(Refusal):
    """Some rows cannot be taken in, so none was; the preview names each."""

    code: ClassVar[str] = "import.rows_refused"
    message: ClassVar[str] = N_("%(count)s rows cannot be taken in, so nothing was changed. First: row %(row)s.")


def preview_import(*, actor: Actor, kind: ImportKind, data: bytes) -> Plan[Any]:
    """What importing the file would change, row by row; changes nothing.

    Refuses an actor without ``directory.manage``, a file that is no such table (see ``rules.tables``, ``rules.importing``).
    """
    actor.require(MANAGE)
    return _PLANS[kind](read_table(data))


def import_table(*, actor: Actor, at: datetime, kind: ImportKind, data: bytes, skip_refused: bool = False) -> Plan[Any]:
    """Import the file: every row that adds or changes something, in the one write that is open. Returns the plan carried out.

    Refuses as :func:`preview_import` does; and, unless ``skip_refused``, a file in which any row is refused.
    """
    actor.require(MANAGE)
    bump()  # before the records are read: what is planned is what is there when it is carried out
    plan = _PLANS[kind](read_table(data))
    refused = plan.of(Effect.REFUSED)
    if refused and not skip_refused:
        raise RowsRefused(count=len(refused), row=refused[0].row)
    added = [line.value for line in plan.of(Effect.ADDED)]
    changed = [line.value for line in plan.of(Effect.CHANGED)]
    _CARRY_OUT[kind](actor, at, added, changed)
    return plan


# -- planning --------------------------------------------------------------------------------------------------------


def _plan_people(table: Table) -> Plan[PersonValue]:
    known = {
        code: KnownPerson(person_id, name, tuple(languages), bytes(found) if found is not None else None)
        for code, person_id, name, languages, found in Person.objects.filter(erased_at=None).values_list(
            "code", "id", "display_name", "languages", "contact_fingerprint"
        )
    }
    return plan_people(table, known, lambda contact: fingerprint(one_form(contact), purpose=CONTACT))


def _plan_posts(table: Table) -> Plan[PostValue]:
    posts = {
        code: PostValue(code, names, role, unit_id, area_id, level, rank, post_id)
        for post_id, code, names, role, unit_id, area_id, level, rank in Post.objects.filter(retired_at=None).values_list(
            "id", "code", "names", "role", "unit_id", "area_id", "level", "rank"
        )
    }
    units = dict(Unit.objects.values_list("code", "id"))
    areas = {code: (area_id, level) for code, area_id, level in Area.objects.values_list("code", "id", "level")}
    return plan_posts(table, PostsOnRecord(posts, units, areas, _roles()))


def _roles() -> frozenset[str]:
    try:
        return frozenset(role.code for role in active_playbook().section(DirectorySection).roles)
    except (NoPlaybook, UnknownSection):
        return frozenset()


def _plan_appointments(table: Table) -> Plan[AppointmentValue]:
    terms: dict[UUID, list[Term]] = {}
    on_record = Appointment.objects.order_by("starts_at").values_list("post_id", "id", "person_id", "starts_at", "ends_at")
    for post_id, key, person_id, starts_at, ends_at in on_record:
        terms.setdefault(post_id, []).append(Term(key, person_id, starts_at, ends_at))
    people = list(Person.objects.filter(erased_at=None).values_list("code", "id", "display_name"))
    zone = Territory.objects.values_list("timezone", flat=True).first()
    return plan_appointments(
        table,
        posts=dict(Post.objects.filter(retired_at=None).values_list("code", "id")),
        people={code: person_id for code, person_id, _ in people},
        names={person_id: name for _, person_id, name in people},
        terms=terms,
        zone=_zone(zone or "Asia/Shanghai"),
    )


@lru_cache(maxsize=8)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


_PLANS: dict[ImportKind, Callable[[Table], Plan[Any]]] = {
    ImportKind.PEOPLE: _plan_people,
    ImportKind.POSTS: _plan_posts,
    ImportKind.APPOINTMENTS: _plan_appointments,
}


# -- carrying out ----------------------------------------------------------------------------------------------------


def _carry_out_people(actor: Actor, at: datetime, added: list[PersonValue], changed: list[PersonValue]) -> None:
    if added:
        enter_people(actor=actor, at=at, people=[_new_person(value) for value in added])
    if changed:
        change_people(actor=actor, at=at, people=[_new_person(value) for value in changed])


def _new_person(value: PersonValue) -> NewPerson:
    return NewPerson(value.code, value.name, value.contact, value.languages)


def _carry_out_posts(actor: Actor, at: datetime, added: list[PostValue], changed: list[PostValue]) -> None:
    if changed:
        change_posts(actor=actor, at=at, posts={value.existing: (value.names, value.role, value.rank) for value in changed if value.existing})
    if added:
        create_posts(
            actor=actor,
            at=at,
            posts=[NewPost(value.code, value.names, value.role, value.unit_id, value.area_id, value.level, value.rank) for value in added],
        )


def _carry_out_appointments(actor: Actor, at: datetime, added: list[AppointmentValue], changed: list[AppointmentValue]) -> None:
    if changed:
        change_ends(actor=actor, at=at, ends={value.existing: value.ends_at for value in changed if value.existing})
    if added:
        appoint_all(actor=actor, at=at, appointments=[NewAppointment(value.post_id, value.person_id, value.starts_at, value.ends_at) for value in added])


_CARRY_OUT: dict[ImportKind, Callable[[Actor, datetime, list[Any], list[Any]], None]] = {
    ImportKind.PEOPLE: _carry_out_people,
    ImportKind.POSTS: _carry_out_posts,
    ImportKind.APPOINTMENTS: _carry_out_appointments,
}
