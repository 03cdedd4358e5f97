"""Acting on matters: every verb of the life cycle, one command or thousands, in constant queries."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from linli.engines.matters.events import MatterEvent
from linli.engines.matters.models import Matter, Step
from linli.engines.matters.rules.case import Case, revised
from linli.engines.matters.rules.clocks import settle
from linli.engines.matters.rules.command import Command, in_order
from linli.engines.matters.rules.decide import decide
from linli.engines.matters.rules.intake import KEY_MOST, KeyTooLong, cell_of
from linli.engines.matters.rules.policy import Policy
from linli.engines.matters.rules.states import ENDED, State, Verb
from linli.engines.matters.services import rows
from linli.engines.matters.services.frame import Frame, held_frame
from linli.kernel.access.rules import Actor
from linli.kernel.audit.services import Entry, record
from linli.kernel.clock.services import machine_now
from linli.kernel.events.services import publish
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.rows import update_rows

CLOCK = "system:clock"

# What a verb asks of the actor; the rest need "matters.act".
PERMISSION = {
    Verb.FILE: "matters.dispatch",
    Verb.REFUSE: "matters.dispatch",
    Verb.MERGE: "matters.dispatch",
    Verb.DISPATCH: "matters.dispatch",
    Verb.TRANSFER: "matters.dispatch",
    Verb.VERIFY: "matters.verify",
    Verb.CLOSE: "matters.verify",
    Verb.CALL_BACK: "matters.verify",
    Verb.REOPEN: "matters.verify",
    Verb.SUSPEND: "matters.dispatch",
    Verb.GRANT_EXTENSION: "matters.approve",
    Verb.DECLINE_EXTENSION: "matters.approve",
    Verb.WHISTLE: "matters.whistle",
    Verb.CORRECT: "matters.dispatch",
    Verb.REDACT: "matters.redact",
}


# Whether more time is given is decided above the post that answers for the matter, never by that post itself.
_DECIDED_ABOVE = frozenset({Verb.GRANT_EXTENSION, Verb.DECLINE_EXTENSION})


class NoSuchMatter(Refusal):
    code = "matters.no_such_matter"
    message = N_("There is no such matter, or you may not see it.")
    kind = Kind.MISSING


class NotOnThisMatter(Refusal):
    code = "matters.not_on_this_matter"
    message = N_("The post chosen does not serve the area of this matter.")
    field = "post_id"


class OwnExtension(Refusal):
    code = "matters.own_extension"
    message = N_("You asked for this extension yourself: somebody else decides on it.")
    kind = Kind.FORBIDDEN


class MergeIntoEnded(Refusal):
    code = "matters.merge_into_ended"
    message = N_("The other matter has ended already. Merge into one that is open.")
    kind = Kind.CONFLICT


@dataclass(frozen=True, slots=True)
class Done:
    """What a command did. ``repeated``: its key was handed in before; nothing was done again."""

    matter_id: UUID
    version: int
    state: State
    level: int
    post_id: UUID
    repeated: bool = False


@dataclass
class _Work:
    """What one batch gathers, to be written in a handful of statements."""

    actor: str
    recorded_at: datetime
    steps: list[tuple[Any, ...]]
    entries: list[Entry]
    events: list[MatterEvent]

    def add(
        self, before: Case, after: Case, *, verb: str, at: datetime, actor: str, command: Command | None = None, data: dict[str, Any] | None = None
    ) -> None:
        from_state = before.state.value
        wish = {"reason": command.reason.strip(), "text": command.text.strip()} if command else {}
        keyed = {"sender": self.actor, "key": command.key} if command and command.key else {}
        self.steps.append(rows.step_row(after, verb=verb, from_state=from_state, actor=actor, at=at, recorded_at=self.recorded_at, data=data, **wish, **keyed))
        self.entries.append(rows.audit_entry(after, verb=verb, from_state=from_state, actor=actor, at=at))
        self.events.append(rows.event_of(after, before=before, verb=verb, from_state=from_state, actor=actor, at=at))

    def write(self) -> None:
        rows.insert_steps(self.steps)
        record(self.entries)
        publish(self.events)


def authority(verb: Verb, *, area_path: str, owner_path: str) -> tuple[str, str]:
    """Return the permission that a verb asks for, and the area in which it has to be held.

    Args:
        area_path: the matter's area. ``owner_path``: the area of the post that is accountable for it.
    """
    permission = PERMISSION.get(verb, "matters.act")
    if verb not in _DECIDED_ABOVE:
        return permission, area_path
    above = owner_path.rstrip("/").rpartition("/")[0]
    return permission, f"{above}/" if above else owner_path


def act(commands: Sequence[Command], *, actor: Actor) -> list[Done | Refusal]:
    """Carry out ``commands`` in order; each is done or refused by itself.

    Before each, what the matter's clock had brought about by then is settled, so that a late sweep changes nothing.
    Refused: an unknown or invisible matter, a missing permission, a version that is no longer the matter's, a move that
    the table or the playbook does not have.
    """
    frame = held_frame()
    known = rows.locked_cases([command.matter_id for command in commands] + [command.into_id for command in commands if command.into_id])
    repeated = _done_before(commands, actor=actor)
    askers = _askers(commands)
    work = _Work(actor.id, machine_now(), [], [], [])
    changed: dict[UUID, Case] = {}
    ended: dict[UUID, tuple[Case, datetime]] = {}
    corrected: list[tuple[Case, Command]] = []
    reopened: list[UUID] = []
    results: list[Done | Refusal] = []
    for asked in commands:
        if asked.key and asked.key in repeated:
            results.append(repeated[asked.key])
            continue
        try:
            if len(asked.key) > KEY_MOST:
                raise KeyTooLong(most=KEY_MOST)
            case = permitted(known.get(asked.matter_id), actor=actor, verb=asked.verb, frame=frame)
            if asked.verb is Verb.GRANT_EXTENSION and askers.get(case.id) == actor.id:
                raise OwnExtension()
            policy, world = frame.policy_of(case.policy_id), frame.under(case.policy_id)
            settled, hops = settle(case, world=world, policy=policy, at=asked.at)
            command = checked(settled, in_order(settled, asked), frame=frame, known=known, actor=actor)
            after = decide(settled, command, world=world, policy=policy)
        except Refusal as refusal:
            results.append(refusal)
            continue
        _add_hops(work, case, hops)
        work.add(settled, after, verb=command.verb.value, at=command.at, actor=actor.id, command=command, data=_facts(settled, after, command))
        known[after.id] = changed[after.id] = after
        if after.state in ENDED and settled.state not in ENDED:
            ended[after.id] = (after, command.at)
        elif after.state not in ENDED:
            ended.pop(after.id, None)
            if settled.state in ENDED:
                reopened.append(after.id)
        if command.verb is Verb.ASK_EXTENSION:
            askers[after.id] = actor.id
        if command.verb is Verb.CORRECT:
            corrected.append((after, command))
        done = Done(after.id, after.version, after.state, after.level, after.accountable_post_id)
        results.append(done)
        if command.key:
            repeated[command.key] = replace(done, repeated=True)
    _take_back_answers(reopened)
    _store(changed, frame=frame, work=work, ended=ended)
    _store_places(corrected, frame=frame)
    return results


def only(results: Sequence[Done | Refusal]) -> Done:
    """Return the result of a single command; raise it where it is a refusal."""
    (result,) = results
    if isinstance(result, Refusal):
        raise result
    return result


def time_out(matter_ids: Sequence[UUID], *, at: datetime) -> int:
    """Settle the clocks of these matters as of ``at``; return how many moved. Called by the sweep, safe to repeat."""
    frame = held_frame()
    work = _Work(CLOCK, machine_now(), [], [], [])
    changed: dict[UUID, Case] = {}
    for case in rows.locked_cases(matter_ids, skip_locked=True).values():
        after, hops = settle(case, world=frame.under(case.policy_id), policy=frame.policy_of(case.policy_id), at=at)
        if hops:
            _add_hops(work, case, hops)
            changed[case.id] = after
    _store(changed, frame=frame, work=work, ended={})
    return len(changed)


def due_matters(*, at: datetime, limit: int = 500, without: Collection[UUID] = ()) -> list[UUID]:
    """Return the matters whose clocks change something by ``at``, the longest overdue first; ``without`` those that failed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM matters_matter WHERE wake_at <= %s AND id <> ALL(%s::uuid[]) ORDER BY wake_at LIMIT %s", [at, list(without), limit])
        return [row[0] for row in cursor.fetchall()]


