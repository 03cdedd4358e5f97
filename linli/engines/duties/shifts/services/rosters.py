"""Laying shifts out, signing up and leaving, swapping. What a captain writes by hand is in ``publishing.py``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import ClassVar
from uuid import UUID

from django.db import connection
from django.db.models import F, QuerySet

from linli.directory.teams.playbook import team_kinds, teams_section
from linli.directory.teams.rules import UnknownCourse
from linli.directory.teams.selectors import TeamFact, team_fact
from linli.directory.teams.services import courses_missing, is_captain, is_member
from linli.engines.duties.shifts.events import PartChanged, ShiftCalledOff
from linli.engines.duties.shifts.models import Shift, ShiftPart, ShiftTemplate
from linli.engines.duties.shifts.playbook import MANAGE, shifts_section
from linli.engines.duties.shifts.rules.roster import week_of
from linli.engines.duties.shifts.rules.signing import NotIn, NotOfTheTeam, Part, ShiftOver, Window, leave, sign
from linli.kernel.access.rules import Actor, NotSignedIn
from linli.kernel.audit.services import Entry, record
from linli.kernel.calendar.selectors import working_calendar
from linli.kernel.clock.services import machine_now
from linli.kernel.events.services import publish
from linli.kernel.ids import new_id
from linli.kernel.refusal import N_, Kind, Refusal

HELD = (Part.SIGNED.value, Part.WAITING.value)


class NoSuchShift(Refusal):
    code: ClassVar[str] = "shifts.no_such_shift"
    message: ClassVar[str] = N_("There is no such shift.")
    kind: ClassVar[Kind] = Kind.MISSING


class BadTemplate(Refusal):
    code: ClassVar[str] = "shifts.bad_template"
    message: ClassVar[str] = N_("A shift lasts 15 minutes to a day, comes on at least one weekday, and asks for at most as many people as it takes.")
    field: ClassVar[str] = "most"


class NotOffered(Refusal):
    code: ClassVar[str] = "shifts.not_offered"
    message: ClassVar[str] = N_("Nobody offers this place any more.")
    kind: ClassVar[Kind] = Kind.CONFLICT


@dataclass(frozen=True, slots=True)
class NewTemplate:
    """A weekly shift: ``weekdays`` 0 Monday … 6 Sunday; ``skills``: course → of how many people."""

    names: Mapping[str, str]
    weekdays: tuple[int, ...]
    begins: time
    minutes: int
    least: int
    most: int
    first_on: date
    last_on: date | None = None
    skills: Mapping[str, int] | None = None


def lay_template(*, actor: Actor, at: datetime, team_id: UUID, template: NewTemplate) -> UUID:
    """Take a weekly shift in and lay its days out. Refuses anybody but captains and ``shifts.manage``, impossible numbers."""
    team = led(actor, at, team_id)
    counts = 0 <= template.least <= template.most and template.most >= 1 and 15 <= template.minutes <= 1440
    days = template.weekdays and all(0 <= day <= 6 for day in template.weekdays)
    if not counts or not days or (template.last_on is not None and template.last_on < template.first_on):
        raise BadTemplate
    known = {course.code for course in teams_section().courses}
    for skill in template.skills or {}:
        if skill not in known:
            raise UnknownCourse(given=skill)
    made = ShiftTemplate.objects.create(
        team_id=team.id, names=dict(template.names), weekdays=sorted(set(template.weekdays)), begins=template.begins, minutes=template.minutes,
        least=template.least, most=template.most, skills=dict(template.skills or {}), first_on=template.first_on, last_on=template.last_on, at=at,
        recorded_at=machine_now(),
    )  # fmt: skip
    note(actor, at, "lay_template", made.id)
    lay_out(at=at, templates=[made])
    return made.id


def end_template(*, actor: Actor, at: datetime, template_id: UUID, last_on: date) -> None:
    """End a weekly shift with a day: later shifts are called off. Refuses anybody but captains and ``shifts.manage``."""
    found = ShiftTemplate.objects.select_for_update().filter(id=template_id).first()
    if found is None:
        raise NoSuchShift
    led(actor, at, found.team_id)
    if last_on < found.first_on:
        raise BadTemplate
    ShiftTemplate.objects.filter(id=found.id).update(last_on=last_on)
    midnight = datetime.combine(last_on + timedelta(days=1), time(), working_calendar().zone)
    later = Shift.objects.filter(template=found, starts_at__gte=max(midnight, at), called_off_at=None)
    for shift_id in list(later.values_list("id", flat=True)):
        _call_off(actor, at, shift_id)
    note(actor, at, "end_template", found.id)


def lay_out(*, at: datetime, templates: Iterable[ShiftTemplate] | None = None) -> int:
    """Lay the shifts of weekly templates out for the playbook's days ahead; return how many are new. Safe to repeat."""
    section, zone = shifts_section(), working_calendar().zone
    today = at.astimezone(zone).date()
    rows: list[Shift] = []
    for template in ShiftTemplate.objects.filter(team__disbanded_at=None) if templates is None else templates:
        for number in range(section.horizon_days + 1):
            day = today + timedelta(days=number)
            if day.weekday() not in template.weekdays or day < template.first_on or (template.last_on is not None and day > template.last_on):
                continue
            starts = datetime.combine(day, template.begins, zone)
            if starts <= at:
                continue
            rows.append(
                Shift(
                    id=new_id(), template=template, team_id=template.team_id, starts_at=starts, ends_at=starts + timedelta(minutes=template.minutes),
                    least=template.least, most=template.most, skills=template.skills, recorded_at=machine_now(),
                )
            )  # fmt: skip
    before = Shift.objects.count()
    Shift.objects.bulk_create(rows, ignore_conflicts=True, batch_size=2000)
    return Shift.objects.count() - before


