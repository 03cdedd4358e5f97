"""Nothing is said in one language only."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Message

from scripts import messages

CJK = re.compile(r"[㐀-鿿豈-﫿]")
WORD = re.compile(r"[A-Za-z]{2,}")
# Names and formats that are the same in every language; the language switch names each language in itself.
SAME_EVERYWHERE = {
    "English", "中文", "Linli", "邻里", "Open", "Open311", "GeoReport", "API", "JSON", "XML", "CSV", "XLSX", "PDF", "RSS", "QR", "URL", "GPS", "ID", "SMS",
    "TOTP", "OIDC", "FAQ",
}  # fmt: skip
SHOWN = {"title", "alt", "placeholder", "aria-label", "aria-description", "label", "legend", "help", "hint", "note", "person", "who", "unit"}
SILENT = {"script", "style", "code", "kbd", "samp"}
# A block that fills an attribute of the page (its skin, a media query) says nothing to a reader.
TRANSLATED = re.compile(
    r"\{%\s*block (?:skin|theme_media)\s*%\}.*?\{%\s*endblock\s*%\}|\{%\s*(blocktranslate|blocktrans|comment)\b.*?%\}.*?\{%\s*end\1\s*%\}"
    r"|\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}",
    re.DOTALL,
)


class Shown(HTMLParser):
    """Collects what a reader of the page would see or hear."""

    def __init__(self) -> None:
        super().__init__()
        self.silent = 0
        self.found: list[tuple[int, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in SILENT
        self.read_attributes(attrs)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.read_attributes(attrs)

    def read_attributes(self, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [(self.getpos()[0], value) for name, value in attrs if value and name in SHOWN]

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in SILENT

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.found.append((self.getpos()[0], data))


def untranslated(source: str) -> list[str]:
    """Visible words of a template that stand outside translation tags, as ``line: words``."""
    # Tags go, their line breaks stay: the line numbers remain right.
    bare = TRANSLATED.sub(lambda match: "\n" * match[0].count("\n"), source)
    reader = Shown()
    reader.feed(re.sub(r"<c-vars\b[^>]*>", lambda match: "\n" * match[0].count("\n"), bare))
    return [f"{line}: {text.strip()}" for line, text in reader.found if CJK.search(left := without_names(text)) or WORD.search(left)]


def without_names(text: str) -> str:
    return re.sub(r"[A-Za-z0-9]+|[㐀-鿿]+", lambda match: "" if match[0] in SAME_EVERYWHERE else match[0], text)


def test_catalog_is_complete_and_nothing_in_it_is_stale() -> None:
    assert messages.problems(messages.collect(), messages.load(messages.CATALOG)) == [], "run: make messages"


@pytest.mark.parametrize("path", list(messages.templates()), ids=lambda path: str(path.relative_to(messages.PACKAGE)))
def test_template_says_nothing_outside_translation(path: Path) -> None:
    assert untranslated(path.read_text()) == []


def test_compiled_catalog_is_what_the_source_says() -> None:
    from babel.messages.mofile import read_mo

    with messages.CATALOG.with_suffix(".mo").open("rb") as file:
        compiled = read_mo(file)
    source = messages.load(messages.CATALOG)
    assert _said(m for m in compiled if m.id) == _said(m for m in source if m.id and messages.translated(m))


def _said(entries: Iterable[Message]) -> dict[object, object]:
    """What is said for what; a plural's forms come as lists or tuples."""
    return {_fixed(entry.id): _fixed(entry.string) for entry in entries}


def _fixed(words: object) -> object:
    return tuple(words) if isinstance(words, list | tuple) else words


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("<p>Hello</p>", ["1: Hello"]),
        ("<p>\n你好</p>", ["1: 你好"]),
        ('<input placeholder="Search">', ["1: Search"]),
        ('<c-stat label="Open matters" />', ["1: Open matters"]),
        ("{% translate 'Hello' %} {{ name }} <b>{# note #}</b> · 12", []),
        ("{% blocktranslate with n=x %}\nHello {{ n }}\n{% endblocktranslate %}\n<i>left</i>", ["4: left"]),
        ("<button lang='en'>English</button><code>POST</code>", []),
    ],
)
def test_the_reader_of_templates_sees_what_a_person_would(source: str, found: list[str]) -> None:
    assert untranslated(source) == found


def test_problems_are_told() -> None:
    said = messages.Catalog(locale="zh_Hans")
    for text in ("One", "Two %(n)d", "Three"):
        said.add(text)
    kept = messages.Catalog(locale="zh_Hans")
    kept.add("One", "")
    kept.add("Two %(n)d", "两个 %(m)d")
    kept.add("Old", "旧")
    assert [line.split(":")[0] for line in messages.problems(said, kept)] == [
        "not collected into the catalog",
        "no longer used",
        "no Chinese",
        "placeholders differ",
    ]
