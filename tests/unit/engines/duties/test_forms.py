"""What is wrong with a filled-in form is said by the field's title and in the reader's language."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils.translation import gettext, override

from linli.engines.duties.rules.forms import BadForm, checked_answers

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["staff"],
    "additionalProperties": False,
    "minProperties": 2,
    "properties": {
        "staff": {"type": "integer", "title": "People on duty", "title_zh": "在岗人数", "minimum": 1, "maximum": 9},
        "clear": {"type": "boolean", "title": "Exit clear", "title_zh": "通道畅通"},
        "code": {"type": "string", "title": "Number", "title_zh": "编号", "minLength": 2, "maxLength": 4, "pattern": "^[0-9]+$"},
        "on": {"type": "string", "format": "date", "title": "Checked on", "title_zh": "检查日期"},
        "to": {"type": "string", "format": "email", "title": "Told to", "title_zh": "告知邮箱"},
        "kind": {"type": "string", "enum": ["a", "b"], "title": "Kind", "title_zh": "种类"},
        "way": {"type": "string", "oneOf": [{"const": "x", "title": "X"}], "title_zh": "方式"},
        "even": {"type": "integer", "multipleOf": 2, "title": "Pairs", "title_zh": "双数"},
    },
}


@pytest.mark.parametrize(
    ("given", "english", "chinese"),
    [
        ({"staff": None}, "at People on duty: a whole number is expected", "（在岗人数）：应填写整数"),
        ({"staff": 0}, "at People on duty: at least 1 is expected", "（在岗人数）：不得小于 1"),
        ({"staff": 10}, "at People on duty: at most 9 is expected", "（在岗人数）：不得大于 9"),
        ({"clear": "x"}, "at Exit clear: yes or no is expected", "（通道畅通）：应选择是或否"),
        ({"code": 1}, "at Number: a text is expected", "（编号）：应填写文字"),
        ({"code": "1"}, "at Number: at least 2 characters are expected", "（编号）：不得少于 2 个字符"),
        ({"code": "12345"}, "at Number: at most 4 characters are expected", "（编号）：不得超过 4 个字符"),
        ({"code": "1a"}, "at Number: it is not written in the way that is asked for", "（编号）：书写格式不符合要求"),
        ({"on": "yesterday"}, "at Checked on: a day is expected, written like 2026-03-31", "（检查日期）：应填写日期，如 2026-03-31"),
        ({"to": "noon"}, "at Told to: it is not written in the way that is asked for", "（告知邮箱）：书写格式不符合要求"),
        ({"kind": "c"}, "at Kind: choose one of what is offered", "（种类）：请从所列选项中选择"),
        ({"way": "y"}, "at 方式: choose one of what is offered", "（方式）：请从所列选项中选择"),
        ({"even": 3}, "at Pairs: it is not as the form asks", "（双数）：不符合表单要求"),
        ({"face": "x"}, "at face: the form does not ask for it", "（face）：表单没有这一项"),
    ],
)
def test_the_field_and_what_is_wrong_with_it_are_said(given: dict[str, Any], english: str, chinese: str) -> None:
    refused = _refused({"staff": 2, "clear": True, **given})
    assert refused.sentence().endswith(english)
    with override("zh-hans"):
        assert refused.sentence(gettext).endswith(chinese)


def test_what_lacks_is_named_and_what_no_field_is_guilty_of_is_said_all_the_same() -> None:
    assert _refused({"clear": True, "even": 2}).sentence().endswith("at People on duty: it has to be filled in")
    assert _refused({"staff": 1}).sentence().endswith("at —: it is not as the form asks")


def _refused(answers: dict[str, Any]) -> BadForm:
    with pytest.raises(BadForm) as refused:
        checked_answers(answers, SCHEMA)
    return refused.value