def _done_before(commands: Sequence[Command], *, actor: Actor) -> dict[str, Done]:
    keys = [command.key for command in commands if command.key]
    if not keys:
        return {}
    steps = Step.objects.filter(sender=actor.id, key__in=keys).values_list("key", "matter_id", "version", "to_state", "level", "post_id")
    return {key: Done(matter, version, State(state), level, post, repeated=True) for key, matter, version, state, level, post in steps if key}


def _askers(commands: Sequence[Command]) -> dict[UUID, str]:
    """Who last asked for more time on the matters that are to be given it: one query, none when nothing is granted."""
    wanted = [command.matter_id for command in commands if command.verb is Verb.GRANT_EXTENSION]
    if not wanted:
        return {}
    return dict(Step.objects.filter(matter_id__in=wanted, verb=Verb.ASK_EXTENSION).order_by("version").values_list("matter_id", "actor"))


def permitted(case: Case | None, *, actor: Actor, verb: Verb, frame: Frame) -> Case:
    if case is None or not actor.may("matters.read", area_path=case.area_path, confidentiality=case.confidentiality):
        raise NoSuchMatter()
    owner = frame.organisation.post(case.accountable_post_id)
    permission, area_path = authority(verb, area_path=case.area_path, owner_path=owner.area_path)
    actor.require(permission, area_path=area_path, confidentiality=case.confidentiality)
    return case


