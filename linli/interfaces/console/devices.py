"""The register of devices: what hangs where, its last sign of life, its last alarm and the matter that this became."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from linli.directory.devices.playbook import device_kinds
from linli.directory.devices.selectors import devices as device_lines
from linli.directory.territory.selectors import ground
from linli.interfaces.access import actor_of_request, requires
from linli.interfaces.console.pages import show

MOST = 500


@requires("devices.read")
@never_cache
@require_GET
def devices(request: HttpRequest) -> HttpResponseBase:
    """Devices of one's area, the latest alarm first."""
    actor = actor_of_request(request)
    kinds, land = device_kinds(), ground()
    lines = [(line, land.area(line.area_id).names, kinds[line.kind].names if line.kind in kinds else {}) for line in device_lines(actor=actor, limit=MOST)]
    return show(request, "console/devices.html", "devices", lines=lines, may_open=actor.holds("matters.read"))
