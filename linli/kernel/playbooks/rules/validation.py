"""From YAML to sections: every problem of a playbook, each with its place. Pure."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from linli.kernel.boundaries import refused_attribute
from linli.kernel.playbooks.rules.head import Meta
from linli.kernel.playbooks.rules.problems import Problem, nearest
from linli.kernel.playbooks.rules.schema import Issue, Path, S, Section, Sections, UnknownSection
from linli.kernel.playbooks.rules.source import Value
from linli.kernel.playbooks.rules.upcasting import SCHEMA
from linli.kernel.refusal import N_

META = "playbook"
# Words about the method itself may say what it does not ask.
_PROSE: tuple[Path, ...] = ((META, "method"), (META, "source"))


@dataclass(frozen=True, slots=True)
class Validated:
    """What a file says: its head and its sections as far as they are right, and all that is wrong."""

    meta: Meta | None
    sections: Mapping[str, Section]
    problems: tuple[Problem, ...]


def read_meta(root: Value) -> tuple[Meta | None, list[Problem]]:
    """Read the ``playbook:`` part alone (it says what the file builds on)."""
    value = root.child(META)
    if value is None:
        return None, [Problem(root.place, (META,), N_("this section is missing"), expected="name, version, schema, title, method")]
    meta, problems = _read(Meta, value, (META,))
    assert meta is None or isinstance(meta, Meta)
    if meta is not None and meta.schema_number > SCHEMA:
        place = value.children_place("schema")
        problems.append(Problem(place, (META, "schema"), N_("this program is older than the playbook"), expected=f"1 – {SCHEMA}"))
    return meta, problems


def validate(root: Value, models: Mapping[str, type[Section]]) -> Validated:
    """Validate a playbook against the sections that are wired; collects every problem, in the order of the file.

    Refused: unknown sections and keys, missing ones, values of the wrong shape, names of refused attributes of persons
    (``linli.kernel.boundaries``), and whatever the sections' own checks find between them.
    """
    meta, problems = read_meta(root)
    problems += _refused_names(root)
    for name, value in root.data.items():
        if name != META and name not in models:
            known = sorted([*models, META])
            problems.append(
                Problem(value.key or value.place, (name,), N_("there is no section of this name"), expected=", ".join(known), nearest=nearest(name, known))
            )
    sections: dict[str, Section] = {}
    for name, model in models.items():
        value = root.child(name)
        section, found = _read_absent(model, root, (name,)) if value is None else _read(model, value, (name,))
        problems += found
        if section is not None:
            sections[name] = section
    problems += _cross_checks(root, Sections(sections))
    unique = {(problem.place, problem.path, problem.message): problem for problem in problems}
    return Validated(meta, sections, tuple(sorted(unique.values(), key=lambda problem: problem.place)))


def _read_absent(model: type[Section], root: Value, path: Path) -> tuple[Section | None, list[Problem]]:
    try:
        return model.model_validate({}), []
    except ValidationError:
        wanted = ", ".join(_names(model, required=True))
        return None, [Problem(root.place, path, N_("this section is missing"), expected=wanted)]


def _read(model: type[Section], value: Value, path: Path) -> tuple[Section | None, list[Problem]]:
    try:
        return model.model_validate(value.plain()), []
    except ValidationError as error:
        return None, [_problem(model, value, path, fault) for fault in error.errors(include_url=False)]


def _problem(model: type[Section], value: Value, root_path: Path, fault: Any) -> Problem:
    """Turn one of Pydantic's errors into a problem with a place; its ``loc`` also names branches of unions, left out here."""
    steps: list[str | int] = []
    found = value
    kind = fault["type"]
    for step in fault["loc"]:
        child = found.child(step)
        if child is not None:
            steps.append(step if isinstance(step, int) else str(step))
            found = child
    path: Path = (*root_path, *steps)
    holder = _model_at(model, tuple(steps))
    if kind == "missing":
        name = str(fault["loc"][-1])
        return Problem(found.key or found.place, (*path, name), N_("this is missing"))
    if kind == "extra_forbidden":
        known = _names(_model_at(model, tuple(steps[:-1])))
        message = N_("there is no key of this name here")
        if found.data is None and " " in str(steps[-1]):
            message = N_("there is no key of this name here; text that holds a comma needs quotes")
        return Problem(found.key or found.place, path, message, expected=", ".join(known), nearest=nearest(steps[-1], known))
    context: dict[str, Any] = fault.get("ctx") or {}
    choices = _choices(holder)
    given = found.plain()
    shown = given if isinstance(given, str | int | float) and not isinstance(given, bool) else None
    close = nearest(shown, choices) if choices and shown is not None else ""
    if kind in ("literal_error", "enum"):
        return Problem(
            found.place, path, N_("this is not one of the values there are"), expected=", ".join(choices) or str(context.get("expected", "")), nearest=close
        )
    if kind in ("value_error", "assertion_error"):
        said = str(context.get("error", fault["msg"]))
        return Problem(found.place, path, N_("this cannot be read"), expected=said)
    message, expected = _SHAPES.get(kind, (N_("this value does not fit"), ""))
    return Problem(found.place, path, message, expected=expected or _pydantic_words(fault["msg"]), nearest=close)


