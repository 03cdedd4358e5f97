"""A form is asked in the order in which its playbook lists it, wherever it is shown, however it was stored."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.db import connection

from linli.engines.duties.inspections.selectors.ledgers import ledger_page
from linli.engines.duties.playbook import DutiesSection
from linli.engines.duties.selectors.carried import carried
from linli.interfaces.console.duties_forms import told
from linli.kernel.access.rules import SYSTEM
from linli.kernel.playbooks.models import PlaybookVersion
from linli.kernel.playbooks.selectors import active_playbook
from linli.kernel.playbooks.services.apply import AlreadyApplied, apply_playbook
from linli.kernel.playbooks.services.load import load_playbook
from linli.kernel.writing import write
from tests.factories import MONDAY, hold_playbook
from tests.integration.inspections.made import FISHINGNET, HOUR, MORNING, REGISTERED, Town
from tests.integration.inspections.test_pages import Desk, desk, place

__all__ = ["desk", "place"]

ORDER = ["operator", "licence", "area", "exits", "hours"]  # required are the first and the fourth: neither that nor the alphabet decides


def test_the_desk_the_leaf_and_the_sheet_follow_the_playbook(place: Town, desk: Desk) -> None:
    place.write("registration", {**REGISTERED, "hours": "8-22", "licence": "L1"})
    form = desk("grid").get(f"/console/places/place/{place.hotel}/registration").content.decode()
    assert re.findall(r'name="form_(\w+)"', form) == ORDER
    (leaf,) = [one for one in ledger_page(actor=SYSTEM, at=MORNING + HOUR, kind="place", place=place.hotel).leaves if one.form.code == "registration"]
    assert leaf.current and leaf.current.answers
    assert [name for name, _ in told(leaf.current.answers, leaf.current.schema, "en")] == [
        "Operator (a firm or shop)", "Licence number", "Emergency exits", "Opening hours",
    ]  # fmt: skip


def test_the_phone_is_handed_the_properties_in_order(place: Town) -> None:
    rules = {rule.code: rule for rule in active_playbook().section(DutiesSection).rules}
    load = carried(actor=place.actor(), at=MORNING + HOUR)
    assert load.forms
    for key, schema in load.forms.items():
        form = rules[key.split(":")[1]].form
        assert form and list(schema["properties"]) == list(form["properties"])
    written = load_playbook(FISHINGNET).sections.sections["duties"]
    assert {rule.code: list(rule.form["properties"]) for rule in written.rules if rule.form} == {  # type: ignore[attr-defined]
        code: list(rule.form["properties"]) for code, rule in rules.items() if rule.form
    }


def test_another_order_is_another_playbook_and_what_is_stored_otherwise_still_loads(db: None, tmp_path: Path) -> None:
    hold_playbook(playbook=FISHINGNET)
    text = FISHINGNET.read_text()
    first, second = (re.search(rf"^ +{name}: {{type.*\n", text, re.M) for name in ("operator", "licence"))
    assert first and second
    path = tmp_path / "playbook.yaml"
    path.write_text(text.replace(first[0] + second[0], second[0] + first[0], 1))
    with pytest.raises(AlreadyApplied), write():
        apply_playbook(actor=SYSTEM, at=MONDAY, playbook=load_playbook(FISHINGNET))
    with write():
        version = apply_playbook(actor=SYSTEM, at=MONDAY, playbook=load_playbook(path))
    stored = PlaybookVersion.objects.get(id=version.id).content
    assert list(stored["inspections"]["stakes"][0]["forms"][0]["form"]["properties"])[:2] == ["licence", "operator"]
    with connection.cursor() as cursor:  # what an earlier release stored had lost its order
        cursor.execute("SELECT content::jsonb::json FROM playbooks_playbookversion WHERE id = %s", [version.id])
        assert cursor.fetchone()[0] == stored
