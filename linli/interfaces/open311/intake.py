"""POST of a service request (GeoReport v2): from the form's bytes to a report, and from the receipt to JSON or XML.

Kept free of Django's requests: the hot lane and the Django view (multipart, tests) share it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import unquote_to_bytes
from uuid import UUID

import orjson
from django.utils.translation import gettext, override

from linli.engines.matters.rules.classes import UnknownClass
from linli.engines.matters.rules.intake import Contact, NoPlace, ReportRequest
from linli.engines.matters.services.report import ReportReceipt
from linli.interfaces.access import BadKey
from linli.interfaces.open311.formats import JSON, XML, escaped
from linli.kernel.access.rules import NotSignedIn
from linli.kernel.refusal import N_, Kind, Refusal

STATUS = {Kind.INVALID: 400, Kind.FORBIDDEN: 403, Kind.MISSING: 404, Kind.CONFLICT: 400, Kind.LIMIT: 503}
FIELDS_MOST = 200
ANSWER_MOST = 2_000  # characters of one attribute's value
NAME_MOST = 60  # characters of an attribute's name
LINK_MOST = 2_000
KEY_MOST = 200
EMERGENCY = N_("In danger? Call %(number)s now.")


class BadForm(Refusal):
    code = "open311.bad_form"
    message = N_("The form is not understood: it is URL-encoded UTF-8 with at most %(most)s fields.")


class BadCoordinate(Refusal):
    code = "open311.bad_coordinate"
    message = N_("“%(name)s” is not a number of degrees: %(given)s")
    field = "lat"


class ServiceCodeMissing(Refusal):
    code = "open311.service_code_missing"
    message = N_("The service_code is missing.")
    field = "service_code"


class BadField(Refusal):
    code = "open311.bad_field"
    message = N_("“%(name)s” is too long (%(most)s characters at most) or not of the right form.")


@dataclass(frozen=True, slots=True)
class Parsed:
    """A form as it was sent: who sends it, to which jurisdiction, and what is reported."""

    key: str
    jurisdiction: str
    report: ReportRequest


def parse(body: bytes, *, query: bytes = b"", idempotency: str, language: str, at: datetime) -> Parsed:
    """Return what a URL-encoded form says; parameters in the address count as well, those of the form first.

    Raises:
        BadForm, ServiceCodeMissing, BadCoordinate, BadField, NoPlace: what is wrong with it.
    """
    parts = (query + b"&" + body if query else body).split(b"&")
    if len(parts) > FIELDS_MOST:
        raise BadForm(most=FIELDS_MOST)
    try:
        pairs = [(_decoded(name), _decoded(value)) for name, _, value in [part.partition(b"=") for part in parts] if value]
    except ValueError:
        raise BadForm(most=FIELDS_MOST) from None
    return parsed_form(pairs, idempotency=idempotency, language=language, at=at)


def _decoded(part: bytes) -> str:
    """A name or a value of a URL-encoded form; less work than the general parser, on the way that must be short."""
    if b"+" in part:
        part = part.replace(b"+", b" ")
    return (unquote_to_bytes(part) if b"%" in part else part).decode()


def parsed_form(pairs: list[tuple[str, str]], *, idempotency: str, language: str, at: datetime) -> Parsed:
    """Return what the fields of a form say; a later field of one name replaces an earlier one, but for ``attribute[code][]``."""
    form: dict[str, str] = {}
    details: dict[str, object] = {}
    for name, value in pairs:
        if "\0" in value or "\0" in name:
            raise BadForm(most=FIELDS_MOST)
        if name.startswith("attribute["):
            _answer(details, name, value)
        else:
            form[name] = value
    report = _report(form, details, key=idempotency[:KEY_MOST], language=language, at=at)
    return Parsed(form.get("api_key", ""), form.get("jurisdiction_id", ""), report)


def with_files(report: ReportRequest, file_ids: tuple[UUID, ...]) -> ReportRequest:
    """The report with the uploads that came with it."""
    return replace(report, file_ids=file_ids) if file_ids else report


def _answer(details: dict[str, object], name: str, value: str) -> None:
    key = name[10:].partition("]")[0]
    if len(value) > ANSWER_MOST or not 0 < len(key) <= NAME_MOST:
        raise BadField(name=name[:NAME_MOST], most=ANSWER_MOST)
    if name.endswith("[]"):
        held = details.setdefault(key, [])
        if isinstance(held, list):
            held.append(value)
    else:
        details[key] = value


def _report(form: dict[str, str], details: dict[str, object], *, key: str, language: str, at: datetime) -> ReportRequest:
    code = form.get("service_code", "")
    if not code:
        raise ServiceCodeMissing()
    lon, lat = _degrees(form, "long"), _degrees(form, "lat")
    address, area = form.get("address_string", ""), form.get("address_id", "")
    if lon is None and lat is None and not address and not area:
        raise NoPlace()
    contact = Contact()
    if "email" in form or "phone" in form or "first_name" in form or "last_name" in form:
        contact = _contact(form)
    link = form.get("media_url", "")
    if link:
        if len(link) > LINK_MOST or not link.startswith(("http://", "https://")):
            raise BadField(name="media_url", most=LINK_MOST)
        details["media_url"] = link
    condition = details.pop("condition", "") if details else ""
    return ReportRequest(
        at=at,
        class_code=code,
        condition=condition if isinstance(condition, str) else "",
        text=form.get("description", ""),
        lon=lon,
        lat=lat,
        address=address[:400],
        area_code=area,
        source="open311",
        key=key,
        contact=contact,
        anonymous=not contact,
        language=language,
        details=details,
    )


def _contact(form: dict[str, str]) -> Contact:
    name = " ".join(part for part in (form.get("first_name", ""), form.get("last_name", "")) if part)
    phone, email = form.get("phone", ""), form.get("email", "")
    if len(name) > 80:
        raise BadField(name="first_name", most=80)
    if len(phone) > 32 or (phone and not any(character.isdigit() for character in phone)):
        raise BadField(name="phone", most=32)
    if len(email) > 254 or (email and "@" not in email[1:-1]):
        raise BadField(name="email", most=254)
    return Contact(name=name, phone=phone, email=email)


def _degrees(form: dict[str, str], name: str) -> float | None:
    given = form.get(name)
    if given is None:
        return None
    try:
        return float(given)
    except ValueError:
        raise BadCoordinate(name=name, given=given[:40]) from None


def render(answer: ReportReceipt | Refusal, *, xml: bool, language: str) -> tuple[int, bytes, bytes]:
    """Return status, content type and body of the answer: an id at once, so never a token."""
    if isinstance(answer, Refusal):
        status = status_of(answer)
        with override(language):
            said = answer.sentence(gettext)
        return status, XML if xml else JSON, errors(status, said, xml=xml)
    notice = ""
    if answer.emergency:
        with override(language):
            notice = gettext(EMERGENCY) % {"number": answer.emergency}
    if xml:
        body = (
            '<?xml version="1.0" encoding="utf-8"?><service_requests><request>'
            f"<service_request_id>{answer.code}</service_request_id><service_notice>{escaped(notice)}</service_notice><account_id></account_id>"
            "</request></service_requests>"
        )
        return 200, XML, body.encode()
    return 200, JSON, orjson.dumps([{"service_request_id": answer.code, "service_notice": notice, "account_id": None}])


def status_of(refusal: Refusal) -> int:
    """The status that GeoReport v2 names: 404 for what is not known, 403 for a bad or missing key, else 400."""
    if isinstance(refusal, NotSignedIn | BadKey):
        return 403
    return 404 if isinstance(refusal, UnknownClass) else STATUS[refusal.kind]


def errors(status: int, description: str, *, xml: bool) -> bytes:
    """Return the error body of GeoReport: an array of code and description."""
    if xml:
        return (
            f'<?xml version="1.0" encoding="utf-8"?><errors><error><code>{status}</code><description>{escaped(description)}</description></error></errors>'
        ).encode()
    return orjson.dumps([{"code": status, "description": description}])
