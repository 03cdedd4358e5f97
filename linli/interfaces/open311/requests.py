"""Service requests of GeoReport v2: what a query asks for, and how a public matter is shown."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext

from linli.engines.matters.selectors.published import Published, PublishedFilter, PublishedStep
from linli.interfaces.open311.formats import w3c
from linli.interfaces.open311.services import spoken
from linli.kernel.refusal import N_, Refusal

SPAN = timedelta(days=90)
ROWS_MOST = 1000
RADIUS = 500.0  # metres, where a point is given without one
RADIUS_MOST = 50_000.0
PAGES_MOST = 100_000
CODES_MOST = 1000
_LOST_PLUS = re.compile(r" (\d\d:?\d\d)$")  # "+08:00" whose plus was not encoded arrives as a blank


class BadTime(Refusal):
    code = "open311.bad_time"
    message = N_("“%(name)s” is not a W3C date with time and zone, such as 2026-03-02T09:00:00+08:00: %(given)s")


class SpanTooLong(Refusal):
    code = "open311.span_too_long"
    message = N_("At most %(days)s days can be asked for at once, from the earlier to the later time.")


class BadStatus(Refusal):
    code = "open311.bad_status"
    message = N_("The status is open, closed, or both with a comma between: %(given)s")


class BadNumber(Refusal):
    code = "open311.bad_number"
    message = N_("“%(name)s” is a number from %(least)s to %(most)s: %(given)s")


def filter_of(query: Mapping[str, str], *, at: datetime) -> PublishedFilter:
    """Return what a query asks for; an empty parameter equals an absent one.

    Raises:
        BadTime, SpanTooLong, BadStatus, BadNumber: what is wrong with it.
    """
    given = {name: value.strip() for name, value in query.items() if value.strip()}
    size = _whole(given, "page_size", ROWS_MOST, most=ROWS_MOST)
    page = _whole(given, "page", 1, most=PAGES_MOST)
    codes = _listed(given, "service_request_id")
    if codes:  # overrides everything else
        return PublishedFilter(codes=codes[:CODES_MOST], limit=size, offset=(page - 1) * size)
    updated = _span(given, "updated_after", "updated_before", at=at) if "updated_after" in given or "updated_before" in given else (None, None)
    since, until = _span(given, "start_date", "end_date", at=at) if updated == (None, None) or _has_dates(given) else (None, None)
    return PublishedFilter(
        class_codes=_listed(given, "service_code"),
        is_open=_open(given),
        since=since,
        until=until,
        updated_since=updated[0],
        updated_until=updated[1],
        near=_circle(given),
        offset=(page - 1) * size,
        limit=size,
    )


def steps_span(query: Mapping[str, str], *, at: datetime) -> tuple[datetime, datetime, tuple[str, ...], int]:
    """Return since, until, numbers and the most rows of a query for updates."""
    given = {name: value.strip() for name, value in query.items() if value.strip()}
    since, until = _span(given, "start_date", "end_date", at=at)
    return since, until, _listed(given, "service_request_id"), _whole(given, "page_size", ROWS_MOST, most=ROWS_MOST)


def _has_dates(given: Mapping[str, str]) -> bool:
    return "start_date" in given or "end_date" in given


def _listed(given: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(part for part in (part.strip().replace("\0", "") for part in given.get(name, "").split(",")) if part)


def _whole(given: Mapping[str, str], name: str, absent: int, *, most: int) -> int:
    text = given.get(name)
    if text is None:
        return absent
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= most):
        raise BadNumber(name=name, least=1, most=most, given=text[:40])
    return int(text)


def _number(given: Mapping[str, str], name: str, least: float, most: float) -> float:
    text = given.get(name, "")
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not least <= value <= most:  # not a number is refused too
        raise BadNumber(name=name, least=least, most=most, given=text[:40])
    return value


def _circle(given: Mapping[str, str]) -> tuple[float, float, float] | None:
    if not given.keys() & {"lat", "long", "radius"}:
        return None
    radius = _number(given, "radius", 1, RADIUS_MOST) if "radius" in given else RADIUS
    return _number(given, "long", -180, 180), _number(given, "lat", -90, 90), radius


def _open(given: Mapping[str, str]) -> bool | None:
    wanted = {part.strip().lower() for part in given.get("status", "").split(",") if part.strip()}
    if not wanted <= {"open", "closed"}:
        raise BadStatus(given=given["status"][:40])
    return None if len(wanted) != 1 else wanted == {"open"}


def _span(given: Mapping[str, str], first: str, last: str, *, at: datetime) -> tuple[datetime, datetime]:
    """Both ends of a span of at most 90 days: as given, else 90 days from the end that is, else the last 90 days."""
    since, until = _time(given, first), _time(given, last)
    if since is None:
        until = until or at
        since = until - SPAN
    elif until is None:
        until = min(since + SPAN, max(at, since))
    if not timedelta(0) <= until - since <= SPAN:
        raise SpanTooLong(days=SPAN.days)
    return since, until


def _time(given: Mapping[str, str], name: str) -> datetime | None:
    text = given.get(name)
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(_LOST_PLUS.sub(r"+\1", text))
    except ValueError:
        raise BadTime(name=name, given=text[:40]) from None
    if found.tzinfo is None or not 1900 <= found.year <= 2200:
        raise BadTime(name=name, given=text[:40])
    return found.astimezone(UTC)


def shown(found: Published, *, base: str, language: str, extensions: bool) -> dict[str, Any]:
    """A public matter as a service request: the public words, the coarse point, the names of its areas as address."""
    matter = found.matter
    photos = [base + reverse("api-v1:file", kwargs={"file_id": photo, "rendition": "public"}) for photo in found.photos]
    request: dict[str, Any] = {
        "service_request_id": matter.code,
        "status": "open" if found.is_open else "closed",
        "status_notes": _notes(found),
        "service_name": spoken(matter.class_names, language),
        "service_code": matter.class_code,
        "description": matter.words if matter.state not in ("refused", "merged") else "",
        "agency_responsible": spoken(found.unit_names, language) or spoken(matter.post_names, language),
        "service_notice": "",
        "requested_datetime": w3c(matter.reported_at),
        "updated_datetime": w3c(found.updated_at),
        "expected_datetime": w3c(matter.due_at),
        "address": ", ".join(spoken(names, language) for names in found.place),
        "address_id": found.area_code,
        "zipcode": None,
        "lat": matter.lat,
        "long": matter.lon,
        "media_url": photos[0] if photos else None,
    }
    if extensions:
        request["extended_attributes"] = {
            "state": matter.state,
            "level": matter.level_code,
            "post": spoken(matter.post_names, language),
            "overdue": matter.overdue,
            "reporters": matter.reporters,
            "closed_datetime": w3c(matter.closed_at),
            "merged_into": found.merged_into or None,
            "media_urls": photos,
        }
    return request


def _notes(found: Published) -> str:
    matter = found.matter
    if matter.state == "merged":
        return gettext("It goes on together with %(code)s.") % {"code": found.merged_into} if found.merged_into else gettext("Merged")
    if matter.state == "refused":
        return gettext("Not taken up")
    return matter.outcome if not found.is_open else ""


def shown_step(step: PublishedStep) -> dict[str, Any]:
    """A step as an update of its service request."""
    return {
        "update_id": str(step.id),
        "service_request_id": step.code,
        "status": "closed" if step.state in ("closed", "refused", "merged") else "open",
        "external_status_code": step.verb,
        "updated_datetime": w3c(step.at),
        "description": step.text,
        "media_url": None,
    }
