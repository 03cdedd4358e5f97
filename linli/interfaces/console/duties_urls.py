"""Routes of duties, part of the console's."""

from django.urls import URLPattern, path, register_converter

from linli.engines.duties.rules.task import CHECK_INS, Verb
from linli.interfaces.console import duties_calendar
from linli.interfaces.console import duties_pages as pages


class CheckInConverter:
    """Something that one checks in with."""

    regex = "|".join(sorted(verb.value for verb in CHECK_INS))

    def to_python(self, value: str) -> str:
        return Verb(value).value

    def to_url(self, value: str) -> str:
        return str(value)


register_converter(CheckInConverter, "check_in")

DUTIES: list[URLPattern] = [
    path("duties", pages.day, name="duties"),
    path("duties/missed", pages.missed, name="duties_missed"),
    path("duties/calendar", duties_calendar.calendar, name="duties_calendar"),
    path("duties/calendar/list", duties_calendar.listed, name="duties_listed"),
    path("duties/coverage", duties_calendar.coverage, name="duties_coverage"),
    path("duties/<uuid:duty_id>", pages.duty, name="duty"),
    path("duties/<uuid:duty_id>/pause", pages.pause_subject, name="duty_pause"),
    path("duties/<uuid:duty_id>/pause/end", pages.go_on, name="duty_go_on"),
    path("duties/<uuid:duty_id>/excuse", pages.accept, name="duty_excuse"),
    path("duties/<uuid:duty_id>/<check_in:verb>", pages.step, name="duty_step"),
]
