"""Reports as JSON: what a program sends and is sent. Used by the hot lane and shown in the API's description."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from linli.engines.matters.rules.intake import Contact, ReportRequest
from linli.engines.matters.services.report import ReportReceipt
from linli.kernel.refusal import N_, Refusal


class BadBody(Refusal):
    code = "api.bad_body"
    message = N_("The request body is not understood: %(where)s: %(what)s")


class ContactIn(BaseModel):
    """How the reporter may be told; stored sealed, shown only to those who may see identities."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(default="", max_length=80)
    phone: str = Field(default="", max_length=32, pattern=r"^[+0-9 ()-]*$")
    email: str = Field(default="", max_length=254, pattern=r"^$|^[^@\s]+@[^@\s]+\.[^@\s]+$")


class ReportIn(BaseModel):
    """A report. Give a point (WGS 84), an address, or both."""

    model_config = ConfigDict(extra="forbid")
    class_code: str = Field(max_length=40, description="a code of GET /api/v1/classes")
    condition: str = Field(default="", max_length=40)
    text: str = Field(default="", max_length=20_000)
    lon: float | None = None
    lat: float | None = None
    address: str = Field(default="", max_length=400)
    area_code: str = Field(default="", max_length=60)
    source: str = Field(default="api", max_length=40, pattern=r"^[a-z0-9_.-]+$")
    at: datetime | None = Field(default=None, description="when it was reported, with zone; now if absent")
    contact: ContactIn | None = None
    language: str = Field(default="zh-hans", pattern=r"^(zh-hans|en)$")
    details: dict[str, Any] = Field(default_factory=dict)
    promised: datetime | None = Field(default=None, description="deadline that came with it from another platform")


class ReceiptOut(BaseModel):
    """What the reporter keeps: the public number, the own tracking code, the promise."""

    id: str
    code: str
    tracking: str
    due_at: datetime
    post_id: str
    area: str
    placing: str
    emergency: str = Field(description="number to call now, or empty")
    repeated: bool


def parse_report(body: bytes, *, key: str, at: datetime) -> ReportRequest:
    """Return the report in a JSON body. Raises ``BadBody`` naming the field at fault."""
    try:
        given = ReportIn.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise BadBody(where=".".join(str(part) for part in first["loc"]) or "body", what=first["msg"]) from None
    return to_request(given, key=key, at=at)


def to_request(given: ReportIn, *, key: str, at: datetime) -> ReportRequest:
    when = given.at or at
    return ReportRequest(
        at=when if when.tzinfo else when.replace(tzinfo=UTC),
        class_code=given.class_code,
        condition=given.condition,
        text=given.text,
        lon=given.lon,
        lat=given.lat,
        address=given.address,
        area_code=given.area_code,
        source=given.source,
        key=key,
        contact=Contact(given.contact.name, given.contact.phone, given.contact.email) if given.contact else Contact(),
        anonymous=given.contact is None,
        language=given.language,
        details=given.details,
        promised=given.promised,
    )


def receipt_body(receipt: ReportReceipt) -> dict[str, Any]:
    return {
        "id": str(receipt.matter_id),
        "code": receipt.code,
        "tracking": receipt.tracking,
        "due_at": receipt.due_at.isoformat(),
        "post_id": str(receipt.post_id),
        "area": receipt.area_path,
        "placing": receipt.placing,
        "emergency": receipt.emergency,
        "repeated": receipt.repeated,
    }
