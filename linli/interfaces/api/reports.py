"""Reports as JSON: what a program sends and is sent. Used by the hot lane and shown in the API's description."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from linli.engines.matters.rules.intake import Contact, ReportRequest
from linli.engines.matters.services.report import ReportReceipt
from linli.kernel.refusal import N_, Refusal

KEY_MOST = 200  # characters of an idempotency key


class BadBody(Refusal):
    code = "api.bad_body"
    message = N_("The request body is not understood: %(where)s: %(what)s")


EARLIEST, LATEST = datetime(1970, 1, 2, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def _possible(at: datetime) -> datetime:
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    if not EARLIEST.year <= at.year < LATEST.year:
        raise ValueError("a time between 1970 and 2200")
    return at


def _plain(text: str) -> str:
    if "\0" in text:
        raise ValueError("text without NUL characters")
    return text


Instant = Annotated[datetime, AfterValidator(_possible)]
DetailName = Annotated[str, Field(min_length=1, max_length=60), AfterValidator(_plain)]
Line = Annotated[str, Field(max_length=2_000), AfterValidator(_plain)]
Whole = Annotated[int, Field(ge=-(2**53), le=2**53)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Detail = bool | Whole | Number | Line | list[Line] | None


class ContactIn(BaseModel):
    """How the reporter may be told; stored sealed, shown only to those who may see identities."""

    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, AfterValidator(_plain)] = Field(default="", max_length=80)
    phone: str = Field(default="", max_length=32, pattern=r"^[+0-9 ()-]*$")
    email: str = Field(default="", max_length=254, pattern=r"^$|^[^@\s]+@[^@\s]+\.[^@\s]+$")


class ReportIn(BaseModel):
    """A report. Give a point (WGS 84), an address, or both."""

    model_config = ConfigDict(extra="forbid")
    class_code: str = Field(max_length=40, description="a code of GET /api/v1/classes")
    condition: str = Field(default="", max_length=40)
    text: Annotated[str, AfterValidator(_plain)] = Field(default="", max_length=20_000)
    lon: float | None = None
    lat: float | None = None
    address: Annotated[str, AfterValidator(_plain)] = Field(default="", max_length=400)
    area_code: str = Field(default="", max_length=60)
    source: str = Field(default="api", max_length=40, pattern=r"^[a-z0-9_.-]+$")
    at: Instant | None = Field(default=None, description="when it was reported, with zone; now if absent")
    contact: ContactIn | None = None
    language: str = Field(default="zh-hans", pattern=r"^(zh-hans|en)$")
    details: dict[DetailName, Detail] = Field(default_factory=dict, max_length=100, description="answers to the class's form")
    file_ids: list[UUID] = Field(default_factory=list, max_length=5, description="from POST /api/v1/files, by the same key")
    promised: Instant | None = Field(default=None, description="deadline that came with it from another platform")


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
        raise bad_body(error.errors(include_url=False, include_context=False, include_input=False)) from None
    return to_request(given, key=key, at=at)


def bad_body(errors: Sequence[Any]) -> BadBody:
    """The refusal of a body (or of parameters) from Pydantic's list of errors: the first one, with its place."""
    first = errors[0]
    where = [str(part) for part in first["loc"] if part not in ("body", "query", "path", "header", "form", "file", "given", "wanted")]
    refusal = BadBody(where=".".join(where)[:120] or "body", what=first["msg"][:200])
    refusal.field = where[0] if where else ""  # type: ignore[misc]
    return refusal


def to_request(given: ReportIn, *, key: str, at: datetime) -> ReportRequest:
    when = given.at or at
    return ReportRequest(
        at=when,
        class_code=given.class_code,
        condition=given.condition,
        text=given.text,
        lon=given.lon,
        lat=given.lat,
        address=given.address,
        area_code=given.area_code,
        source=given.source,
        key=key[:KEY_MOST],
        contact=Contact(given.contact.name, given.contact.phone, given.contact.email) if given.contact else Contact(),
        anonymous=given.contact is None,
        language=given.language,
        details=given.details,
        promised=given.promised,
        file_ids=tuple(given.file_ids),
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