def sign_up(*, actor: Actor, at: datetime, shift_id: UUID) -> Part:
    """Sign up for a shift of one's team, for oneself: a place, or one on the waiting list.

    Raises:
        NotSignedIn, NoSuchShift, NotOfTheTeam, NotReady, ShiftOver, SignedAlready, TooLittleRest, EnoughThisWeek.
    """
    person = own_person(actor)
    one_after_the_other()
    shift = held_shift(shift_id)
    return _sign(actor, at, shift, person)


def _sign(actor: Actor, at: datetime, shift: Shift, person: UUID) -> Part:
    section = shifts_section()
    taken = ShiftPart.objects.filter(shift=shift, state=Part.SIGNED.value).count()
    near = too_near(person, shift, timedelta(hours=section.rest_hours)).values_list("starts_at", "ends_at")
    in_it = ShiftPart.objects.filter(shift=shift, person_id=person, state__in=HELD).exists()
    part = sign(
        _window(shift), taken=taken, at=at, in_it=in_it, missing=_missing(shift, person), own=near,
        rest=timedelta(hours=section.rest_hours), held=_held_that_week(person, shift), most_a_week=section.most_a_week,
    )  # fmt: skip
    enter(shift, person, part, at)
    tell(actor, at, shift.id, person, part)
    return part


def too_near(person: UUID, shift: Shift, rest: timedelta) -> QuerySet[ShiftPart]:
    """Somebody's parts in other shifts that leave less than the rest to this one."""
    near = ShiftPart.objects.filter(person_id=person, state=Part.SIGNED.value, starts_at__lt=shift.ends_at + rest, ends_at__gt=shift.starts_at - rest)
    return near.exclude(shift=shift)


def _held_that_week(person: UUID, shift: Shift) -> int:
    """How many shifts somebody has in the week of this one, of whatever team."""
    zone = working_calendar().zone
    monday = week_of(shift.starts_at, zone=zone)
    begin, end = (datetime.combine(day, time(), zone) for day in (monday, monday + timedelta(days=7)))
    return ShiftPart.objects.filter(person_id=person, state=Part.SIGNED.value, starts_at__gte=begin, starts_at__lt=end).exclude(shift=shift).count()


def _missing(shift: Shift, person: UUID) -> tuple[str, ...]:
    """What keeps somebody from a shift: the courses of the team's kind on that day; not being a member says so as well."""
    if not is_member(shift.team_id, person):
        raise NotOfTheTeam
    kind = team_kinds().get(team_fact(shift.team_id).kind)
    return courses_missing(kind, person, shift.starts_at.astimezone(working_calendar().zone).date()) if kind else ()