_SHAPES: dict[str, tuple[str, str]] = {
    **dict.fromkeys(
        ("model_type", "model_attributes_type", "dict_type", "mapping_type", "dataclass_type"), (N_("this has the wrong shape"), N_("a mapping (key: value)"))
    ),
    **dict.fromkeys(("list_type", "tuple_type", "set_type", "frozen_set_type"), (N_("this has the wrong shape"), N_("a list"))),
    "string_type": (N_("this has the wrong shape"), N_("text")),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), (N_("this has the wrong shape"), N_("a whole number"))),
    **dict.fromkeys(("float_type", "float_parsing", "decimal_type", "decimal_parsing"), (N_("this has the wrong shape"), N_("a number"))),
    **dict.fromkeys(("bool_type", "bool_parsing"), (N_("this has the wrong shape"), N_("true or false"))),
    **dict.fromkeys(("date_type", "date_parsing", "date_from_datetime_parsing"), (N_("this has the wrong shape"), N_("a date such as 2026-10-01"))),
    **dict.fromkeys(("time_type", "time_parsing"), (N_("this has the wrong shape"), N_("a time such as 08:30"))),
}


def _pydantic_words(message: str) -> str:
    for start in ("Input should be ", "String should ", "Value error, "):
        message = message.removeprefix(start)
    return message


def _cross_checks(root: Value, sections: Sections) -> Iterator[Problem]:
    for name, section in sections.items():
        try:
            for issue in section.check(sections):
                yield _from_issue(root.child(name) or root, (name,), issue)
        except UnknownSection:
            continue  # that section is broken, and its own problems are in the list


def _from_issue(value: Value, above: Path, issue: Issue) -> Problem:
    """The issue with its place: that of the value at its path, or of the nearest one above it that there is."""
    found, known = value, True
    for step in issue.path:
        child = found.child(step)
        known = child is not None
        if child is None:
            break
        found = child
    at_fault = issue.given or (found.plain() if known else None)
    if not isinstance(at_fault, str | int | float):
        at_fault = issue.path[-1] if issue.path else ""
    return Problem(found.place, (*above, *issue.path), issue.message, expected=issue.expected, nearest=nearest(at_fault, issue.known), params=issue.params)


def _refused_names(root: Value) -> Iterator[Problem]:
    for path, value in root.walk():
        names = [(path[-1], value.key)] if path and isinstance(path[-1], str) and value.key is not None else []
        if isinstance(value.data, str) and not any(path[: len(prose)] == prose for prose in _PROSE):
            names.append((value.data, value.place))
        for name, place in names:
            attribute = refused_attribute(str(name))
            if attribute is not None:
                message = N_("%(name)s names an attribute of persons that this program never takes in: %(attribute)s")
                yield Problem(place or value.place, path, message, params={"name": name, "attribute": attribute})


# -- reading the models: which names and choices there are at a place ------------------------------------------------------


def _names(model: Any, *, required: bool = False) -> list[str]:
    names: dict[str, None] = {}
    for part in _models(model):
        for name, field in part.model_fields.items():
            if field.is_required() or not required:
                names[field.alias or name] = None
    return list(names)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    for part in _plain_types(annotation):
        if isinstance(part, type) and issubclass(part, BaseModel):
            yield part


def _plain_types(annotation: Any) -> Iterator[Any]:
    """The types behind Annotated, Optional and unions."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _plain_types(get_args(annotation)[0])
    elif origin in (Union, types.UnionType):
        for part in get_args(annotation):
            yield from _plain_types(part)
    else:
        yield annotation


def _model_at(annotation: Any, steps: Path) -> Any:
    """The annotation of the value that ``steps`` leads to; ``Any`` where the models do not say."""
    if not steps:
        return annotation
    step, rest = steps[0], steps[1:]
    found: list[Any] = []
    for part in _plain_types(annotation):
        if isinstance(part, type) and issubclass(part, BaseModel):
            fields = [field for name, field in part.model_fields.items() if step == (field.alias or name)]
            found += [_model_at(field.annotation, rest) for field in fields]
        else:
            arguments = [argument for argument in get_args(part) if argument is not Ellipsis]
            if arguments:
                inner = arguments[-1] if isinstance(step, str) or len(arguments) == 1 or not isinstance(step, int) else arguments[min(step, len(arguments) - 1)]
                found.append(_model_at(inner, rest))
    if not found:
        return Any
    return found[0] if len(found) == 1 else Union[tuple(found)]  # noqa: UP007 - built from values


def _choices(annotation: Any) -> list[str]:
    names: list[str] = []
    for part in _plain_types(annotation):
        if get_origin(part) is Literal:
            names += [str(choice) for choice in get_args(part)]
        elif isinstance(part, type) and issubclass(part, Enum):
            names += [str(member.value) for member in part]
    return names


def validate_as(model: type[S], root: Value) -> tuple[S | None, list[Problem]]:
    """Validate a file of another kind (a mapping, a scenario) that is one ``model``; every problem, in the order of the file."""
    section, problems = _read(model, root, ())
    problems += _refused_names(root)
    if section is not None:
        problems += [_from_issue(root, (), issue) for issue in section.check(Sections({}))]
    return section if isinstance(section, model) else None, sorted(problems, key=lambda problem: problem.place)
