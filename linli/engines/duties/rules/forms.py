"""Forms that a playbook gives as JSON Schemas: objects of plain properties, with nothing in them that is never asked. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import orjson
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError

from linli.kernel.boundaries import refused_attribute
from linli.kernel.refusal import N_, Refusal, Said, Title, saying

PLAIN = frozenset({"string", "integer", "boolean"})
Wrong = tuple[str, Mapping[str, str]]


class BadForm(Refusal):
    code = "duties.bad_form"
    message = N_("The form is not filled in as asked, at %(place)s: %(why)s")
    field = "form"


def wrong_with(schema: Mapping[str, Any]) -> Iterator[Wrong]:
    """Yield what is wrong with a schema as a form: messages with their values.

    Every property is a text, a whole number, yes or no, or a choice (``enum``, or ``oneOf`` of ``const`` with titles). No
    name, title or option may be of the refused kinds (DESIGN §1, boundary 3).
    """
    try:
        Draft202012Validator.check_schema(dict(schema))
    except SchemaError as error:
        yield N_("this is not a JSON Schema: %(why)s"), {"why": error.message[:200]}
        return
    properties = schema.get("properties")
    if schema.get("type") != "object" or not isinstance(properties, dict) or not properties:
        yield N_("a form is an object with properties"), {}
        return
    for name, part in properties.items():
        if not isinstance(part, dict) or part.get("type") not in PLAIN:
            yield N_("“%(name)s” is no plain value: a string, an integer or a boolean"), {"name": str(name)}
            continue
        for word in (name, part.get("title"), part.get("title_zh"), *choices(part)):
            attribute = refused_attribute(word) if isinstance(word, str) else None
            if attribute:
                yield N_("Linli keeps no %(attribute)s of anyone."), {"attribute": attribute}
    for name in schema.get("required", ()):
        if name not in properties:
            yield N_("“%(name)s” is required and is no property"), {"name": str(name)}


def choices(part: Mapping[str, Any]) -> Iterator[str]:
    """Every word of a property's options: values and titles."""
    for value in part.get("enum", ()):
        yield str(value)
    for option in part.get("oneOf", ()):
        if isinstance(option, dict):
            yield from (str(option[key]) for key in ("const", "title", "title_zh") if key in option)


def checked_answers(answers: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the answers as they are.

    Raises:
        BadForm: they are not as the schema asks; says where and why.
    """
    wrong = next(_validator(orjson.dumps(dict(schema), option=orjson.OPT_SORT_KEYS)).iter_errors(dict(answers)), None)
    if wrong is not None:
        name = _field_of(wrong, answers, schema)
        raise BadForm(place=_title(schema.get("properties", {}).get(name, {}), name), why=_why(wrong))
    return answers


def _field_of(wrong: ValidationError, answers: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """The field at fault: the one that is wrong, lacks, or is not asked for; "—" where it is none of them alone."""
    if wrong.absolute_path:
        return str(wrong.absolute_path[0])
    if wrong.validator == "required":
        wanted: Any = wrong.validator_value
        return next(str(name) for name in wanted if name not in answers)
    if wrong.validator == "additionalProperties":
        return next(str(name) for name in answers if name not in schema.get("properties", {}))
    return "—"


def _title(part: Mapping[str, Any], name: str) -> Title:
    title, chinese = part.get("title"), part.get("title_zh")
    return Title(zh=str(chinese or title or name), en=str(title or chinese or name))


def _why(wrong: ValidationError) -> Said:
    """What is wrong, in words of our own: jsonschema's are English."""
    if wrong.validator == "type" and wrong.validator_value in _TYPES:
        return _TYPES[wrong.validator_value]
    if wrong.validator == "format" and wrong.validator_value == "date":
        return saying("a day is expected, written like 2026-03-31")
    if wrong.validator in ("minimum", "maximum", "minLength", "maxLength"):
        return Said(_LIMITS[wrong.validator], {"limit": wrong.validator_value})
    return _WRONG.get(str(wrong.validator), saying("it is not as the form asks"))


_TYPES = {
    "string": saying("a text is expected"),
    "integer": saying("a whole number is expected"),
    "boolean": saying("yes or no is expected"),
}
_LIMITS = {
    "minimum": N_("at least %(limit)s is expected"),
    "maximum": N_("at most %(limit)s is expected"),
    "minLength": N_("at least %(limit)s characters are expected"),
    "maxLength": N_("at most %(limit)s characters are expected"),
}
_WRONG = {
    "required": saying("it has to be filled in"),
    "additionalProperties": saying("the form does not ask for it"),
    "enum": saying("choose one of what is offered"),
    "oneOf": saying("choose one of what is offered"),
    "pattern": saying("it is not written in the way that is asked for"),
    "format": saying("it is not written in the way that is asked for"),
}


@lru_cache(maxsize=256)
def _validator(schema: bytes) -> Draft202012Validator:
    return Draft202012Validator(orjson.loads(schema), format_checker=Draft202012Validator.FORMAT_CHECKER)
