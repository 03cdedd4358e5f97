"""Invented people for a demonstration: every vacant post gets one, so that a new territory runs at once."""

from __future__ import annotations

import hashlib
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from linli.directory.organisation.models import Appointment, Post
from linli.directory.organisation.services.appointments import NewAppointment, appoint_all
from linli.directory.people.models import Person
from linli.directory.people.services import NewPerson, enter_people
from linli.kernel.access.rules import Actor

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任沈姚卢姜崔钟谭陆汪范石"
FIRST = "建国志秀文晓海玉春明小永红立德家丽庆思雅子佳世淑振云光美天瑞"
SECOND = "华平英军芳强敏伟静杰娟涛艳峰霞辉兰刚洁勇萍林慧波琴宁燕鹏玲龙"
PREFIX = "demo-"


def invented_name(seed: str) -> str:
    """A plausible name of three characters, always the same for one seed."""
    digest = hashlib.sha256(seed.encode()).digest()
    return SURNAMES[digest[0] % len(SURNAMES)] + FIRST[digest[1] % len(FIRST)] + SECOND[digest[2] % len(SECOND)]


def staff_demo(*, actor: Actor, at: datetime, since: datetime | None = None) -> dict[str, UUID]:
    """Appoint an invented person to every post that has nobody at ``at`` or later, from ``since`` (else ``at``) on.

    Names follow from the posts' codes, so two demonstrations of one territory have the same people; nobody has a contact.
    ``since`` lets a replay of an earlier year find its posts held. Can be run again: it fills only what is vacant.

    Returns:
        post code → person id, for the posts that were filled.
    """
    held = Appointment.objects.filter(Q(ends_at=None) | Q(ends_at__gt=at)).values("post_id")
    vacant = list(Post.objects.filter(retired_at=None).exclude(id__in=held).order_by("code").values_list("id", "code"))
    if not vacant:
        return {}
    known = dict(Person.objects.filter(code__startswith=PREFIX, erased_at=None).values_list("code", "id"))
    missing = [code for _, code in vacant if PREFIX + code not in known]
    people = [NewPerson(PREFIX + code, invented_name(code), languages=("zh-hans", "en") if code[-1] in "13579" else ("zh-hans",)) for code in missing]
    if people:
        known.update(zip((person.code for person in people), enter_people(actor=actor, at=at, people=people), strict=True))
    filled = {code: known[PREFIX + code] for _, code in vacant}
    start = at if since is None else since
    appoint_all(actor=actor, at=at, appointments=[NewAppointment(post_id, filled[code], start) for post_id, code in vacant])
    return filled
