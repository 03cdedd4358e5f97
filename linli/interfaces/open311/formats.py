"""GeoReport's two formats from one plain value: JSON as it is, XML by element names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

import orjson

JSON, XML = b"application/json; charset=utf-8", b"text/xml; charset=utf-8"
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# The element of each entry of a list (GeoReport v2, service discovery, extensions in use).
ENTRY = {
    "services": "service",
    "attributes": "attribute",
    "values": "value",
    "service_requests": "request",
    "errors": "error",
    "endpoints": "endpoint",
    "formats": "format",
    "service_request_updates": "request_update",
    "media_urls": "media_url",
}


def escaped(text: str) -> str:
    """Text for an XML element: marked-up characters escaped, those that XML cannot hold left out."""
    return escape(_NOT_IN_XML.sub("", text))


def written(root: str, value: Any, *, xml: bool) -> bytes:
    """Return ``value`` as JSON, or as XML with the element ``root`` around it."""
    if not xml:
        return orjson.dumps(value)
    return b'<?xml version="1.0" encoding="utf-8"?>' + "".join(_element(root, value)).encode()


def _element(name: str, value: Any) -> Iterator[str]:
    yield f"<{name}>"
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _element(key, part)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for part in value:
            yield from _element(ENTRY[name], part)
    elif isinstance(value, bool):
        yield "true" if value else "false"
    elif value is not None:
        yield escaped(str(value))
    yield f"</{name}>"


def w3c(at: datetime | None) -> str | None:
    """A time as the W3C note writes it, in UTC to the second."""
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