def checked(case: Case, command: Command, *, frame: Frame, known: dict[UUID, Case], actor: Actor) -> Command:
    """Return the command with its place as the ground is now; it was found on the ground as it was when the page was made.

    Refuses a handler or owner that is retired or serves another area, and a merge into what is ended, unknown or not the
    actor's to see.
    """
    if command.verb is Verb.MERGE and command.into_id is not None:
        into = permitted(known.get(command.into_id), actor=actor, verb=command.verb, frame=frame)
        if not into.is_open:
            raise MergeIntoEnded()
    if command.verb in (Verb.DISPATCH, Verb.TRANSFER) and command.post_id is not None:
        post = frame.organisation.post(command.post_id)
        if (
            post.retired
            or not case.area_path.startswith(post.area_path)
            or (command.verb is Verb.TRANSFER and post.level != frame.policy_of(case.policy_id).levels[case.level].level)
        ):
            raise NotOnThisMatter()
    if command.verb is Verb.CORRECT and command.place is not None:
        return replace(command, place=replace(command.place, area_path=frame.ground.area(command.place.area_id).path))
    return command


def _facts(before: Case, after: Case, command: Command) -> dict[str, Any]:
    """Return the codes that the story of the step needs besides reason and text."""
    facts: dict[str, Any] = {}
    if after.handler_post_id and after.handler_post_id != before.handler_post_id:
        facts["handler"] = str(after.handler_post_id)
    if command.until is not None:
        facts["until"] = command.until.isoformat()
    if command.reached is not None:
        facts["reached"] = command.reached
    if after.class_code != before.class_code:
        facts["class"] = [before.class_code, after.class_code]
    if after.area_id != before.area_id:
        facts["area"] = [before.area_path, after.area_path]
    if after.merged_into_id is not None:
        facts["into"] = str(after.merged_into_id)
    if command.file_ids:
        facts["files"] = [str(file_id) for file_id in command.file_ids]
    return facts


