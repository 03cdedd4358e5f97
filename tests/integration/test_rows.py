"""Batch writes: every kind of value comes back as it went in, and what does not fit is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.postgres.fields import ArrayField
from django.db import DataError, IntegrityError, connection, models, transaction
from django.test.utils import isolate_apps
from django.utils.translation import gettext_lazy
from psycopg.pq import PipelineStatus

from linli.kernel import rows
from linli.kernel.ids import new_id
from linli.kernel.rows import TOGETHER, insert_rows, json_text, together, update_rows

AT = datetime(2026, 1, 5, 9, 0, 0, 123456, tzinfo=UTC)


class Colour(StrEnum):
    RED = "red"


@pytest.fixture
def sample(db: None) -> Iterator[Any]:
    """A table with a column of each kind."""
    with isolate_apps("linli.kernel.audit"):

        class Sample(models.Model):
            id = models.UUIDField(primary_key=True, default=new_id)
            text = models.TextField(default="unsaid")
            short = models.CharField(max_length=3, default="abc")
            whole = models.BigIntegerField(null=True)
            rate = models.FloatField(null=True)
            money = models.DecimalField(max_digits=12, decimal_places=2, null=True)
            yes = models.BooleanField(default=True)
            at = models.DateTimeField(null=True)
            day = models.DateField(null=True)
            hour = models.TimeField(null=True)
            span = models.DurationField(null=True)
            blob = models.BinaryField(null=True)
            data = models.JSONField(default=dict)
            words = ArrayField(models.CharField(max_length=10), default=list)

            class Meta:
                app_label = "audit"

        with connection.schema_editor() as editor:
            editor.create_model(Sample)
        yield Sample


@pytest.mark.parametrize(
    "values",
    [
        {"text": '邻里 "quoted" \\ \n \x7f \u2028 {a,b} NULL \'', "words": ["a,b", '"', "\\", "NULL", "邻"]},
        {"text": Colour.RED, "short": "", "whole": -(2**63), "rate": 0.1, "money": Decimal("-1234567890.10"), "yes": False},
        {"rate": 1e300, "whole": 2**63 - 1, "at": AT, "day": date(2024, 2, 29), "hour": time(23, 59, 59, 999999)},
        {"span": timedelta(days=-3, microseconds=1), "blob": bytes(range(256)), "data": {"a": [1, None, {"b": "邻"}], "t": Colour.RED.value}},
        {"span": timedelta(days=400, seconds=1, microseconds=999999), "whole": None, "at": None, "blob": b""},
    ],
)
def test_values_come_back_as_they_went_in(sample: Any, values: dict[str, Any]) -> None:
    key = uuid4()
    assert insert_rows(sample, ("id", *values), [(key, *values.values())]) == 1
    row = sample.objects.get(id=key)
    assert {name: bytes(held) if isinstance(held := getattr(row, name), memoryview) else held for name in values} == values
    update_key = uuid4()
    insert_rows(sample, ("id",), [(update_key,)])
    assert update_rows(sample, ("id", *values), [(update_key, *values.values())]) == 1
    row = sample.objects.get(id=update_key)
    assert {name: bytes(held) if isinstance(held := getattr(row, name), memoryview) else held for name in values} == values


def test_kinds_may_mix_in_a_column(sample: Any) -> None:
    insert_rows(sample, ("id", "text", "rate"), [(uuid4(), Colour.RED, 1), (uuid4(), "blue", 1.5), (uuid4(), gettext_lazy("green"), None)])
    assert set(sample.objects.values_list("text", "rate")) == {("red", 1.0), ("blue", 1.5), ("green", None)}


def test_unnamed_fields_get_the_models_default(sample: Any) -> None:
    insert_rows(sample, ("id",), [(uuid4(),)])
    row = sample.objects.get()
    assert (row.text, row.yes, row.data, row.words) == ("unsaid", True, {}, [])


def test_many_rows_go_in_chunks_and_none_is_lost(sample: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "CHUNK", 7)
    keys = [uuid4() for _ in range(20)]
    assert insert_rows(sample, ("id", "whole"), ((key, place) for place, key in enumerate(keys))) == 20
    assert insert_rows(sample, ("id",), []) == 0
    assert update_rows(sample, ("id", "whole"), [*((key, place + 1) for place, key in enumerate(keys)), (uuid4(), 0)]) == 20
    assert list(sample.objects.order_by("whole").values_list("id", flat=True)) == keys


@pytest.mark.parametrize(
    ("column", "value", "refusal"),
    [
        ("text", object(), TypeError),
        ("text", "\ud800", TypeError),
        ("text", "a\x00b", DataError),
        ("short", "abcd", DataError),
        ("text", None, IntegrityError),
        ("day", "2026-02-30", DataError),
    ],
)
def test_what_does_not_fit_is_refused(sample: Any, column: str, value: Any, refusal: type[Exception]) -> None:
    with pytest.raises(refusal), transaction.atomic():
        insert_rows(sample, ("id", column), [(uuid4(), value)])
    assert not sample.objects.exists()


def test_a_row_of_another_length_is_refused(sample: Any) -> None:
    with pytest.raises(ValueError, match="zip"):
        insert_rows(sample, ("id", "text"), [(uuid4(),)])


def test_equal_values_have_one_text() -> None:
    assert json_text({"b": {2, 1}, "a": Decimal("1.10")}) == json_text({"a": Decimal("1.10"), "b": {1, 2}}) == '{"a":"1.10","b":[1,2]}'


@pytest.mark.django_db
def test_only_few_rows_travel_without_waiting_for_answers() -> None:
    """A long statement whose rest is not sent yet would be waited for by both sides (psycopg 3.3 flushes a pipeline once)."""
    for many, status in ((TOGETHER, PipelineStatus.ON), (TOGETHER + 1, PipelineStatus.OFF)):
        with together(many):
            assert connection.connection.info.pipeline_status == status