def cancel(*, actor: Actor, at: datetime, shift_id: UUID, person_id: UUID | None = None) -> None:
    """Leave a shift, until the cut-off; a captain releases others until it begins. Whoever waits first moves up.

    Raises:
        NotSignedIn, NoSuchShift, NotIn, ShiftOver, CutOffPassed, Forbidden.
    """
    person = person_id or own_person(actor)
    one_after_the_other()
    shift = held_shift(shift_id)
    captain = person != actor.person_id
    if captain:
        led(actor, at, shift.team_id)
    row = ShiftPart.objects.filter(shift=shift, person_id=person, state__in=HELD).first()
    state = leave(_window(shift), Part(row.state) if row else None, at=at, by_captain=captain)
    assert row is not None
    put_out(row, state)
    tell(actor, at, shift.id, person, state)
    if row.state == Part.SIGNED:
        _move_up(actor, at, shift)


def _move_up(actor: Actor, at: datetime, shift: Shift) -> None:
    """The first who waits, has no other shift too near and not enough of them that week, gets the place."""
    section = shifts_section()
    rest = timedelta(hours=section.rest_hours)
    for row in ShiftPart.objects.filter(shift=shift, state=Part.WAITING.value).order_by("at", "id"):
        free = not too_near(row.person_id, shift, rest).exists() and _held_that_week(row.person_id, shift) < section.most_a_week
        if free and not _missing_or_gone(shift, row.person_id):
            ShiftPart.objects.filter(id=row.id).update(state=Part.SIGNED.value)
            tell(actor, at, shift.id, row.person_id, Part.SIGNED)
            return


def _missing_or_gone(shift: Shift, person: UUID) -> bool:
    try:
        return bool(_missing(shift, person))
    except NotOfTheTeam:
        return True


def offer(*, actor: Actor, at: datetime, shift_id: UUID, offered: bool = True) -> None:
    """Offer one's place to colleagues, or take the offer back; the place stays one's own until somebody takes it."""
    person = own_person(actor)
    shift = held_shift(shift_id)
    if at >= shift.starts_at:
        raise ShiftOver
    rows = ShiftPart.objects.filter(shift=shift, person_id=person, state=Part.SIGNED.value)
    if not rows.update(offered_at=at if offered else None):
        raise NotIn
    note(actor, at, "offer" if offered else "keep", shift.id)


def take_offer(*, actor: Actor, at: datetime, shift_id: UUID, part_id: UUID) -> None:
    """Take a colleague's offered place: one leaves and the other enters in one write.

    Raises:
        NotOffered, and what :func:`sign_up` refuses.
    """
    person = own_person(actor)
    one_after_the_other()
    shift = held_shift(shift_id)
    row = ShiftPart.objects.filter(id=part_id, shift=shift, state=Part.SIGNED.value, offered_at__isnull=False).first()
    if row is None or row.person_id == person:
        raise NotOffered
    ShiftPart.objects.filter(shift=shift, person_id=person, state=Part.WAITING.value).update(state=Part.CANCELLED.value)
    put_out(row, Part.SWAPPED)
    tell(actor, at, shift.id, row.person_id, Part.SWAPPED)
    if _sign(actor, at, shift, person) is not Part.SIGNED:
        raise NotOffered


def call_off(*, actor: Actor, at: datetime, shift_id: UUID) -> None:
    """Call one shift off: everybody in it is free. Refuses anybody but captains and ``shifts.manage``, one that has begun."""
    shift = held_shift(shift_id)
    led(actor, at, shift.team_id)
    if at >= shift.starts_at:
        raise ShiftOver
    _call_off(actor, at, shift.id)


def _call_off(actor: Actor, at: datetime, shift_id: UUID) -> None:
    Shift.objects.filter(id=shift_id).update(called_off_at=at)
    for row in ShiftPart.objects.filter(shift_id=shift_id, state__in=HELD):
        put_out(row, Part.CANCELLED)
        tell(actor, at, shift_id, row.person_id, Part.CANCELLED)
    publish([ShiftCalledOff(key=shift_id, at=at)])


