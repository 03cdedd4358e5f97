"""A device's alarm becomes an urgent matter: the class that the playbook names for its kind, the alarm and the matter naming each other.

A care bell rings in a home: the matter says the pseudonym of the care case and no more; who may read the case finds the rest there.
"""

from __future__ import annotations

from collections.abc import Sequence

from linli.directory.devices.events import AlarmRaised
from linli.directory.devices.playbook import device_kinds
from linli.directory.devices.rules import DeviceKind
from linli.directory.devices.selectors import AlarmFact, alarm_facts
from linli.directory.devices.services import note_matter
from linli.directory.territory.selectors import ground
from linli.domains.care.selectors import labels_of_bells
from linli.engines.matters.rules.intake import ReportRequest
from linli.engines.matters.services.report import report_matters
from linli.kernel.access.rules import Actor
from linli.kernel.events.services import Delivered, subscribe
from linli.kernel.refusal import Refusal

ALARMS = Actor.system("alarms")  # whose keys name the alarm: the lineage on the matter's side
SOURCE = "device"


@subscribe("alarm_becomes_matter", AlarmRaised)
def open_matters(deliveries: Sequence[Delivered[AlarmRaised]]) -> None:
    """Handler of the outbox. An alarm that cannot become a matter stays a dead letter that is seen, never nothing.

    Raises:
        Refusal: what keeps the matter from being opened.
    """
    facts = [fact for fact in alarm_facts(delivery.event.alarm for delivery in deliveries) if fact.matter is None]
    if not facts:
        return
    kinds, labels = device_kinds(), labels_of_bells(fact.source for fact in facts)
    requests = [_request(fact, kinds[fact.kind], labels.get(fact.source, "")) for fact in facts]
    at = max(delivery.handled_at for delivery in deliveries)
    for fact, receipt in zip(facts, report_matters(requests, actor=ALARMS, at=at), strict=True):
        if isinstance(receipt, Refusal):
            raise receipt
        note_matter(alarm_id=fact.alarm_id, matter_id=receipt.matter_id, matter_code=receipt.code)


def _request(fact: AlarmFact, kind: DeviceKind, label: str) -> ReportRequest:
    said = f"：{fact.message}" if fact.message else ""
    names = kind.names.get("zh", fact.kind)
    text = f"{names} {label or fact.device}{said}"
    return ReportRequest(
        at=fact.at, class_code=kind.opens, text=text, lon=fact.lon, lat=fact.lat, address=fact.address,
        area_code=ground().area(fact.area_id).code, source=SOURCE, key=f"alarm:{fact.alarm_id}",
    )  # fmt: skip
