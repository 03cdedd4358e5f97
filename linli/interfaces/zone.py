"""The time zone of every page: the community's own, from the playbook's calendar."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from linli.kernel.calendar.playbook import CalendarSection
from linli.kernel.playbooks.selectors import NoPlaybook, active_playbook


def community_zone() -> ZoneInfo | None:
    """The playbook's time zone; None before the first playbook."""
    try:
        return active_playbook().section(CalendarSection).zone()
    except NoPlaybook:
        return None


class TimeZoneMiddleware:
    """Shows times as the community's clocks do."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with timezone.override(community_zone()):
            return self.get_response(request)
