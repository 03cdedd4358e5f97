"""POST of a service request (GeoReport v2): from the form's bytes to a report, and from the receipt to JSON or XML.

Kept free of Django's requests: the hot lane and the Django view share it.
"""

from __future__ import annotations

from datetime import datetime
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

import orjson
from django.utils.translation import gettext, override

from linli.engines.matters.rules.intake import Contact, ReportRequest
from linli.engines.matters.services.report import ReportReceipt
from linli.interfaces.access import BadKey
from linli.kernel.access.rules import NotSignedIn
from linli.kernel.refusal import N_, Kind, Refusal

JSON, XML = b"application/json; charset=utf-8", b"text/xml; charset=utf-8"
STATUS = {Kind.INVALID: 400, Kind.FORBIDDEN: 403, Kind.MISSING: 404, Kind.CONFLICT: 400, Kind.LIMIT: 503}
FIELDS_MOST = 200


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


def parse(body: bytes, *, content_type: str, idempotency: str, at: datetime) -> tuple[str, ReportRequest]:
    """Return the API key and the report of a URL-encoded form.

    Raises:
        BadForm, ServiceCodeMissing, BadCoordinate: what is wrong with it.
    """
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=False, encoding="utf-8", errors="strict", max_num_fields=FIELDS_MOST)
    except ValueError:
        raise BadForm(most=FIELDS_MOST) from None
    form: dict[str, str] = {}
    details: dict[str, object] = {}
    for name, value in pairs:
        if name.startswith("attribute["):
            key = name[10:].partition("]")[0]
            if name.endswith("[]"):
                held = details.setdefault(key, [])
                if isinstance(held, list):
                    held.append(value)
            else:
                details[key] = value
        else:
            form[name] = value
    return form.get("api_key", ""), report_of(form, details, key=idempotency, at=at)


def report_of(form: dict[str, str], details: dict[str, object], *, key: str, at: datetime) -> ReportRequest:
    """Return the report that a form's fields make."""
    code = form.get("service_code", "")
    if not code:
        raise ServiceCodeMissing()
    contact = Contact(
        name=" ".join(part for part in (form.get("first_name", ""), form.get("last_name", "")) if part),
        phone=form.get("phone", ""),
        email=form.get("email", ""),
    )
    condition = details.pop("condition", "")
    return ReportRequest(
        at=at,
        class_code=code,
        condition=condition if isinstance(condition, str) else "",
        text=form.get("description", ""),
        lon=_degrees(form, "long"),
        lat=_degrees(form, "lat"),
        address=form.get("address_string", "")[:400],
        area_code=form.get("address_id", ""),
        source="open311",
        key=key,
        contact=contact,
        anonymous=not contact,
        details=details,
    )


def _degrees(form: dict[str, str], name: str) -> float | None:
    given = form.get(name)
    if given is None:
        return None
    try:
        return float(given)
    except ValueError:
        raise BadCoordinate(name=name, given=given[:40]) from None


def render(answer: ReportReceipt | Refusal, *, xml: bool, language: str) -> tuple[int, bytes, bytes]:
    """Return status, content type and body of the answer."""
    if isinstance(answer, Refusal):
        status = 403 if isinstance(answer, NotSignedIn | BadKey) else STATUS[answer.kind]
        with override(language):
            said = gettext(answer.message) % answer.params
        return status, XML if xml else JSON, errors(status, said, xml=xml)
    notice = answer.emergency
    if xml:
        body = (
            '<?xml version="1.0" encoding="utf-8"?><service_requests><request>'
            f"<service_request_id>{answer.code}</service_request_id><service_notice>{escape(notice)}</service_notice><account_id></account_id>"
            "</request></service_requests>"
        )
        return 200, XML, body.encode()
    return 200, JSON, orjson.dumps([{"service_request_id": answer.code, "service_notice": notice, "account_id": None}])


def errors(status: int, description: str, *, xml: bool) -> bytes:
    """Return the error body of GeoReport: an array of code and description."""
    if xml:
        return (
            f'<?xml version="1.0" encoding="utf-8"?><errors><error><code>{status}</code><description>{escape(description)}</description></error></errors>'
        ).encode()
    return orjson.dumps([{"code": status, "description": description}])