def _add_hops(work: _Work, case: Case, hops: Sequence[Any]) -> None:
    for hop in hops:
        after = revised(case, version=case.version + 1, state=hop.to_state, level=hop.level, accountable_post_id=hop.post_id)
        work.add(case, after, verb=hop.verb.value, at=hop.at, actor=CLOCK)
        case = after


def _store(changed: dict[UUID, Case], *, frame: Frame, work: _Work, ended: dict[UUID, tuple[Case, datetime]]) -> None:
    pairs: list[tuple[Case, Policy]] = [(case, frame.policy_of(case.policy_id)) for _, case in sorted(changed.items())]
    _hand_over_reports([case for case, _ in pairs if case.state is State.MERGED and case.id in ended])
    _answer([(case, at) for case, at in ended.values() if case.state is not State.MERGED])
    _release(ended)
    if pairs:
        rows.store_cases(pairs)
    work.write()


def _hand_over_reports(merged: Sequence[Case]) -> None:
    """Give the reporters of merged matters to the one that goes on: each keeps a receipt (invariant B)."""
    into = {case.id: case.merged_into_id for case in merged if case.merged_into_id}
    ends = {}
    for start, target in into.items():
        end = target
        while end in into:  # a later command of this batch merged the target as well
            end = into[end]
        ends[start] = end
    if ends:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE matters_report r SET matter_id = given.goes_to FROM unnest(%s::uuid[], %s::uuid[]) AS given (id, goes_to) WHERE r.matter_id = given.id",
                [list(ends), list(ends.values())],
            )


def _take_back_answers(reopened: Sequence[UUID]) -> None:
    """What a reopened matter told its reporters is no longer its outcome: they are to be told again (the story keeps it)."""
    if reopened:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE matters_report SET answered_at = NULL, answer = '' WHERE matter_id = ANY(%s::uuid[])", [list(reopened)])


def _answer(ended: Sequence[tuple[Case, datetime]]) -> None:
    """Write the outcome on every reporter's receipt, in the transaction that ends the matter (DECIDED 8)."""
    if ended:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE matters_report r SET answered_at = given.at, answer = given.answer"
                " FROM unnest(%s::uuid[], %s::timestamptz[], %s::text[]) AS given (id, at, answer) WHERE r.matter_id = given.id",
                [[case.id for case, _ in ended], [at for _, at in ended], [case.outcome_text for case, _ in ended]],
            )


def _release(ended: dict[UUID, tuple[Case, datetime]]) -> None:
    """Nobody has to come any more to what has ended: departments that had not reported in stay on record as called."""
    if ended:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE matters_whistle w SET released_at = greatest(given.at, w.called_at) FROM unnest(%s::uuid[], %s::timestamptz[]) AS given (id, at)"
                " WHERE w.matter_id = given.id AND w.reported_in_at IS NULL AND w.released_at IS NULL",
                [list(ended), [at for _, at in ended.values()]],
            )


def _store_places(corrected: Sequence[tuple[Case, Command]], *, frame: Frame) -> None:
    """Write what a correction changes beside the case: point, address, kind."""
    placed = [(case, command.place) for case, command in corrected if command.place is not None]
    update_rows(
        Matter,
        ("id", "lon", "lat", "cell", "address"),
        [(case.id, place.lon, place.lat, cell_of(place.lon, place.lat), place.address) for case, place in placed],
    )
    classed = [(case.id, frame.policy_of(case.policy_id).classes[case.class_code]) for case, command in corrected if command.class_code or command.condition]
    update_rows(Matter, ("id", "kind", "urgent"), [(matter_id, known.kind, known.urgent) for matter_id, known in classed])
