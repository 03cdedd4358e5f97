"""Checking in: what was done for duties, one visit or what a phone kept for a day, each done or refused by itself."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Max

from linli.engines.duties.events import DutyEvent
from linli.engines.duties.models import CheckInRecord
from linli.engines.duties.playbook import ACT, JUDGE, READ
from linli.engines.duties.rules.forms import checked_answers
from linli.engines.duties.rules.policy import DutyRule
from linli.engines.duties.rules.task import CHECK_INS, WORDS_ONLY, CheckIn, Task, Verb, accept, decide, settle
from linli.engines.duties.services.answers import check_answers
from linli.engines.duties.services.clock import told
from linli.engines.duties.services.confiding import SAID_HERE, Confided, NoPictures, confided_subjects, hand_over
from linli.engines.duties.services.frame import Frame, held_frame
from linli.engines.duties.services.pictures import check_pictures, keep_pictures
from linli.engines.duties.services.rows import CHECK_IN_COLUMNS, audit_entry, events_of, locked_tasks, store_tasks
from linli.kernel.access.rules import Actor, Confidentiality
from linli.kernel.audit.services import Entry, record
from linli.kernel.events.services import publish
from linli.kernel.files.rules import FileOwner
from linli.kernel.files.services import Examined
from linli.kernel.geo.rules import valid_point
from linli.kernel.ids import new_id
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.rows import insert_rows

KEY_MOST = 100
NOTE_MOST = 2_000
FILE_OWNER = "duty_visit"  # the owner of its files: what one visit brought, whatever duties it served


class NoSuchDuty(Refusal):
    code = "duties.no_such_duty"
    message = N_("There is no such duty, or you may not see it.")
    kind = Kind.MISSING


class ChangedMeanwhile(Refusal):
    code = "duties.changed_meanwhile"
    message = N_("Somebody else has worked on this duty since you looked at it.")
    kind = Kind.CONFLICT


class BuildsOnNothing(Refusal):
    code = "duties.builds_on_nothing"
    message = N_("What this check-in builds on was not carried out.")
    kind = Kind.CONFLICT


class NoCheckIn(Refusal):
    code = "duties.no_check_in"
    message = N_("%(verb)s is not something to check in with.")
    field = "verb"


class KeyTooLong(Refusal):
    code = "duties.key_too_long"
    message = N_("An idempotency key has at most %(most)s characters.")
    field = "key"


class KeyUsed(Refusal):
    code = "duties.key_used"
    message = N_("This key was used for something else.")
    kind = Kind.CONFLICT
    field = "key"


class NoteTooLong(Refusal):
    code = "duties.note_too_long"
    message = N_("A note has at most %(most)s characters.")
    field = "note"


class LedgerLeft(Refusal):
    code = "duties.ledger_left"
    message = N_("The ledger of %(place)s is not confirmed yet. Left: %(leaves)s. Write or confirm each on the place's page, then finish.")
    field = "form"


@dataclass(frozen=True, slots=True)
class Left:
    """What the ledger of a census duty's place has left: the place's name and the names of its leaves."""

    place: str
    leaves: Sequence[Mapping[str, str]]


LedgerSource = Callable[[Collection[UUID]], Mapping[UUID, Left]]
_ledgers: list[LedgerSource] = []


def register_ledger_source(source: LedgerSource) -> None:
    """Have a census finish only when ``source(duty ids)`` has nothing left for it; ``config/wiring.py`` joins them."""
    if source not in _ledgers:
        _ledgers.append(source)


def ledger_left(duty_ids: Collection[UUID]) -> dict[UUID, Left]:
    """What is left in the ledgers of these census duties; none for those whose ledger is confirmed. Constant queries."""
    return {duty: left for source in _ledgers for duty, left in source(duty_ids).items() if left.leaves} if duty_ids else {}


@dataclass(frozen=True, slots=True)
class Command:
    """A wish to check in.

    Attributes:
        occurrence_ids: the duties that it serves: one visit may serve several purposes, all of them or none.
        at: when it happened. ``seen``: the version of each of the duties that the asker saw, in their order; empty: whatever it is now.
            What the clock did since, and what the asker did, is no change that needs a decision; what somebody else did is.
        key: the phone's own key of it; the same key gives the first answer again. ``after``: the key of an earlier one that it builds on.
        lon, lat: where the phone was: only whether that lies in the duty's area is kept.
        form: answers by the rule's JSON Schema; of a visit that serves several duties, each takes those that its own schema names.
        photos, signature: pictures that were examined before the write opened; seen by handlers only, kept as the playbook says.
    """

    occurrence_ids: tuple[UUID, ...]
    verb: Verb
    at: datetime
    key: str = ""
    note: str = ""
    form: Mapping[str, Any] | None = None
    lon: float | None = None
    lat: float | None = None
    seen: tuple[int, ...] = ()
    after: str = ""
    photos: Sequence[Examined] = ()
    signature: Examined | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a check-in did: the state and version of each duty after it. ``repeated``: its key was handed in before; nothing was done again."""

    visit: UUID
    states: tuple[str, ...]
    versions: Mapping[UUID, int]
    repeated: bool = False
    verb: str = ""

    def again(self, command: Command) -> Receipt:
        """Return what the first one under this key did.

        Raises:
            KeyUsed: it was of other duties or another verb.
        """
        if self.verb != command.verb.value or self.versions.keys() != set(command.occurrence_ids):
            raise KeyUsed
        return replace(self, repeated=True)


