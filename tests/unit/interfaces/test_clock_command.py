"""What ``linli clock`` understands."""

from datetime import UTC, datetime, timedelta

import click
import pytest

from linli.interfaces.cli.clock import parsed_instant, parsed_span


@pytest.mark.parametrize(
    ("text", "span"),
    [("3d", timedelta(days=3)), ("1d12h", timedelta(days=1, hours=12)), ("90m", timedelta(minutes=90)), ("2h 5s", timedelta(hours=2, seconds=5))],
)
def test_spans(text: str, span: timedelta) -> None:
    assert parsed_span(text) == span


@pytest.mark.parametrize("text", ["", "3", "d", "3x", "3d!", "-3d"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        parsed_span(text)


def test_instants() -> None:
    assert parsed_instant("2026-03-02T09:00+08:00") == datetime(2026, 3, 2, 1, tzinfo=UTC)
    assert parsed_instant("2026-03-02T09:00") == datetime(2026, 3, 2, 9, tzinfo=UTC)
    with pytest.raises(click.BadParameter):
        parsed_instant("tomorrow")
