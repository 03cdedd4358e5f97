"""Writing a leaf of a ledger, and forgetting whom to reach when the time is over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

import orjson
from django.db import connection

from linli.engines.duties.inspections.models import Leaf
from linli.engines.duties.inspections.playbook import WRITE, ledger_policy, policy_of
from linli.engines.duties.inspections.rules.ledger import LeafForm
from linli.engines.duties.models import SubjectRecord
from linli.engines.duties.rules.forms import checked_answers
from linli.engines.duties.rules.policy import Evidence
from linli.engines.duties.rules.task import when_happened
from linli.engines.duties.services.frame import frame
from linli.engines.duties.services.pictures import check_pictures, keep_pictures
from linli.kernel.access.rules import Actor, Confidentiality
from linli.kernel.audit.services import Entry, record
from linli.kernel.clock.services import machine_now
from linli.kernel.erasures.services import note_erasures
from linli.kernel.files.rules import FileOwner
from linli.kernel.files.services import Examined, keep_files_until
from linli.kernel.ids import new_id
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.sealing import seal

SEALED_FOR = "inspections.contact"
ERASED = "inspections.contact"
LEAF_FILES = "leaf"  # the owner of its files: what one version of a leaf was written with
KEY_MOST = 100
OLDEST = timedelta(days=30)  # what was written down on a phone longer ago is looked at again


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


class OutOfTime(Refusal):
    code: ClassVar[str] = "inspections.out_of_time"
    message: ClassVar[str] = N_("A leaf cannot lie before the version that it follows, nor more than %(days)s days back. Write it down as of now.")
    field: ClassVar[str] = "at"


class PhotoMissing(Refusal):
    code: ClassVar[str] = "inspections.photo_missing"
    message: ClassVar[str] = N_("This leaf is not written without a photo.")
    field: ClassVar[str] = "photos"


class SignatureMissing(Refusal):
    code: ClassVar[str] = "inspections.signature_missing"
    message: ClassVar[str] = N_("This leaf is not written without a signature.")
    field: ClassVar[str] = "signature"


class NeverShown(Refusal):
    code: ClassVar[str] = "inspections.never_shown"
    message: ClassVar[str] = N_("This leaf was never given the photo or signature that it asks for now. Write it anew with it.")
    field: ClassVar[str] = "evidence"


class NotAskedFor(Refusal):
    code: ClassVar[str] = "inspections.not_asked_for"
    message: ClassVar[str] = N_("This leaf does not ask for that photo or signature: it is not kept.")
    field: ClassVar[str] = "evidence"


@dataclass(frozen=True, slots=True)
class NewLeaf:
    """What is to be written: ``version`` is the one that the writer saw, 0 where there was none; its pictures were examined before the write opened."""

    kind: str
    place: UUID
    form: str
    answers: Mapping[str, Any]
    version: int
    key: str = ""
    photos: Sequence[Examined] = ()
    signature: Examined | None = None


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


def write_leaf(wanted: NewLeaf, *, actor: Actor, at: datetime, happened_at: datetime | None = None) -> Written:
    """Write the next version of a leaf; the one before stays. ``happened_at``: when that was, of one that was kept on a phone meanwhile.

    Raises:
        Forbidden, NoSuchPlace, NoSuchLeaf: the form is not of the place's stake; BadForm: the answers do not match its schema;
        LeafChanged: somebody wrote another version meanwhile; FromTheFuture, OutOfTime: it cannot have been then;
        PhotoMissing, SignatureMissing, NotAskedFor, TooManyPhotos, NotAPicture: its photos and signature are not what the form asks for.
    """
    subject = _permitted(wanted.kind, wanted.place, actor=actor)
    before = _handed_in_before(wanted, actor=actor)
    return before or _write(wanted, subject, actor=actor, at=at, happened_at=happened_at)


def confirm_leaf(
    *, actor: Actor, at: datetime, kind: str, place: UUID, form: str, version: int, key: str = "", happened_at: datetime | None = None
) -> Written:  # fmt: skip
    """Say that a leaf is still right: its next version says the same. Refused as :func:`write_leaf` is, and where there is no leaf to confirm.

    Its photos and signature hold on: none are asked for again, and they are kept for as long again. A form that asks for something else by now
    is to be written anew (BadForm, NeverShown).
    """
    wanted = NewLeaf(kind, place, form, {}, version, key)
    subject = _permitted(kind, place, actor=actor)
    before = _handed_in_before(wanted, actor=actor)
    if before is not None:
        return before
    current = _current(wanted)
    if current is None or current.answers is None:
        raise NothingToConfirm
    return _write(replace(wanted, answers=current.answers), subject, actor=actor, at=at, happened_at=happened_at, confirms=True)


def _permitted(kind: str, place: UUID, *, actor: Actor) -> SubjectRecord:
    subject = place_subject(kind, place)
    actor.require(WRITE, area_path=subject.area_path, confidentiality=Confidentiality.INTERNAL)
    return subject


def _handed_in_before(wanted: NewLeaf, *, actor: Actor) -> Written | None:
    """What its key has led to, if it was handed in before; from here on nobody else writes this leaf until the transaction ends."""
    with connection.cursor() as cursor:  # the first version has no row to lock
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"leaf:{wanted.place}:{wanted.form}"])
    before = Leaf.objects.filter(writer=actor.id, key=wanted.key[:KEY_MOST]).first() if wanted.key else None
    return Written(before.id, before.version, repeated=True) if before is not None else None


def _current(wanted: NewLeaf) -> Leaf | None:
    return Leaf.objects.filter(kind=wanted.kind, place=wanted.place, form=wanted.form, current=True).first()


def never_shown(current: Leaf, form: LeafForm, *, stake: str) -> bool:
    """Whether the form asks by now for what the leaf was never given: it was written when that was not asked for."""
    return not form.evidence <= policy_of(current.policy).asked(stake, form.code)


def _write(
    wanted: NewLeaf, subject: SubjectRecord, *, actor: Actor, at: datetime, happened_at: datetime | None, confirms: bool = False
) -> Written:  # fmt: skip
    policy_id, stake, form = _form(subject, wanted.form)
    answers = dict(checked_answers(wanted.answers, form.schema))
    current = _current(wanted)
    now = current.version if current else 0
    if now != wanted.version:
        raise LeafChanged(now=now, seen=wanted.version)
    when = when_happened(at, happened_at)
    if when < at - OLDEST or (current is not None and when < current.at):
        raise OutOfTime(days=OLDEST.days)
    if not confirms:
        _check_evidence(wanted, form)
    elif current is not None and never_shown(current, form, stake=stake):
        raise NeverShown
    if current is not None:
        Leaf.objects.filter(id=current.id).update(current=False)
        if current.sealed is not None:  # whom to reach was somebody else: least data
            _forget([current.id], actor=actor, at=at)
    one = new_id()
    evidence = _shown(one, wanted, current if confirms else None, subject, actor=actor, at=when)
    made = Leaf.objects.create(
        id=one, kind=wanted.kind, place=wanted.place, area_id=subject.area_id, area_path=subject.area_path, form=form.code, version=now + 1, policy=policy_id,
        evidence=evidence,
        writer=actor.id, key=wanted.key[:KEY_MOST] or None, at=when, recorded_at=machine_now(), **_kept(form, answers, when),
    )  # fmt: skip
    record([_entry("write_leaf", made.id, actor=actor, at=when, form=form.code, version=made.version)])
    return Written(made.id, made.version)


def _check_evidence(wanted: NewLeaf, form: LeafForm) -> None:
    photos, signed = len(wanted.photos), wanted.signature is not None
    missing = form.missing(photos=photos, signed=signed)
    if Evidence.PHOTO in missing:
        raise PhotoMissing
    if Evidence.SIGNATURE in missing:
        raise SignatureMissing
    if not form.takes(photos=photos, signed=signed):
        raise NotAskedFor
    check_pictures(wanted.photos, wanted.signature)


def _shown(one: UUID, wanted: NewLeaf, confirmed: Leaf | None, subject: SubjectRecord, *, actor: Actor, at: datetime) -> UUID | None:
    """Keep what a version came with, or for as long again what the one came with that it confirms; whose files those are."""
    until = at + timedelta(days=frame().policy.files_days)
    if confirmed is not None:
        if confirmed.evidence is not None:
            keep_files_until(actor=actor, at=at, owner_type=LEAF_FILES, owner_ids=[confirmed.evidence], until=until)
        return confirmed.evidence
    owner = FileOwner(LEAF_FILES, one, subject.area_path, Confidentiality.INTERNAL)
    return one if keep_pictures(wanted.photos, wanted.signature, owner=owner, until=until, actor=actor, at=at) else None


def forget_due(*, at: datetime, most: int = 500) -> int:
    """Forget the contacts whose days are over; return how many. Safe to repeat."""
    due = list(Leaf.objects.select_for_update(skip_locked=True).filter(sealed__isnull=False, forget_at__lte=at).order_by("forget_at")[:most])
    return _forget([leaf.id for leaf in due], actor=Actor.system("inspections"), at=at)


def forget_again(leaf_ids: Sequence[UUID], at: datetime) -> int:
    """Forget what a restored backup has brought back; return how many."""
    return _forget(list(leaf_ids), actor=Actor.system("restore"), at=at)


def _form(subject: SubjectRecord, code: str) -> tuple[UUID, str, LeafForm]:
    policy_id, policy = ledger_policy()
    stake = policy.stake_of(subject.kind, str(subject.facts.get("class", "")))
    form = stake.forms.get(code) if stake else None
    if stake is None or form is None:
        raise NoSuchLeaf
    return policy_id, stake.code, form


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