def check_in(commands: Sequence[Command], *, actor: Actor, at: datetime) -> list[Receipt | Refusal]:
    """Carry out check-ins in order; each is done or refused by itself, and a visit of several purposes as a whole.

    Refused: unknown duties, a missing permission, one from the future or from before the duty, a form that does not match,
    a duty that has ended. ``at`` is when they are handed in: nothing may lie after it.
    """
    frame, recorded_at = held_frame(), at
    tasks = locked_tasks([one for command in commands for one in command.occurrence_ids])
    before = _before(commands, actor=actor)
    finishing = [tasks[one] for command in commands if command.verb is Verb.FINISH for one in command.occurrence_ids if one in tasks]
    left = ledger_left({task.id for task in finishing if frame.rule(task.policy_id, task.rule).census})
    said = any(command.note or command.form or command.photos or command.signature for command in commands)
    work = _Work(frame, actor, recorded_at, tasks, others=_others(commands, actor=actor), left=left, elsewhere=confided_subjects(tasks) if said else {})
    results: list[Receipt | Refusal] = []
    for command in commands:
        known = before.get(command.key) if command.key else None
        try:
            receipt = known.again(command) if known is not None else work.add(command, before)
        except Refusal as refusal:
            results.append(refusal)
            continue
        results.append(receipt)
        if command.key:
            before[command.key] = receipt
    work.write()
    return results


def excuse(occurrence_ids: Sequence[UUID], *, note: str, actor: Actor, at: datetime) -> list[Receipt | Refusal]:
    """Accept the explanations of missed duties, with a note; the miss stays on record. Not one's own."""
    frame = held_frame()
    tasks = locked_tasks(occurrence_ids)
    work = _Work(frame, actor, at, tasks)
    results: list[Receipt | Refusal] = []
    for one in occurrence_ids:
        try:
            results.append(work.excuse(one, note=note))
        except Refusal as refusal:
            results.append(refusal)
    work.write()
    return results


class OwnExcuse(Refusal):
    code = "duties.own_excuse"
    message = N_("You answered for this duty yourself: somebody else decides on it.")
    kind = Kind.FORBIDDEN


