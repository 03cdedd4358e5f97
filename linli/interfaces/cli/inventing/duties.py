"""The month as it went: most of it is done, some after a closed door, the rest is for the clock."""

from __future__ import annotations

import io
import random
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from PIL import Image, ImageDraw

from linli.directory.organisation.selectors import organisation
from linli.engines.duties import tasks as duties
from linli.engines.duties.meetings.playbook import meeting_kinds
from linli.engines.duties.rules.policy import DutyRule, Evidence
from linli.engines.duties.rules.task import Verb
from linli.engines.duties.selectors.running import Begun, begun_by, rule_named
from linli.engines.duties.services.checkin import Command, check_in
from linli.interfaces.cli.inventing.stage import DAY, SEED, Stage, station
from linli.interfaces.printing import name_as_picture
from linli.kernel.access.rules import SYSTEM
from linli.kernel.access.services.users import create_user
from linli.kernel.files.services import Examined, examine
from linli.kernel.writing import write

Daily = Sequence[Callable[[Stage, date], None]]
ANSWERS: dict[str, Any] = {"boolean": True, "integer": 4, "string": "正常"}
WORDS = {"message": "近日气温低，请顺手看看楼道消防通道，发现堵塞随手上报。", "topic": "冬季防火"}
FOUND = 0.25
HAZARDS = ("疏散通道堆放杂物", "灭火器压力不足", "应急灯不亮")


def live(stage: Stage, *, each_morning: Daily = (), each_evening: Daily = ()) -> None:
    """Derive the month and live it day by day: what begins, what is carried out at times of day, what the clock does with the rest.

    ``each_morning`` and ``each_evening`` are what others do on a day, before and after its check-ins.
    """
    duties.derive_due(stage.start)
    with write():
        user = create_user(actor=SYSTEM, at=stage.start, username="demo-staff", password=None, display_name="示例工作人员")
    staff = station(*(post.id for post in organisation().posts), who=f"user:{user.id}")
    seen: set[UUID] = set()
    batches: dict[datetime, list[Command]] = defaultdict(list)
    for day in stage.days():
        duties.sweep(min(stage.moment(day, 8), stage.at))
        for act in each_morning:
            act(stage, day)
        tonight = min(stage.moment(day + DAY, 0), stage.at)
        for duty in begun_by(tonight):
            if duty.id not in seen:
                seen.add(duty.id)
                for command in _carried_out(stage, duty, rule_named(duty.rule)):
                    batches[command.at].append(command)
        for moment in sorted(one for one in batches if one < tonight):
            with write():
                check_in(batches.pop(moment), actor=staff, at=moment)
        for act in each_evening:
            act(stage, day)
    duties.sweep(stage.at)
    duties.watch_holders(stage.at)
    duties.derive_due(stage.at)


def _carried_out(stage: Stage, duty: Begun, rule: DutyRule) -> list[Command]:
    """What became of one duty: nine in ten are done, some after a closed door, a few are not wanted, the rest nobody sees to."""
    chance = random.Random(f"{SEED}{duty.rule}{duty.opens_at}{duty.id.int % 997}")  # noqa: S311 - has to be the same every time
    if duty.rule in {part.duty for part in meeting_kinds().values()}:
        return []  # its minutes end it
    last = min(duty.due_at, stage.at)
    span = (last - duty.opens_at) // timedelta(hours=1)
    fate = chance.random()
    if span < 1 or fate > 0.94 or (duty.due_at > stage.at and fate > 0.5):
        return []
    moment = duty.opens_at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1 + chance.randrange(span)) - timedelta(minutes=1)
    moment = max(moment, duty.opens_at)
    if duty.about == "care" and fate < 0.04:
        return [Command((duty.id,), Verb.REFUSE, moment, note="今天不方便")]
    done = Command((duty.id,), Verb.FINISH, moment, note="已完成。", form=_answers(rule, chance, moment), **shown(rule.evidence))
    tried = moment - timedelta(hours=1)
    if duty.about == "care" and fate < 0.16 and tried >= duty.opens_at:
        return [Command((duty.id,), Verb.NOT_HOME, tried), done]
    return [done]


def _answers(rule: DutyRule, chance: random.Random, at: datetime) -> dict[str, Any] | None:
    """A form filled in as its schema wants it; an inspection finds something now and then."""
    if Evidence.FORM not in rule.evidence or rule.form is None:
        return None
    asked = rule.form["properties"]
    given = {name: _answer(name, part, at) for name, part in asked.items() if name in rule.form.get("required", ())}
    if {"hazard", "rectify_by"} <= asked.keys() and chance.random() < FOUND:
        given |= {"hazard": chance.choice(HAZARDS), "rectify_by": (at + timedelta(days=7)).date().isoformat()}
    return given


def _answer(name: str, part: dict[str, Any], at: datetime) -> Any:
    if "oneOf" in part:
        return part["oneOf"][0]["const"]
    return at.date().isoformat() if part.get("format") == "date" else WORDS.get(name, ANSWERS[part.get("type", "string")])


def shown(evidence: Collection[Evidence]) -> dict[str, Any]:
    """The photo and the signature that are wanted, drawn here."""
    photos = [_drawn()] if Evidence.PHOTO in evidence else []
    signed = examine(content=name_as_picture("示例"), claimed_name="signature.png") if Evidence.SIGNATURE in evidence else None
    return {"photos": photos, "signature": signed}


def _drawn() -> Examined:
    """A corridor with a door at its end: it is drawn, no photo of anywhere."""
    picture = Image.new("RGB", (960, 720), (214, 218, 214))
    pen = ImageDraw.Draw(picture)
    for depth in range(5):
        edge = 70 * depth
        pen.rectangle((edge, edge * 0.75, 960 - edge, 720 - edge * 0.75), fill=(206 - 14 * depth, 212 - 14 * depth, 208 - 12 * depth))
    pen.rectangle((420, 270, 540, 470), fill=(74, 112, 104))
    pen.rectangle((452, 236, 508, 258), fill=(38, 140, 84))
    pen.ellipse((518, 366, 530, 378), fill=(224, 200, 120))
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=82)
    return examine(content=content.getvalue(), claimed_name="corridor.jpg")
