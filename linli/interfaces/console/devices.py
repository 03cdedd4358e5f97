"""The register of devices: what hangs where, its last sign of life, its last alarm and the matter that this became."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import get_language, gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from linli.directory.devices.playbook import device_kinds
from linli.directory.devices.selectors import devices as device_lines
from linli.directory.territory.selectors import ground
from linli.interfaces.access import actor_of_request, requires
from linli.interfaces.console.pages import show
from linli.interfaces.console.tables import asked_format, taken
from linli.interfaces.tags import bilingual
from linli.kernel.clock.services import now
from linli.kernel.refusal import N_

MOST = 500


@requires("devices.read")
@never_cache
@require_GET
def devices(request: HttpRequest) -> HttpResponseBase:
    """Devices of one's area, the latest alarm first."""
    actor = actor_of_request(request)
    kinds, land = device_kinds(), ground()
    lines = [(line, land.area(line.area_id).names, kinds[line.kind].names if line.kind in kinds else {}) for line in device_lines(actor=actor, limit=MOST)]
    if asked_format(request):
        language = get_language() or ""
        heads = [
            gettext(head) for head in (N_("Device"), N_("Short code"), N_("Kind"), N_("Area"), N_("Address"), N_("Last heard"), N_("Last alarm"), N_("Matter"))
        ]
        rows = [
            (
                bilingual(line.names, language), line.code, bilingual(dict(kind), language) or line.kind, bilingual(dict(area), language), line.address,
                line.heard_at, line.alarm_at, line.matter_code if actor.holds("matters.read") else "",
            )
            for line, area, kind in lines
        ]  # fmt: skip
        return taken(request, name="devices", heads=heads, rows=rows, at=now())
    return show(request, "console/devices.html", "devices", lines=lines, may_open=actor.holds("matters.read"))
