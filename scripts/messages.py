"""Translations: collect what the program says, keep the Chinese catalog, compile it. Needs no GNU gettext.

    scripts/messages.py                 collect and merge; report what lacks Chinese and what fell out of use
    scripts/messages.py room.po …       the same, taking missing translations from these files
    scripts/messages.py --check         write nothing; exit 1 when the catalog is not complete
    scripts/messages.py --compile       write the .mo beside each .po where it is older

The msgid is the English text, so English needs no catalog. Entries are sorted by msgid and name their files without line
numbers, so that the catalog changes only when the words do.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import django
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "linli"
LOCALE = "zh_Hans"
CATALOG = PACKAGE / "locale" / LOCALE / "LC_MESSAGES" / "django.po"
HEADER = """\
# Chinese (simplified) of Linli. Kept by scripts/messages.py; translate here.
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Language: zh_Hans\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

"""
KEYWORDS = {
    "_": None, "N_": None, "saying": None, "gettext": None, "gettext_lazy": None, "gettext_noop": None,
    "ngettext": (1, 2), "ngettext_lazy": (1, 2), "pgettext": ((1, "c"), 2), "pgettext_lazy": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3),
}  # fmt: skip
PLACEHOLDER = re.compile(r"%\((\w+)\)[-#0 +]*[\d.]*[a-zA-Z]|(?<!\{)\{(\w*)[^{}]*\}(?!\})|%(s|d)")


def collect() -> Catalog:
    """Every msgid in the package's Python files and templates, with the files it is in."""
    catalog = Catalog(locale=LOCALE)
    for path in sorted(PACKAGE.rglob("*.py")):
        if "migrations" not in path.parts:
            add(catalog, path, path.read_bytes())
    for path in templates():
        add(catalog, path, as_python(path).encode())
    return catalog


def templates() -> Iterator[Path]:
    """All templates of the package: pages, components, letters."""
    for folder in sorted(PACKAGE.rglob("templates")):
        yield from sorted(path for path in folder.rglob("*") if path.suffix in (".html", ".txt", ".xml", ".svg"))


def as_python(path: Path) -> str:
    """A template as calls of gettext, by Django's own reader."""
    if not settings.configured:
        settings.configure(USE_I18N=True)
        django.setup()
    from django.utils.translation.template import templatize

    source = templatize(path.read_text(), origin=str(path))
    return "\n".join(line.strip() for line in source.splitlines())  # a template's indents mean nothing to Python


def add(catalog: Catalog, path: Path, source: bytes) -> None:
    for _line, message, _comments, context in extract("python", io.BytesIO(source), keywords=KEYWORDS, options={"encoding": "utf-8"}):
        if message and message != ("", ""):
            catalog.add(message, locations=[(str(path.relative_to(ROOT)), 1)], context=context)


def load(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=LOCALE, charset="utf-8")


def merge(found: Catalog, sources: list[Catalog]) -> Catalog:
    """``found`` with the first translation that any of ``sources`` has for each message."""
    for message in found:
        if not message.id:
            continue
        for source in sources:
            known = source.get(message.id if isinstance(message.id, str) else message.id[0], context=message.context)
            if known is not None and translated(known) and "fuzzy" not in known.flags:
                message.string = known.string if message.pluralizable == known.pluralizable else shaped(message, known)
                break
    return found


def shaped(message: Message, known: Message) -> str | tuple[str, ...]:
    """A singular translation used for a message with a plural, or the other way: Chinese has one form."""
    text = (known.string[0] if isinstance(known.string, (tuple, list)) else known.string) or ""
    return (text,) if message.pluralizable else text


def translated(message: Message) -> bool:
    strings = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
    return all(strings)


def keys(catalog: Catalog) -> set[tuple[str, str | None]]:
    return {(message.id if isinstance(message.id, str) else message.id[0], message.context) for message in catalog if message.id}


def placeholders(text: str) -> set[str]:
    return {"".join(match.groups(default="")) for match in PLACEHOLDER.finditer(text.replace("%%", ""))}


def problems(found: Catalog, kept: Catalog) -> list[str]:
    """What is wrong with the catalog ``kept``, given what the program says: one line each."""
    wrong = [f"not collected into the catalog: {key[0]!r}" for key in sorted(keys(found) - keys(kept), key=str)]
    wrong += [f"no longer used: {key[0]!r}" for key in sorted(keys(kept) - keys(found), key=str)]
    wrong += [f"set aside as obsolete: {message.id!r}" for message in kept.obsolete.values()]
    for message in kept:
        if not message.id:
            continue
        ids = message.id if isinstance(message.id, (tuple, list)) else (message.id,)
        strings = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
        if "fuzzy" in message.flags:
            wrong.append(f"fuzzy: {ids[0]!r}")
        if not all(strings):
            wrong.append(f"no Chinese: {ids[0]!r} ({', '.join(sorted({file for file, _ in message.locations}))})")
            continue
        asked = placeholders(ids[-1])
        wrong += [f"placeholders differ: {ids[0]!r} → {text!r}" for text in strings if placeholders(text or "") != asked]
    return wrong


def save(catalog: Catalog, path: Path) -> None:
    """Write only when the words changed."""
    body = io.BytesIO()
    write_po(body, catalog, width=160, omit_header=True, sort_output=True, include_lineno=False, ignore_obsolete=True)
    text = HEADER + body.getvalue().decode()
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def compile_catalogs() -> None:
    """Write each .mo that is missing or older than its .po; another process never sees half of one."""
    for po in PACKAGE.glob("locale/*/LC_MESSAGES/*.po"):
        mo = po.with_suffix(".mo")
        if mo.exists() and mo.stat().st_mtime_ns >= po.stat().st_mtime_ns:
            continue
        part = mo.with_suffix(".part")
        with part.open("wb") as file:
            write_mo(file, load(po))
        part.rename(mo)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="*", type=Path, help=".po files that give missing translations")
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("--compile", action="store_true", help="only write the .mo files that are older")
    given = parser.parse_args()
    if given.compile:
        compile_catalogs()
        return 0
    found = collect()
    if not given.check:
        before = load(CATALOG)
        gone = keys(before) - keys(found)
        save(merge(found, [before, *map(load, given.sources)]), CATALOG)
        compile_catalogs()
        for text, _context in sorted(gone, key=str):
            print(f"dropped, no longer used: {text!r}")
        found = collect()
    wrong = problems(found, load(CATALOG))
    for line in wrong:
        print(line)
    print(f"{len(keys(found))} messages, {len(wrong)} to mend")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
