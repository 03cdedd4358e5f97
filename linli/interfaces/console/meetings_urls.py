"""Routes of meetings, part of the console's."""

from django.urls import URLPattern, path

from linli.interfaces.console import meetings

MEETINGS: list[URLPattern] = [
    path("meetings", meetings.meetings, name="meetings"),
    path("meetings/<uuid:meeting_id>", meetings.meeting, name="meeting"),
    path("meetings/<uuid:meeting_id>/keep", meetings.keep, name="meeting_keep"),
    path("meetings/<uuid:meeting_id>/call-off", meetings.call_off, name="meeting_call_off"),
    path("meetings/<uuid:meeting_id>/paper", meetings.paper, name="meeting_paper"),
    path("meetings/<uuid:meeting_id>/addendum", meetings.addendum, name="meeting_addendum"),
]
