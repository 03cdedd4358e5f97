"""One matter for the people who handle it: its story, its clocks, who answers for it and who is present, what can be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from linli.directory.organisation.rules import Holding, PostNode
from linli.engines.matters.models import Matter, MergeSuggestion, Report, Step, Whistle
from linli.engines.matters.playbook import ClassPart
from linli.engines.matters.rules.policy import MatterClass, Policy
from linli.engines.matters.rules.states import State, Verb, next_state
from linli.engines.matters.selectors.queue import visible
from linli.engines.matters.services.act import NoSuchMatter, authority
from linli.engines.matters.services.frame import Frame, frame
from linli.engines.matters.services.report import CONTACT
from linli.kernel.access.rules import Actor, Confidentiality
from linli.kernel.sealing import unseal


@dataclass(frozen=True, slots=True)
class StepView:
    """One step of the story. ``waited``: how long the step before it lasted, in seconds."""

    verb: str
    from_state: str
    to_state: str
    level: int
    level_code: str
    post_names: Mapping[str, str]
    by_clock: bool
    by_reporter: bool
    actor: str
    reason: str
    text: str
    data: Mapping[str, Any]
    at: datetime
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class ReporterView:
    """One reporter. ``contact`` is None unless the asker may see identities, empty for an anonymous reporter."""

    id: UUID
    source: str
    at: datetime
    text: str
    anonymous: bool
    details: Mapping[str, Any]
    contact: Mapping[str, str] | None
    answered_at: datetime | None
    rating: int | None
    solved: bool | None
    comment: str
    joined: bool


@dataclass(frozen=True, slots=True)
class ChainLink:
    """One level of the chain of responsibility: its post, who holds it now, and whether the matter is there."""

    level_code: str
    post: PostNode
    holding: Holding
    is_here: bool


@dataclass(frozen=True, slots=True)
class WhistleView:
    unit_names: Mapping[str, str]
    unit_id: UUID
    reason: str
    called_at: datetime
    due_at: datetime
    reported_in_at: datetime | None
    released_at: datetime | None  # the matter ended before it came
    answer: str
    overdue: bool

    @property
    def waiting(self) -> bool:
        return self.reported_in_at is None and self.released_at is None


@dataclass(frozen=True, slots=True)
class LikeView:
    """Another open matter that looks like this one, with why."""

    id: UUID
    code: str
    state: str
    text: str
    score: float
    reasons: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MatterPage:
    matter: Matter
    state: State
    policy: Policy
    known: MatterClass | None
    form: ClassPart | None
    area_names: tuple[Mapping[str, str], ...]  # from the root down
    accountable: PostNode
    holding: Holding
    handler: PostNode | None
    steps: tuple[StepView, ...]
    reporters: tuple[ReporterView, ...]
    chain: tuple[ChainLink, ...]
    whistles: tuple[WhistleView, ...]
    likes: tuple[LikeView, ...]
    verbs: tuple[Verb, ...]
    overdue: bool


def matter_page(*, actor: Actor, at: datetime, code: str) -> MatterPage:
    """Return everything of one matter by its public number; five queries.

    Raises:
        NoSuchMatter: none of that number that the actor may see.
    """
    matter = visible(actor).filter(code=code).first()
    if matter is None:
        raise NoSuchMatter()
    land = frame()
    policy = land.policy_of(matter.policy)
    state = State(matter.state)
    organisation = land.organisation
    identity = actor.may("matters.read_identity", area_path=matter.area_path, confidentiality=Confidentiality(matter.confidentiality))
    until = matter.closed_at or at
    return MatterPage(
        matter=matter,
        state=state,
        policy=policy,
        known=policy.classes.get(matter.class_code),
        form=next((part for part in land.section.classes if part.code == matter.class_code), None),
        area_names=tuple(area.names for area in land.ground.chain(matter.area_id)),
        accountable=organisation.post(matter.accountable_post_id),
        holding=organisation.holder(matter.accountable_post_id, at),
        handler=organisation.post(matter.handler_post_id) if matter.handler_post_id else None,
        steps=steps_of(matter, land=land),
        reporters=tuple(_reporter(report, identity=identity) for report in Report.objects.filter(matter=matter).order_by("at", "id")),
        chain=_chain(matter, policy=policy, land=land, at=at),
        whistles=tuple(_whistle(whistle, land=land, at=at) for whistle in Whistle.objects.filter(matter=matter).order_by("called_at", "id")),
        likes=_likes(matter, actor=actor),
        verbs=verbs_of(matter, state=state, policy=policy, actor=actor, owner=organisation.post(matter.accountable_post_id)),
        overdue=until > (matter.extended_due_at or matter.due_at),
    )


def steps_of(matter: Matter, *, land: Frame) -> tuple[StepView, ...]:
    """The story of a matter, oldest first. One query."""
    policy = land.policy_of(matter.policy)
    return tuple(
        StepView(
            verb=step.verb,
            from_state=step.from_state,
            to_state=step.to_state,
            level=step.level,
            level_code=policy.levels[step.level].level,
            post_names=land.organisation.post(step.post_id).names if step.post_id else {},
            by_clock=step.actor == "system:clock",
            by_reporter=step.actor == "system:reporter" or step.verb == "report",
            actor=step.actor,
            reason=step.reason,
            text=step.text,
            data=step.data,
            at=step.at,
            recorded_at=step.recorded_at,
        )
        for step in Step.objects.filter(matter=matter).order_by("version")
    )


def _reporter(report: Report, *, identity: bool) -> ReporterView:
    contact: Mapping[str, str] | None = None
    if identity and not report.anonymous:
        contact = orjson.loads(unseal(report.contact, purpose=CONTACT)) if report.contact else {}
    return ReporterView(
        id=report.id,
        source=report.source,
        at=report.at,
        text=report.text,
        anonymous=report.anonymous,
        details=report.details,
        contact=contact,
        answered_at=report.answered_at,
        rating=report.rating,
        solved=report.solved,
        comment=report.comment,
        joined=report.first_matter != report.matter_id,
    )


def _chain(matter: Matter, *, policy: Policy, land: Frame, at: datetime) -> tuple[ChainLink, ...]:
    links = []
    for number, level in enumerate(policy.levels):
        post_id = matter.accountable_post_id if number == matter.level else land.head(level.level, matter.area_id)
        if post_id is not None:
            links.append(ChainLink(level.level, land.organisation.post(post_id), land.organisation.holder(post_id, at), number == matter.level))
    return tuple(links)


def _whistle(whistle: Whistle, *, land: Frame, at: datetime) -> WhistleView:
    return WhistleView(
        unit_names=land.organisation.unit(whistle.unit_id).names,
        unit_id=whistle.unit_id,
        reason=whistle.reason,
        called_at=whistle.called_at,
        due_at=whistle.due_at,
        reported_in_at=whistle.reported_in_at,
        released_at=whistle.released_at,
        answer=whistle.answer,
        overdue=(whistle.reported_in_at or whistle.released_at or at) > whistle.due_at,
    )


def _likes(matter: Matter, *, actor: Actor) -> tuple[LikeView, ...]:
    if matter.closed_at is not None:
        return ()
    found = MergeSuggestion.objects.filter(matter=matter, dismissed_at=None, other__in=visible(actor).filter(closed_at=None))
    rows = found.order_by("-score").values_list("other_id", "other__code", "other__state", "other__text", "score", "reasons")[:10]
    return tuple(LikeView(*row) for row in rows)


def verbs_of(matter: Matter, *, state: State, policy: Policy, actor: Actor, owner: PostNode) -> tuple[Verb, ...]:
    """What the actor can do now: allowed by the table, the playbook, the level and the actor's permissions."""
    depth = Confidentiality(matter.confidentiality)
    verbs = []
    for verb in Verb:
        if verb in (Verb.REPORT, Verb.TIME_OUT, Verb.JOIN, Verb.RATE):
            continue
        possible = next_state(state, verb) is not None or (verb is Verb.RESUME and state is State.SUSPENDED)
        pending = matter.extension_until is not None
        possible = possible and not (verb in (Verb.GRANT_EXTENSION, Verb.DECLINE_EXTENSION) and not pending)
        possible = possible and not (verb is Verb.ASK_EXTENSION and (pending or matter.extensions >= policy.max_extensions))
        possible = possible and not (verb is Verb.ESCALATE and matter.level >= policy.top)
        permission, area_path = authority(verb, area_path=matter.area_path, owner_path=owner.area_path)
        if possible and (state.value, verb.value) not in policy.forbidden and actor.may(permission, area_path=area_path, confidentiality=depth):
            verbs.append(verb)
    return tuple(verbs)