def free_member(*, actor: Actor, at: datetime, team_id: UUID, person_id: UUID) -> int:
    """Take somebody who left a team out of its coming shifts; whoever waits moves up. Return how many. Safe to repeat.

    Refuses an actor without ``shifts.manage`` there who is no captain.
    """
    led(actor, at, team_id)
    if is_member(team_id, person_id):  # back already
        return 0
    one_after_the_other()
    rows = ShiftPart.objects.filter(shift__team_id=team_id, person_id=person_id, starts_at__gt=at, state__in=HELD).order_by("starts_at")
    for row in rows:
        shift = held_shift(row.shift_id)
        put_out(row, Part.CANCELLED)
        tell(actor, at, shift.id, person_id, Part.CANCELLED)
        if row.state == Part.SIGNED:
            _move_up(actor, at, shift)
    return len(rows)


def begin_shifts(shift_ids: Sequence[UUID], *, at: datetime) -> list[Shift]:
    """Note that these shifts have begun and return those, each once in its life; others that hold them are left to them. Two queries."""
    unseen = Shift.objects.filter(id__in=list(shift_ids), begun=False, starts_at__lte=at, called_off_at=None)
    begun = list(unseen.select_for_update(of=("self",), skip_locked=True).order_by("starts_at", "id"))
    Shift.objects.filter(id__in=[shift.id for shift in begun]).update(begun=True)
    return begun


def end_shifts(*, at: datetime, team_id: UUID) -> int:
    """A team is no more: its weekly shifts end and those ahead are called off; return how many. Safe to repeat."""
    actor, today = Actor.system("shifts"), at.astimezone(working_calendar().zone).date()
    ShiftTemplate.objects.filter(team_id=team_id, first_on__lte=today).update(last_on=today)
    ShiftTemplate.objects.filter(team_id=team_id, first_on__gt=today).update(last_on=F("first_on"))
    ahead = list(Shift.objects.filter(team_id=team_id, starts_at__gt=at, called_off_at=None).values_list("id", flat=True))
    for shift_id in ahead:
        _call_off(actor, at, shift_id)
    return len(ahead)


def _window(shift: Shift) -> Window:
    cut_off = timedelta(hours=shifts_section().cut_off_hours)
    return Window(shift.starts_at, shift.ends_at, shift.most, cut_off, called_off=shift.called_off_at is not None)


def enter(shift: Shift, person: UUID, part: Part, at: datetime) -> None:
    """Write somebody's part in a shift."""
    span = {"starts_at": shift.starts_at, "ends_at": shift.ends_at}
    ShiftPart.objects.create(shift=shift, person_id=person, state=part.value, **span, at=at, recorded_at=machine_now())


def put_out(row: ShiftPart, state: Part) -> None:
    """Somebody is no longer in a shift: who had come before it began has not been there."""
    ShiftPart.objects.filter(id=row.id).update(state=state.value, offered_at=None, arrived_at=None)


def one_after_the_other() -> None:
    """Places are given one after the other, in whatever team: nobody gets two in one instant that do not go together. Taken before any shift is held."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('shifts.signing'))")


def held_shift(shift_id: UUID) -> Shift:
    """The shift, held until the write ends: places are given one after the other."""
    shift = Shift.objects.select_for_update(of=("self",)).filter(id=shift_id).first()
    if shift is None:
        raise NoSuchShift
    return shift


def own_person(actor: Actor) -> UUID:
    """The actor's person. Raises: NotSignedIn, NotOfTheTeam."""
    if actor.person_id is None:
        raise NotSignedIn if actor.user_id is None else NotOfTheTeam
    return actor.person_id


def led(actor: Actor, at: datetime, team_id: UUID) -> TeamFact:
    """A team that the actor leads, as its captain now or by ``shifts.manage`` there. Raises: NoSuchTeam, Forbidden."""
    team = team_fact(team_id)
    if not is_captain(team_id, actor.person_id, at):
        actor.require(MANAGE, area_path=team.area_path)
    return team


def tell(actor: Actor, at: datetime, shift_id: UUID, person: UUID, part: Part) -> None:
    """Note and publish that somebody's part in a shift has changed."""
    note(actor, at, "part", shift_id, after=part.value)
    publish([PartChanged(key=person, at=at, shift=shift_id, part=part.value, own=person == actor.person_id)])


def note(actor: Actor, at: datetime, action: str, subject: UUID, *, after: str = "") -> None:
    """One audit entry of a shift."""
    record([Entry(at=at, actor=actor.id, action=f"shifts.{action}", subject_type="shift", subject=subject, to_state=after)])
