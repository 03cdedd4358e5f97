"""The playbook's ``devices`` section: kinds of devices, and which class of matter an alarm of each opens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from linli.directory.devices.rules import DeviceKind
from linli.kernel.access.rules import declare
from linli.kernel.playbooks.rules import Issue, Section, Sections, Text
from linli.kernel.playbooks.selectors import active_playbook
from linli.kernel.refusal import N_

Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]

MANAGE = declare("devices.manage", text=N_("register devices and take them down"))
READ = declare("devices.read", text=N_("see devices and their alarms"))
ALARM = declare("devices.alarm", text=N_("raise alarms of devices"))


class DeviceKindPart(Section):
    """A kind: care bell, smoke, gas, water, blocked fire lane, falling object; or one that is only kept working."""

    code: Code
    names: Text
    opens: str = Field(default="", title="Class of matter that an alarm opens", json_schema_extra={"zh": "报警对应事项小类"})
    quiet_minutes: int = Field(default=10, ge=0, le=1440, title="Minutes in which alarms are one", json_schema_extra={"zh": "合并报警（分钟）"})
    private: bool = Field(default=False, title="Hangs in somebody's home", json_schema_extra={"zh": "入户设备"})


class DevicesSection(Section):
    kinds: list[DeviceKindPart] = Field(default_factory=list, title="Kinds of devices", json_schema_extra={"zh": "设备类型"})

    def check(self, playbook: Sections) -> Iterable[Issue]:
        seen: set[str] = set()
        classes = {str(part.code): part for part in getattr(playbook.get("matters"), "classes", ())}
        for place, kind in enumerate(self.kinds):
            if kind.code in seen:
                yield Issue(("kinds", place, "code"), N_("This code is used twice."))
            seen.add(kind.code)
            if kind.opens and classes and kind.opens not in classes:
                known = tuple(classes)
                yield Issue(("kinds", place, "opens"), N_("there is no such class"), expected="a code from matters.classes", given=kind.opens, known=known)
            elif kind.opens in classes and not (classes[kind.opens].urgent or classes[kind.opens].emergency):
                yield Issue(("kinds", place, "opens"), N_("the class of an alarm is urgent"), expected="urgent: true", given=kind.opens)
            elif kind.private and kind.opens in classes and not _is_private(classes[kind.opens], playbook):
                yield Issue(("kinds", place, "opens"), N_("the class of an alarm in a home is private"), expected="visibility: private", given=kind.opens)


def _is_private(part: object, playbook: Sections) -> bool:
    kinds = {kind.code: kind.visibility for kind in getattr(playbook.get("matters"), "kinds", ())}
    return (getattr(part, "visibility", None) or kinds.get(getattr(part, "kind", ""), "")) == "private"


def device_kinds() -> Mapping[str, DeviceKind]:
    """The kinds of the active playbook, by code."""
    return {
        part.code: DeviceKind(part.code, part.names.model_dump(), part.opens, timedelta(minutes=part.quiet_minutes), part.private)
        for part in active_playbook().section(DevicesSection).kinds
    }
