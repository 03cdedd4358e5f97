"""What people do with notices: read them, say what they want, send them again; and who sets up groups."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar
from uuid import UUID, uuid5

from linli.kernel.access.rules import Actor, NotSignedIn, declare
from linli.kernel.audit.services import Entry, record
from linli.kernel.notices.models import GroupChannel, Notice, NoticePreference
from linli.kernel.notices.rules import RESENDABLE, TEMPLATES, Channel, NoticeState, QuietHours
from linli.kernel.notices.services.channels import GROUP_PURPOSE, leaves, robot_service
from linli.kernel.notices.services.queue import SWEEP, UnknownNotice
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.sealing import seal
from linli.kernel.sweeps import wake_sweep

READ_OUTBOX = declare("notices.read_outbox", text=N_("see what was sent to whom"), administrative=True)
MANAGE = declare("notices.manage", text=N_("set up group channels and send notices again"), administrative=True)
_GROUPS = UUID("5d5c1f7e-7f0b-5f39-9a43-6f0f0c6a5d10")  # namespace of the groups' pseudonyms in the audit


class CannotRefuse(Refusal):
    code: ClassVar[str] = "notices.cannot_refuse"
    message: ClassVar[str] = N_("This kind of notice cannot be turned off.")
    field: ClassVar[str] = "template"


class BadQuietHours(Refusal):
    code: ClassVar[str] = "notices.bad_quiet_hours"
    message: ClassVar[str] = N_("Quiet hours are two times of day.")
    field: ClassVar[str] = "quiet"


class BadGroupName(Refusal):
    code: ClassVar[str] = "notices.bad_group_name"
    message: ClassVar[str] = N_("A group channel's name is 1 to 40 small letters, digits and hyphens.")
    field: ClassVar[str] = "name"


class BadGroupAddress(Refusal):
    code: ClassVar[str] = "notices.bad_group_address"
    message: ClassVar[str] = N_("This is not the address of a group's robot that can be written to.")
    field: ClassVar[str] = "address"


class NoSuchGroup(Refusal):
    code: ClassVar[str] = "notices.no_such_group"
    message: ClassVar[str] = N_("There is no group channel named %(name)s.")
    kind: ClassVar[Kind] = Kind.MISSING


class NotResendable(Refusal):
    code: ClassVar[str] = "notices.not_resendable"
    message: ClassVar[str] = N_("%(count)s of these notices cannot be sent again: sent already, still waiting, forgotten, or nothing leaves by their channel.")
    kind: ClassVar[Kind] = Kind.CONFLICT


def own_ref(actor: Actor) -> str:
    """The reference under which an actor is told things.

    Raises:
        NotSignedIn: nobody is.
    """
    if actor.person_id is not None:
        return f"person:{actor.person_id}"
    if actor.user_id is not None:
        return f"user:{actor.user_id}"
    raise NotSignedIn


def mark_read(*, actor: Actor, at: datetime, notice_ids: Sequence[UUID]) -> int:
    """Mark own in-app notices as read; return how many were unread. Others' are left alone, as if they did not exist."""
    return Notice.objects.filter(id__in=list(notice_ids), recipient=own_ref(actor), channel=Channel.IN_APP, read_at=None).update(read_at=at)


def set_preference(
    *, actor: Actor, at: datetime, channel: Channel, template: str = "", wanted: bool = True, digest: bool = False, quiet: QuietHours | None = None
) -> None:
    """Say what one wants of a channel, or (with ``template``) of one kind of notice by it.

    Raises:
        NotSignedIn, UnknownNotice, CannotRefuse, BadQuietHours.
    """
    recipient = own_ref(actor)
    declared = TEMPLATES.get(template)
    if template and declared is None:
        raise UnknownNotice(template=template)
    if declared is not None and declared.mandatory and not wanted:
        raise CannotRefuse
    if quiet is not None and not (0 <= quiet.start < 1440 and 0 <= quiet.end < 1440):
        raise BadQuietHours
    values = {
        "wanted": wanted,
        "digest": digest and not template,
        "quiet_start": quiet.start if quiet and not template else None,
        "quiet_end": quiet.end if quiet and not template else None,
        "at": at,
    }
    NoticePreference.objects.update_or_create(recipient=recipient, channel=channel, template=template, defaults=values)
    subject = actor.person_id or actor.user_id
    assert subject is not None  # own_ref refused otherwise
    details = {"channel": channel, "template": template, "wanted": wanted, "digest": digest}
    record([Entry(at=at, actor=actor.id, action="notices.prefer", subject_type="person", subject=subject, details=details)])


def save_group_channel(*, actor: Actor, at: datetime, name: str, names: Mapping[str, str], address: str) -> GroupChannel:
    """Set up a group's robot by its Apprise address (``wecombot://KEY``, ``dingtalk://SECRET@TOKEN``, ``feishu://TOKEN``, …), or change it.

    Raises:
        Forbidden: no ``notices.manage``.
        BadGroupName, BadGroupAddress.
    """
    actor.require(MANAGE)
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?", name):
        raise BadGroupName
    service = robot_service(address.strip())
    if service is None:
        raise BadGroupAddress
    values = {
        "names": {"zh": names.get("zh") or name, "en": names.get("en") or name},
        "address": seal(address.strip(), purpose=GROUP_PURPOSE),
        "service": service,
        "active": True,
        "at": at,
    }
    group, _ = GroupChannel.objects.update_or_create(name=name, defaults=values)
    record([_group_entry(actor, at, name, "active")])
    return group


def stop_group_channel(*, actor: Actor, at: datetime, name: str) -> None:
    """Write to a group no more.

    Raises:
        Forbidden, NoSuchGroup.
    """
    actor.require(MANAGE)
    if not GroupChannel.objects.filter(name=name, active=True).update(active=False, at=at):
        raise NoSuchGroup(name=name)
    record([_group_entry(actor, at, name, "stopped")])


def _group_entry(actor: Actor, at: datetime, name: str, state: str) -> Entry:
    return Entry(
        at=at,
        actor=actor.id,
        action="notices.group",
        subject_type="group_channel",
        subject=uuid5(_GROUPS, name),
        to_state=state,
        details={"name": name},
    )


def resend_notices(*, actor: Actor, at: datetime, notice_ids: Sequence[UUID]) -> int:
    """Queue notices again that failed, whose fate is unknown, or that were held; a person decides that.

    Raises:
        Forbidden: no ``notices.manage``.
        NotResendable: one of them is in another state or forgotten, or nothing leaves by its channel. None is queued then.
    """
    actor.require(MANAGE)
    wanted = sorted(set(notice_ids))
    rows = list(Notice.objects.select_for_update().filter(id__in=wanted, state__in=RESENDABLE, forgotten_at=None).order_by("id"))
    rows = [row for row in rows if leaves(Channel(row.channel))]
    if len(rows) != len(wanted):
        raise NotResendable(count=len(wanted) - len(rows))
    Notice.objects.filter(id__in=[row.id for row in rows]).update(state=NoticeState.QUEUED, next_try_at=at, attempts=0, digest=False, error="")
    record(
        [
            Entry(
                at=at,
                actor=actor.id,
                action="notices.resend",
                subject_type="notice",
                subject=row.id,
                from_state=row.state,
                to_state=NoticeState.QUEUED,
            )
            for row in rows
        ]
    )
    for channel in sorted({row.channel for row in rows}):
        wake_sweep(SWEEP + channel)
    return len(rows)
