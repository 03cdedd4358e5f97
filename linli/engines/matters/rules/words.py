"""Words of reporters: what is kept, and what of it everyone may read."""

from __future__ import annotations

import re
import unicodedata

MAX_TEXT = 4_000
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")  # half a surrogate pair is no character: no database takes it
_PLATE = "[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z]"
# Chinese is written without blanks: what stands before or after a number says nothing about where it ends. Lengths are
# bounded where a pattern could start anywhere: a long text must not cost its square.
_PERSONAL = (
    re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"),  # e-mail
    re.compile(r"[\w.+-]{1,64}@[\w-]+\.[\w.-]+"),  # e-mail in other letters
    re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)"),  # identity number
    re.compile(r"(?<!\d)\+?\(?\d(?:[ \u3000()（）·‐‑–—-]{0,2}\d){7,}(?!\d)"),  # telephone, bank card
    re.compile(r"(?i)(?:微信|wechat|qq)(?:号|號)?\s*[:：]?\s*[A-Za-z0-9_-]{5,20}"),
    re.compile(rf"(?i){_PLATE}[·. -]?(?:[A-HJ-NP-Z0-9]{{5,6}}|[A-HJ-NP-Z0-9]{{4}}[警学挂港澳领使试超])(?![A-Za-z0-9])"),  # number plate
)
MASK = "●●●"
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")
_BREAK = re.compile(r"[^\w-]+")


def kept(text: str) -> str:
    """Return ``text`` as it is stored: normalised, without control characters, lines trimmed."""
    if text.isascii() and text.isprintable():
        return text.strip()
    return unicodedata.normalize("NFC", _CONTROL.sub("", text).replace("\r\n", "\n").replace("\r", "\n")).strip()


def public(text: str) -> str:
    """Return ``text`` with telephone, identity, card and plate numbers and addresses of mail masked.

    A machine cannot find every personal word: staff can redact, and private kinds publish no words at all (DECIDED 9).
    """
    for pattern in _PERSONAL:
        text = pattern.sub(MASK, text)
    return text


def searchable(text: str) -> str:
    """Return ``text`` as it is indexed for search: Latin words and numbers as they are, Chinese cut into overlapping pairs.

    A trigram index finds nothing by two characters alone, and most Chinese words have two: ``消防通道`` is kept as
    `` 消防 防通 通道 ``, each pair a word of its own, which the index pads to trigrams (DECIDED 17).
    """
    pairs: list[str] = []

    def cut(match: re.Match[str]) -> str:
        run = match[0]
        pairs.extend(run[place : place + 2] for place in range(max(1, len(run) - 1)))
        return " "

    rest = _BREAK.sub(" ", _HAN.sub(cut, text))
    return " " + " ".join([*rest.split(), *dict.fromkeys(pairs)]) + " "


def patterns(query: str) -> list[str]:
    """Return what all must stand in :func:`searchable` for a query to be found: pairs as whole words, others as parts."""
    found: list[str] = []
    rest = query
    for run in _HAN.findall(query):
        # One character alone is the beginning of a pair.
        found.extend(f" {run[place : place + 2]} " if len(run) > 1 else f" {run}" for place in range(max(1, len(run) - 1)))
        rest = rest.replace(run, " ", 1)
    return [*_BREAK.sub(" ", rest).split(), *dict.fromkeys(found)]
