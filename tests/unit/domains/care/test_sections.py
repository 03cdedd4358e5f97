"""What a playbook's sections of care, devices, teams and shifts refuse, with the place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from linli.kernel.playbooks.rules.problems import BadPlaybook
from linli.kernel.playbooks.services.load import load_playbook
from tests.factories import SMALL

NAMES = {"zh": "某", "en": "Some"}
ONE = {"code": "a", "names": NAMES}
RULE = {**ONE, "subjects": {"kind": "care"}, "visibility": "private", "cadence": {"times": 1, "period": "month"}, "answer": "1 working_days"}

VISIT = {**RULE, "levels": ["grid"]}
FORM = {"type": "object", "properties": {"text": {"type": "string", "maxLength": 200}, "count": {"type": "integer", "minimum": 0, "maximum": 9}}}
TELL = {**RULE, "levels": ["grid"], "evidence": ["form"], "form": FORM}
TOLD = {"duty": "a", "says": "text", "kinds": ["a"]}


@pytest.mark.parametrize(
    ("sections", "place"),
    [
        ({"care": {"purposes": [ONE, ONE]}}, "care.purposes"),
        ({"care": {"levels": [{**ONE, "score": 3}]}}, "care.levels"),
        ({"care": {"purposes": [{"code": "religion", "names": NAMES}]}}, "religion"),
        ({"care": {"duties": [ONE]}}, "law"),
        ({"care": {"stays": [ONE, ONE]}}, "care.stays"),
        ({"care": {"days": [ONE, ONE]}}, "care.days"),
        ({"care": {}, "duties": {"rules": [{**VISIT, "evidence": ["photo"]}]}}, "pictures"),
        ({"care": {}, "duties": {"rules": [{**VISIT, "visibility": "internal"}]}}, "visibility: private"),
        ({"care": {}, "duties": {"rules": [{**VISIT, "subjects": {"kind": "care", "where": {"purpos": "a"}}}]}}, "purpos"),
        ({"care": {"purposes": [ONE]}, "duties": {"rules": [{**VISIT, "subjects": {"kind": "care", "where": {"purpose": ["a", "b"]}}}]}}, "“b”"),
        ({"care": {"levels": [ONE]}, "duties": {"rules": [{**VISIT, "subjects": {"kind": "care", "where": {"level": "b"}}}]}}, "“b”"),
        ({"care": {"stays": [ONE]}, "duties": {"rules": [{**VISIT, "cadence": {"stay": "b", "every": 1}}]}}, "“b”"),
        ({"care": {"days": [ONE]}, "duties": {"rules": [{**VISIT, "cadence": {"day": "b"}}]}}, "“b”"),
        ({"duties": {"pauses": [ONE, ONE]}}, "duties.pauses"),
        ({"duties": {"rules": [{**RULE, "levels": ["grid_member", "grid", "grid_head"]}]}}, "levels[2]"),
        ({"duties": {"rules": [{**RULE, "levels": ["grid_member", "grid_member"]}]}}, "levels[1]"),
        ({"duties": {"rules": [{**RULE, "levels": ["grid_membre", "grid"]}]}}, "levels[0]"),
        ({"devices": {"kinds": [{**ONE, "opens": "nothing"}]}}, "opens"),
        ({"devices": {"kinds": [{**ONE, "opens": "E-0401"}]}}, "opens"),
        ({"devices": {"kinds": [{**ONE, "opens": "E-0501", "private": True}]}}, "opens"),
        ({"teams": {"kinds": [{**ONE, "courses": ["none"]}]}}, "courses"),
        ({"teams": {"venues": [ONE, ONE]}}, "venues"),
        ({"teams": {"kinds": [ONE], "messages": [{**TOLD, "kinds": ["b"]}]}, "duties": {"rules": [TELL]}}, "messages[0].kinds[0]"),
        ({"teams": {"kinds": [ONE], "messages": [{**TOLD, "duty": "x"}]}, "duties": {"rules": [TELL]}}, "messages[0].duty"),
        ({"teams": {"kinds": [ONE], "messages": [{**TOLD, "says": "count"}]}, "duties": {"rules": [TELL]}}, "messages[0].says"),
        ({"shifts": {"rest_hours": 100}}, "rest_hours"),
    ],
)
def test_a_wrong_section_is_refused_with_its_place(sections: dict[str, Any], place: str, tmp_path: Path) -> None:
    file = tmp_path / "playbook.yaml"
    file.write_text(yaml.safe_dump({**yaml.safe_load(SMALL.read_text()), **sections}, allow_unicode=True))
    with pytest.raises(BadPlaybook) as refused:
        load_playbook(file)
    assert place in str(refused.value.params) + str(refused.value)