class _Work:
    """What one batch gathers, to be written in a handful of statements."""

    def __init__(
        self,
        frame: Frame,
        actor: Actor,
        recorded_at: datetime,
        tasks: dict[UUID, Task],
        *,
        others: Mapping[UUID, int] | None = None,
        left: Mapping[UUID, Left] | None = None,
        elsewhere: Mapping[UUID, tuple[str, UUID]] | None = None,
    ) -> None:
        self.left = left or {}
        self.elsewhere = elsewhere or {}  # the subjects of duties whose words are another room's
        self.words: list[tuple[str, Confided]] = []
        self.frame, self.actor, self.recorded_at, self.tasks, self.others = frame, actor, recorded_at, tasks, others or {}
        self.changed: dict[UUID, Task] = {}
        self.rows: list[tuple[Any, ...]] = []
        self.entries: list[Entry] = []
        self.events: list[DutyEvent] = []

    def add(self, command: Command, before: Mapping[str, Receipt]) -> Receipt:
        _check(command)
        if command.after and command.after not in before:
            raise BuildsOnNothing()
        visit = new_id()
        here = self._here(command)
        ids = tuple(dict.fromkeys(command.occurrence_ids))
        seen = _seen(command, before)
        steps = []
        for one in ids:
            task = self._permitted(one, ACT)
            if command.verb not in WORDS_ONLY and one in seen and self.others.get(one, 0) > seen[one]:
                raise ChangedMeanwhile()
            if command.verb is Verb.FINISH and (left := self.left.get(one)) is not None:
                raise LedgerLeft(place=left.place, leaves="; ".join(" / ".join(names.values()) for names in left.leaves))
            rule = self.frame.rule(task.policy_id, task.rule)
            form = _checked_form(command.form, rule, shared=len(ids) > 1)
            if form is not None and command.verb is Verb.FINISH:
                check_answers(task.policy_id, rule, form, day=self.frame.day_of(command.at))
            settled, hops = settle(task, rule=rule, world=self.frame.under(task.policy_id), at=command.at)
            wish = CheckIn(
                command.verb, command.at, command.note, form, first_holder=settled.first_post_id in self.actor.post_ids,
                photos=len(command.photos), signed=command.signature is not None,
            )  # fmt: skip
            steps.append((hops, settled, decide(settled, wish, rule=rule, world=self.frame, recorded_at=self.recorded_at), form))
        forms = {after.id: form for _, _, after, form in steps}
        note, forms = self._confide(command, forms)
        files = self._keep(command, visit, [after for _, _, after, _ in steps])
        for hops, settled, after, _ in steps:
            told(hops, entries=self.entries, events=self.events)
            sender = (self.actor.id, command.key) if command.key else (None, None)
            self._step(settled, after, command.verb, at=command.at, visit=visit, note=note, form=forms[after.id], files=files, here=here, sender=sender)
        return Receipt(
            visit, tuple(after.state.value for _, _, after, _ in steps), {after.id: after.version for _, _, after, _ in steps}, verb=command.verb.value
        )

    def _confide(self, command: Command, forms: dict[UUID, Mapping[str, Any] | None]) -> tuple[str, dict[UUID, Mapping[str, Any] | None]]:
        """What of a visit's words stays here. A note may speak of anybody who was met: where one of its duties is confided, all of it is."""
        note = command.note.strip()
        confided = [one for one in forms if one in self.elsewhere] if command.verb not in SAID_HERE else []
        if not confided:
            return note, forms
        if command.photos or command.signature is not None:
            raise NoPictures
        for place, one in enumerate(confided):
            (kind, ref), said = self.elsewhere[one], note if place == 0 else ""
            if said or forms[one]:
                self.words.append((kind, Confided(ref, one, command.verb, command.at, self.actor.id, said, forms[one] or {})))
        return "", {one: None if one in confided else form for one, form in forms.items()}

    def excuse(self, one: UUID, *, note: str) -> Receipt:
        task = self._permitted(one, JUDGE)
        if task.post_id in self.actor.post_ids or task.first_post_id in self.actor.post_ids:
            raise OwnExcuse()
        after = accept(task, at=self.recorded_at, note=note)
        visit = new_id()
        self._step(task, after, Verb.EXCUSE, at=self.recorded_at, visit=visit, note=note.strip(), form=None, files=[], here="", sender=(None, None))
        return Receipt(visit, (after.state.value,), {after.id: after.version})

    def _keep(self, command: Command, visit: UUID, tasks: Sequence[Task]) -> list[str]:
        """Store the pictures of a visit, for as long as the playbook says; their ids. They are as confidential as the most confidential duty."""
        owner = FileOwner(FILE_OWNER, visit, tasks[0].area_path, max(Confidentiality.INTERNAL, *(task.confidentiality for task in tasks)))
        until = command.at + timedelta(days=self.frame.policy.files_days)
        return keep_pictures(command.photos, command.signature, owner=owner, until=until, actor=self.actor, at=command.at)

    def _here(self, command: Command) -> str:
        """The path of the lowest area that the phone was in, or nothing where it did not say."""
        if command.lon is None or command.lat is None:
            return ""
        return self.frame.ground.locate(*valid_point(command.lon, command.lat)).area.path

    def _permitted(self, one: UUID, permission: str) -> Task:
        task = self.tasks.get(one)
        if task is None or not self.actor.may(READ, area_path=task.area_path, confidentiality=task.confidentiality):
            raise NoSuchDuty()
        self.actor.require(permission, area_path=task.area_path, confidentiality=task.confidentiality)
        return task

    def _step(
        self, before: Task, after: Task, verb: Verb, *, at: datetime, visit: UUID, note: str, form: Any, files: list[str], here: str, sender: Any
    ) -> None:
        self.tasks[after.id] = self.changed[after.id] = after
        self.rows.append((
            new_id(), after.id, after.version, visit, verb.value, self.actor.id, after.post_id, at, self.recorded_at, note,
            dict(form) if form is not None else None, files, here.startswith(after.area_path) if here else None, *sender,
        ))  # fmt: skip
        self.entries.append(audit_entry(before, after, verb=verb, actor=self.actor.id, at=at))
        self.events.extend(events_of(before, after, verb=verb, actor=self.actor.id, at=at))

    def write(self) -> None:
        insert_rows(CheckInRecord, CHECK_IN_COLUMNS, self.rows)
        hand_over(self.words, at=self.recorded_at)
        store_tasks(self.changed.values(), frame=self.frame, at=self.recorded_at)
        record(self.entries)
        publish(self.events)


