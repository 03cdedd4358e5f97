"""Giving roles to accounts directly, without a post."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django.db import IntegrityError, connection

from linli.kernel.access.models import RoleAssignment, User
from linli.kernel.access.rules import EVERYWHERE, MANAGE, Actor
from linli.kernel.access.selectors import roles
from linli.kernel.access.services.users import UnknownUser
from linli.kernel.audit.services import Entry, record
from linli.kernel.clock.services import machine_now
from linli.kernel.epoch import services as epoch
from linli.kernel.ids import new_id
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.writing import attempt


class UnknownRole(Refusal):
    code: ClassVar[str] = "access.unknown_role"
    message: ClassVar[str] = N_("There is no role “%(role)s”. Known: %(known)s.")
    field: ClassVar[str] = "role"


class HeldAlready(Refusal):
    code: ClassVar[str] = "access.role_held"
    message: ClassVar[str] = N_("The account holds this role there already.")
    kind: ClassVar[Kind] = Kind.CONFLICT
    field: ClassVar[str] = "role"


class NotHeld(Refusal):
    code: ClassVar[str] = "access.role_not_held"
    message: ClassVar[str] = N_("The account does not hold this role there.")
    kind: ClassVar[Kind] = Kind.MISSING
    field: ClassVar[str] = "role"


class ResidentsHoldNoRole(Refusal):
    """A code sent to a phone is enough for one's own reports, and too little for other people's."""

    code: ClassVar[str] = "access.resident_role"
    message: ClassVar[str] = N_("A resident's account holds no role. Make a staff account for this person.")
    kind: ClassVar[Kind] = Kind.CONFLICT


def check_role(role: str) -> None:
    """Refuse a role that neither the program nor the active playbook knows.

    Raises:
        UnknownRole: with the known ones.
    """
    known = roles()
    if role not in known:
        raise UnknownRole(role=role, known=", ".join(sorted(known)))


def give_role(*, actor: Actor, at: datetime, user_id: UUID, role: str, area_path: str = EVERYWHERE) -> RoleAssignment:
    """Give an account a role in an area (a path with a trailing slash; empty: everywhere).

    Raises:
        Forbidden: the actor does not manage access there.
        UnknownUser, UnknownRole, HeldAlready, ResidentsHoldNoRole: bad input.
    """
    actor.require(MANAGE, area_path=area_path)
    check_role(role)
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        raise UnknownUser
    if user.kind == User.Kind.RESIDENT:
        raise ResidentsHoldNoRole
    assignment = RoleAssignment(id=new_id(), user=user, role=role, area_path=area_path, at=at, recorded_at=machine_now())
    try:
        with attempt():
            assignment.save(force_insert=True)
    except IntegrityError:
        raise HeldAlready from None
    _record(actor, at, user_id, "user.give_role", role, area_path)
    return assignment


def take_role(*, actor: Actor, at: datetime, user_id: UUID, role: str, area_path: str = EVERYWHERE) -> None:
    """Take a role back; it stays on record as ended.

    Raises:
        Forbidden: the actor does not manage access there.
        NotHeld: there is nothing to take.
    """
    actor.require(MANAGE, area_path=area_path)
    if not RoleAssignment.objects.filter(user_id=user_id, role=role, area_path=area_path, ended_at=None).update(ended_at=at):
        raise NotHeld
    _record(actor, at, user_id, "user.take_role", role, area_path)


def follow_moved(*, moved: Mapping[str, str]) -> int:
    """Let roles and programs' keys of areas go along when the areas move in the tree (old path → new); return how many. Safe to repeat.

    A role that is held there already stays once.
    """
    changed = 0
    with connection.cursor() as cursor:
        given = [list(moved), list(moved.values())]
        cursor.execute(
            "UPDATE access_roleassignment AS r SET area_path = given.new FROM unnest(%s::text[], %s::text[]) AS given (old, new) WHERE r.area_path = given.old"
            " AND (r.ended_at IS NOT NULL OR NOT EXISTS (SELECT FROM access_roleassignment h WHERE h.ended_at IS NULL"
            " AND h.user_id = r.user_id AND h.role = r.role AND h.area_path = given.new))",
            given,
        )
        changed += cursor.rowcount
        cursor.execute(
            "UPDATE access_apikey AS k SET area_path = given.new FROM unnest(%s::text[], %s::text[]) AS given (old, new) WHERE k.area_path = given.old", given
        )
        changed += cursor.rowcount
    if changed:
        epoch.bump()
    return int(changed)


def _record(actor: Actor, at: datetime, user_id: UUID, action: str, role: str, area_path: str) -> None:
    record([Entry(at=at, actor=actor.id, action=action, subject_type="user", subject=user_id, details={"role": role, "area": area_path})])
    epoch.bump()
