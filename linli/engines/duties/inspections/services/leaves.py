"""Writing a leaf of a ledger, and forgetting whom to reach when the time is over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

import orjson
from django.db import connection

from linli.engines.duties.inspections.models import Leaf
from linli.engines.duties.inspections.playbook import WRITE, ledger_policy
from linli.engines.duties.inspections.rules.ledger import LeafForm
from linli.engines.duties.models import SubjectRecord
from linli.engines.duties.rules.forms import checked_answers
from linli.kernel.access.rules import Actor, Confidentiality
from linli.kernel.audit.services import Entry, record
from linli.kernel.clock.services import machine_now
from linli.kernel.erasures.services import note_erasures
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.sealing import seal

SEALED_FOR = "inspections.contact"
ERASED = "inspections.contact"
KEY_MOST = 100


class NoSuchPlace(Refusal):
    code: ClassVar[str] = "inspections.no_such_place"
    message: ClassVar[str] = N_("There is no such place with a ledger, or you may not see it.")
    kind: ClassVar[Kind] = Kind.MISSING


class NoSuchLeaf(Refusal):
    code: ClassVar[str] = "inspections.no_such_form"
    message: ClassVar[str] = N_("The ledger of this place has no such form.")
    kind: ClassVar[Kind] = Kind.MISSING
    field: ClassVar[str] = "form"


class NothingToConfirm(Refusal):
    code: ClassVar[str] = "inspections.nothing_to_confirm"
    message: ClassVar[str] = N_("There is nothing on this leaf that could be confirmed: fill it in.")
    field: ClassVar[str] = "form"


class LeafChanged(Refusal):
    code: ClassVar[str] = "inspections.leaf_changed"
    message: ClassVar[str] = N_("Somebody wrote this leaf meanwhile (version %(now)s, you saw %(seen)s). Look at it and write yours again.")
    kind: ClassVar[Kind] = Kind.CONFLICT
    field: ClassVar[str] = "version"


@dataclass(frozen=True, slots=True)
class NewLeaf:
    """What is to be written: ``version`` is the one that the writer saw, 0 where there was none."""

    kind: str
    place: UUID
    form: str
    answers: Mapping[str, Any]
    version: int
    key: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """``repeated``: it was handed in before under the same key; nothing was written again."""

    leaf_id: UUID
    version: int
    repeated: bool = False


def place_subject(kind: str, place: UUID) -> SubjectRecord:
    """The place as duties know it.

    Raises:
        NoSuchPlace: it is in no stake.
    """
    found = SubjectRecord.objects.filter(kind=kind, ref=place, ended_at=None).first()
    if found is None or ledger_policy()[1].stake_of(kind, str(found.facts.get("class", ""))) is None:
        raise NoSuchPlace
    return found


def write_leaf(wanted: NewLeaf, *, actor: Actor, at: datetime) -> Written:
    """Write the next version of a leaf; the one before stays.

    Raises:
        Forbidden, NoSuchPlace, NoSuchLeaf: the form is not of the place's stake; BadForm: the answers do not match its schema;
        LeafChanged: somebody wrote another version meanwhile.
    """
    subject = place_subject(wanted.kind, wanted.place)
    actor.require(WRITE, area_path=subject.area_path, confidentiality=Confidentiality.INTERNAL)
    policy_id, form = _form(subject, wanted.form)
    answers = dict(checked_answers(wanted.answers, form.schema))
    with connection.cursor() as cursor:  # the first version has no row to lock
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"leaf:{wanted.place}:{wanted.form}"])
    key = wanted.key[:KEY_MOST] or None
    before = Leaf.objects.filter(writer=actor.id, key=key).first() if key else None
    if before is not None:
        return Written(before.id, before.version, repeated=True)
    current = Leaf.objects.filter(kind=wanted.kind, place=wanted.place, form=wanted.form, current=True).first()
    now = current.version if current else 0
    if now != wanted.version:
        raise LeafChanged(now=now, seen=wanted.version)
    if current is not None:
        Leaf.objects.filter(id=current.id).update(current=False)
        if current.sealed is not None:  # whom to reach was somebody else: least data
            _forget([current.id], actor=actor, at=at)
    made = Leaf.objects.create(
        kind=wanted.kind, place=wanted.place, area_id=subject.area_id, area_path=subject.area_path, form=form.code, version=now + 1, policy=policy_id,
        writer=actor.id, key=key, at=at, recorded_at=machine_now(), **_kept(form, answers, at),
    )  # fmt: skip
    record([_entry("write_leaf", made.id, actor=actor, at=at, form=form.code, version=made.version)])
    return Written(made.id, made.version)


def confirm_leaf(*, actor: Actor, at: datetime, kind: str, place: UUID, form: str, version: int, key: str = "") -> Written:
    """Say that a leaf is still right: its next version says the same. Refused as :func:`write_leaf` is, and where there is no leaf to confirm.

    A form that asks for something else by now is to be written anew (BadForm).
    """
    subject = place_subject(kind, place)
    actor.require(WRITE, area_path=subject.area_path, confidentiality=Confidentiality.INTERNAL)
    current = Leaf.objects.filter(kind=kind, place=place, form=form, current=True).first()
    if current is None or current.answers is None:
        raise NothingToConfirm
    return write_leaf(NewLeaf(kind, place, form, current.answers, version, key), actor=actor, at=at)


def forget_due(*, at: datetime, most: int = 500) -> int:
    """Forget the contacts whose days are over; return how many. Safe to repeat."""
    due = list(Leaf.objects.select_for_update(skip_locked=True).filter(sealed__isnull=False, forget_at__lte=at).order_by("forget_at")[:most])
    return _forget([leaf.id for leaf in due], actor=Actor.system("inspections"), at=at)


def forget_again(leaf_ids: Sequence[UUID], at: datetime) -> int:
    """Forget what a restored backup has brought back; return how many."""
    return _forget(list(leaf_ids), actor=Actor.system("restore"), at=at)


def _form(subject: SubjectRecord, code: str) -> tuple[UUID, LeafForm]:
    policy_id, policy = ledger_policy()
    stake = policy.stake_of(subject.kind, str(subject.facts.get("class", "")))
    form = stake.forms.get(code) if stake else None
    if form is None:
        raise NoSuchLeaf
    return policy_id, form


def _kept(form: LeafForm, answers: dict[str, Any], at: datetime) -> dict[str, Any]:
    if form.contact_days is None:
        return {"answers": answers}
    return {"sealed": seal(orjson.dumps(answers).decode(), purpose=SEALED_FOR), "forget_at": at + timedelta(days=form.contact_days)}


def _forget(leaf_ids: list[UUID], *, actor: Actor, at: datetime) -> int:
    ids = list(Leaf.objects.filter(id__in=leaf_ids, sealed__isnull=False).values_list("id", flat=True))
    Leaf.objects.filter(id__in=ids).update(sealed=None, forget_at=None, forgotten_at=at)
    record([_entry("forget_contact", leaf, actor=actor, at=at) for leaf in ids])
    note_erasures(kind=ERASED, subjects=ids, at=at)
    return len(ids)


def _entry(verb: str, leaf: UUID, *, actor: Actor, at: datetime, **details: object) -> Entry:
    return Entry(at=at, actor=actor.id, action=f"inspections.{verb}", subject_type="leaf", subject=leaf, details=details)
