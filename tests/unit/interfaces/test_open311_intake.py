"""The form of a service request: bytes in, report or refusal out, whatever the bytes."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.engines.matters.services.report import ReportReceipt
from linli.interfaces.open311.formats import written
from linli.interfaces.open311.intake import errors, parse, render
from linli.kernel.refusal import Refusal

AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def read(body: bytes, query: bytes = b""):  # type: ignore[no-untyped-def]
    return parse(body, query=query, idempotency="", language="en", at=AT)


def test_a_form_is_read() -> None:
    form = read(
        b"api_key=k&service_code=001&lat=37.7&long=-122.4&description=a+%C3%A9%0Ab&attribute[A]=1&attribute%5BB%5D%5B%5D=2&attribute[B][]=3&email=a%40b.c&phone="
    )
    report = form.report
    assert (form.key, report.class_code, report.lat, report.lon, report.text) == ("k", "001", 37.7, -122.4, "a é\nb")
    assert report.details == {"A": "1", "B": ["2", "3"]} and report.contact.email == "a@b.c" and not report.anonymous


def test_the_form_counts_before_the_address() -> None:
    form = read(b"service_code=2&address_id=x", b"service_code=1&api_key=q&jurisdiction_id=j")
    assert (form.report.class_code, form.key, form.jurisdiction, form.report.area_code) == ("2", "q", "j", "x")


@given(st.binary(max_size=400))
def test_no_bytes_break_it(body: bytes) -> None:
    try:
        read(b"service_code=1&address_string=x&" + body)
    except Refusal as refusal:
        assert refusal.message % refusal.params


@given(st.text())
def test_any_words_make_well_formed_xml(text: str) -> None:
    assert ET.fromstring(errors(400, text, xml=True)).findtext("error/code") == "400"
    parsed = ET.fromstring(written("services", [{"service_name": text}], xml=True))
    assert parsed.find("service/service_name") is not None


@pytest.mark.parametrize("xml", [True, False])
def test_an_answer_has_a_number_and_no_token(xml: bool) -> None:
    receipt = ReportReceipt(UUID(int=1), "260302-ABC", "TRACK", UUID(int=2), "a/", "inside", AT, emergency="<119>")
    status, _, body = render(receipt, xml=xml, language="en")
    assert status == 200 and b"260302-ABC" in body and b"TRACK" not in body and b"token" not in body
    assert not xml or b"&lt;119&gt;" in body
