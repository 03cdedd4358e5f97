"""Services of GeoReport v2: the classes that can be reported, their definitions, and the discovery document."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext

from linli.engines.matters.playbook import ClassPart, FormField, MattersSection
from linli.engines.matters.rules.classes import DeskClass, unknown_class
from linli.engines.matters.rules.policy import Policy
from linli.interfaces.open311.formats import w3c
from linli.kernel.refusal import N_

DATATYPES = {"text": "text", "number": "number", "choice": "singlevaluelist", "choices": "multivaluelist", "date": "datetime"}
SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
CONDITION = "condition"
_QUESTION = N_("Which of these describes it?")


def service_list(section: MattersSection, language: str) -> list[dict[str, Any]]:
    """Every class that residents report, as a service."""
    kinds = {kind.code: kind.names.model_dump() for kind in section.kinds}
    return [_service(part, kinds[part.kind], language) for part in section.classes if part.reported_by == "everyone"]


def _service(part: ClassPart, kind: Mapping[str, str], language: str) -> dict[str, Any]:
    group = part.group.model_dump() if part.group else kind
    name = spoken(part.names.model_dump(), language)
    rows = [spoken(row.names.model_dump(), language) for row in part.conditions if row.names]
    return {
        "service_code": part.code,
        "service_name": name,
        "description": f"{name}: {' / '.join(rows)}" if rows else name,
        "metadata": bool(attributes_of(part, language)),
        "type": "realtime",  # every report has its number at once
        "keywords": ", ".join(part.words),
        "group": spoken(group, language),
    }


def service_definition(section: MattersSection, policy: Policy, code: str, language: str) -> dict[str, Any]:
    """What a class asks: its condition, where it has several, and its form.

    Raises:
        UnknownClass: there is none of this code that residents report.
    """
    part = next((part for part in section.classes if part.code == code), None)
    if part is None:
        raise unknown_class(code, policy=policy)
    if part.reported_by != "everyone":
        raise DeskClass(given=code)
    return {"service_code": part.code, "attributes": attributes_of(part, language)}


def attributes_of(part: ClassPart, language: str) -> list[dict[str, Any]]:
    """The attributes of a service definition, in the order in which they are asked."""
    asked: list[dict[str, Any]] = []
    if len(part.conditions) > 1:
        names = {row.code: spoken(row.names.model_dump(), language) if row.names else row.code for row in part.conditions}
        asked.append(_attribute(CONDITION, "singlevaluelist", False, gettext(_QUESTION), names))
    asked += [_of_form(question, language) for question in part.form]
    for order, attribute in enumerate(asked, start=1):
        attribute["order"] = order
    return asked


def _of_form(question: FormField, language: str) -> dict[str, Any]:
    choices = {choice.code: spoken(choice.names.model_dump(), language) for choice in question.choices}
    return _attribute(question.code, DATATYPES[question.type], question.required, spoken(question.names.model_dump(), language), choices)


def _attribute(code: str, datatype: str, required: bool, description: str, values: Mapping[str, str]) -> dict[str, Any]:
    attribute: dict[str, Any] = {
        "variable": True,
        "code": code,
        "datatype": datatype,
        "required": required,
        "datatype_description": "",
        "order": 0,
        "description": description,
    }
    if values:
        attribute["values"] = [{"key": key, "name": name} for key, name in values.items()]
    return attribute


def discovery(*, endpoint: str, changed: datetime) -> dict[str, Any]:
    """The service discovery document: where this endpoint is and what it speaks."""
    return {
        "changeset": w3c(changed),
        "contact": gettext("Ask whoever runs this installation."),
        "key_service": gettext("Keys are given out by whoever runs this installation: linli apikey create --name NAME."),
        "endpoints": [
            {
                "specification": SPECIFICATION,
                "url": endpoint,
                "changeset": w3c(changed),
                "type": "production",
                "formats": ["application/json", "text/xml"],
            }
        ],
    }


def spoken(names: Mapping[str, str], language: str) -> str:
    """The name in the reader's language, else in the other one."""
    return names.get("en" if language.startswith("en") else "zh") or next((name for name in names.values() if name), "")
