"""A component shows what it was given: a page that has a value of the same name in its context does not reach into it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django import forms
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.cache import SessionStore
from django.template import engines
from django.test import RequestFactory
from django_cotton.compiler_regex import CottonCompiler

COMPONENTS = Path(__file__).resolve().parents[2] / "linli" / "interfaces" / "templates" / "cotton"
NAMES = sorted(str(path.relative_to(COMPONENTS).with_suffix("")).replace("/index", "").replace("/", ".") for path in COMPONENTS.rglob("*.html"))


TOKEN = re.compile(r'value="\w{64}"')  # of a form, another each time
NEEDED = {"icon": 'name="x"', "form": ':form="a_form"', "field": ':field="a_form.code"', "field.notes": ':field="a_form.code"'}


class AForm(forms.Form):
    code = forms.CharField(help_text="of it")


def declared(name: str) -> set[str]:
    """What a component calls its own."""
    path = COMPONENTS / f"{name.replace('.', '/')}.html"
    text = (path if path.exists() else path.with_suffix("") / "index.html").read_text()
    found = re.search(r"<c-vars (.*?)/>", text)
    return {one.lstrip(":") for one in re.findall(r"(:?[a-z_]+)(?:=\"[^\"]*\")?(?=\s)", found[1])} if found else set()


def rendered(page: str, context: dict[str, object]) -> str:
    """A page as the loader would have compiled it."""
    request = RequestFactory().get("/")
    request.user, request.session = AnonymousUser(), SessionStore()
    return engines["django"].from_string(CottonCompiler().process(page)).render(context, request)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", NAMES)
def test_no_name_of_a_page_reaches_into_a_component(name: str, db: None) -> None:
    page = f"<c-{name} {NEEDED.get(name, '')}>in the slot</c-{name}>"
    given: dict[str, object] = dict.fromkeys({*declared(name), "attrs", "actions", "asked", "kind"}, "LEAKED")
    alone = TOKEN.sub("", rendered(page, {"a_form": AForm()}))
    assert "<c-" not in alone and TOKEN.sub("", rendered(page, {**given, "a_form": AForm()})) == alone


def test_what_is_in_the_slot_is_the_pages() -> None:
    page = '<c-card title="{{ told }}">{{ kind }} <c-badge>{{ actions }}</c-badge></c-card>'
    said = rendered(page, {"told": "a title", "kind": "of the page", "actions": "its own"})
    assert "a title" in said and "of the page" in said and "its own" in said and "badge--of" not in said


def test_the_components_are_found() -> None:
    assert {"badge", "card", "button", "field.notes", "timeline.item"} <= set(NAMES) and declared("card") >= {"title", "actions", "level"}
