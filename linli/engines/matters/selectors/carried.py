"""Matters as somebody carries them along: whole, so that they can be read and acted on where no server is reached."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Case, IntegerField, Q, QuerySet, When

from linli.directory.organisation.rules import UnitNode
from linli.directory.people.selectors import names_of
from linli.engines.matters.models import Matter, Report, Step, Whistle
from linli.engines.matters.rules.states import State, Verb
from linli.engines.matters.selectors.desk import accounts_of
from linli.engines.matters.selectors.page import verbs_of
from linli.engines.matters.selectors.queue import visible
from linli.engines.matters.services.act import NoSuchMatter
from linli.engines.matters.services.frame import Frame, frame
from linli.engines.matters.services.report import FILE_OWNER
from linli.engines.matters.services.whistle import waiting_whistles
from linli.kernel.access.rules import Actor
from linli.kernel.access.selectors import in_scope
from linli.kernel.files.rules import FileKind
from linli.kernel.files.selectors import FileView, files_of

MOST = 300  # matters that one person carries
ACT = "matters.act"


@dataclass(frozen=True, slots=True)
class CarriedStep:
    """One step of the story; ``number`` is the matter's version after it, ``who`` the name of whoever did it."""

    number: int
    verb: str
    at: datetime
    who: str
    by_clock: bool
    by_reporter: bool
    reason: str
    text: str
    post_names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Carried:
    """A matter with its story, its reporters' words (never who they are), its photos, and what the bearer may do with it."""

    matter: Matter
    mine: bool
    class_names: Mapping[str, str]
    area_names: Mapping[str, str]
    post_names: Mapping[str, str]
    holder: str
    verbs: Sequence[Verb]
    steps: Sequence[CarriedStep]
    words: Sequence[tuple[datetime, str]]
    photos: Sequence[FileView]
    whistles: Sequence[tuple[Whistle, Mapping[str, str]]]


@dataclass(frozen=True, slots=True)
class Load:
    """What one person carries; ``left_out``: how many more there are than can be carried."""

    matters: Sequence[Carried]
    left_out: int
    units: Sequence[UnitNode]


def carried(*, actor: Actor, at: datetime) -> Load:
    """Return the open matters that the actor may act on, own posts' first, then by the nearest deadline; constant queries."""
    own = _of_posts(actor)
    found = _reach(actor).filter(closed_at=None)
    ranked = found.annotate(rank=Case(When(own, then=0), default=1, output_field=IntegerField())).order_by("rank", "level_due_at", "id")
    matters = list(ranked[: MOST + 1])
    left_out = found.count() - MOST if len(matters) > MOST else 0
    land = frame()
    units = [unit for unit in land.organisation.units if unit.kind == "department"] if actor.holds("matters.whistle") else []
    return Load(_loaded(matters[:MOST], actor=actor, at=at, land=land), left_out, units)


def carried_matter(*, actor: Actor, at: datetime, code: str) -> Carried:
    """Return one matter as it is now, ended ones too.

    Raises:
        NoSuchMatter: none of that number that the actor may see.
    """
    found = list(visible(actor).filter(code=code))
    if not found:
        raise NoSuchMatter()
    return _loaded(found, actor=actor, at=at, land=frame())[0]


def _reach(actor: Actor) -> QuerySet[Matter]:
    return visible(actor).filter(in_scope(actor.scopes(ACT)))


def _of_posts(actor: Actor) -> Q:
    posts = list(actor.post_ids)
    return Q(accountable_post_id__in=posts) | Q(handler_post_id__in=posts)


def _loaded(matters: Sequence[Matter], *, actor: Actor, at: datetime, land: Frame) -> list[Carried]:
    ids = [matter.id for matter in matters]
    organisation = land.organisation
    steps = _gathered(Step.objects.filter(matter_id__in=ids).order_by("matter_id", "version"))
    reports = _gathered(Report.objects.filter(matter_id__in=ids).order_by("matter_id", "at", "id"))
    whistles = _gathered(waiting_whistles().filter(matter_id__in=ids).order_by("called_at", "id"))
    accounts = accounts_of({step.actor for told in steps.values() for step in told}, organisation)
    holdings = {matter.id: organisation.holder(matter.accountable_post_id, at) for matter in matters}
    people = names_of({holding.person_id for holding in holdings.values()})
    files = files_of(actor, FILE_OWNER, ids) if actor.holds("files.read") else {}
    return [
        Carried(
            matter=matter,
            mine=bool({matter.accountable_post_id, matter.handler_post_id} & actor.post_ids),
            class_names=known.names if (known := land.policy_of(matter.policy).classes.get(matter.class_code)) else {"zh": matter.class_code},
            area_names=land.ground.area(matter.area_id).names,
            post_names=organisation.post(matter.accountable_post_id).names,
            holder=people.get(holdings[matter.id].person_id, ""),
            verbs=verbs_of(
                matter, state=State(matter.state), policy=land.policy_of(matter.policy), actor=actor, owner=organisation.post(matter.accountable_post_id)
            ),
            steps=[_step(step, accounts=accounts, land=land) for step in steps.get(matter.id, ())],
            words=[(report.at, report.text) for report in reports.get(matter.id, ()) if report.text],
            photos=[file for file in files.get(matter.id, ()) if file.kind is FileKind.PHOTO],
            whistles=[(whistle, organisation.unit(whistle.unit_id).names) for whistle in whistles.get(matter.id, ())],
        )
        for matter in matters
    ]


def _step(step: Step, *, accounts: Mapping[str, str], land: Frame) -> CarriedStep:
    return CarriedStep(
        number=step.version,
        verb=step.verb,
        at=step.at,
        who=accounts.get(step.actor, ""),
        by_clock=step.actor == "system:clock",
        by_reporter=step.actor == "system:reporter" or step.verb == "report",
        reason=step.reason,
        text=step.text,
        post_names=land.organisation.post(step.post_id).names if step.post_id else {},
    )


def _gathered(rows: Iterable[Step] | Iterable[Report] | Iterable[Whistle]) -> dict[UUID, list]:
    gathered: dict[UUID, list] = {}
    for row in rows:
        gathered.setdefault(row.matter_id, []).append(row)
    return gathered