def _check(command: Command) -> None:
    if command.verb not in CHECK_INS:
        raise NoCheckIn(verb=command.verb.value)
    if not command.occurrence_ids:
        raise NoSuchDuty()
    if len(command.key) > KEY_MOST:
        raise KeyTooLong(most=KEY_MOST)
    if len(command.note) > NOTE_MOST:
        raise NoteTooLong(most=NOTE_MOST)
    check_pictures(command.photos, command.signature)


def _checked_form(form: Mapping[str, Any] | None, rule: DutyRule, *, shared: bool) -> Mapping[str, Any] | None:
    if form is None or rule.form is None:
        return None
    if shared:
        form = {name: value for name, value in form.items() if name in rule.form.get("properties", {})}
    return checked_answers(form, rule.form)


def _before(commands: Sequence[Command], *, actor: Actor) -> dict[str, Receipt]:
    keys = [command.key for command in commands if command.key]
    if not keys:
        return {}
    found: dict[str, Receipt] = {}
    rows = CheckInRecord.objects.filter(sender=actor.id, key__in=keys).values_list("key", "visit", "occurrence__state", "occurrence", "version", "verb")
    for key, visit, state, one, version, verb in rows:
        known = found.get(key or "")
        states, versions = (known.states, known.versions) if known else ((), {})
        found[key or ""] = Receipt(visit, (*states, state), {**versions, one: version}, verb=verb)
    return found


def _others(commands: Sequence[Command], *, actor: Actor) -> dict[UUID, int]:
    """Of the duties whose askers say what they saw: the version that somebody else's last step led to."""
    ids = {one for command in commands if command.seen for one in command.occurrence_ids}
    if not ids:
        return {}
    rows = CheckInRecord.objects.filter(occurrence__in=ids).exclude(actor=actor.id)
    return dict(rows.values_list("occurrence").annotate(Max("version")))


def _seen(command: Command, before: Mapping[str, Receipt]) -> Mapping[UUID, int]:
    """What the asker has seen of each duty: what was said, and what the check-in that it builds on led to."""
    if not command.seen:
        return {}
    built = before[command.after].versions if command.after else {}
    return {one: max(version, built.get(one, 0)) for one, version in zip(command.occurrence_ids, command.seen, strict=True)}
