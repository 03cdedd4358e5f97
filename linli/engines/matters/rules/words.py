"""Words of reporters: what is kept, and what of it everyone may read."""

from __future__ import annotations

import re
import unicodedata

MAX_TEXT = 4_000
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_PERSONAL = (
    re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"),  # e-mail
    re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)"),  # identity number
    re.compile(r"(?<![\d-])(?:\+?\d{1,3}[ -]?)?(?:\d[ -]?){7,14}\d(?![\d-])"),  # telephone, bank card
    re.compile(r"(?i)(?:微信|wechat|qq)(?:号|號)?\s*[::]?\s*[A-Za-z0-9_-]{5,20}"),
    re.compile(r"(?<!\w)[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z][·. ]?[A-HJ-NP-Z0-9]{5,6}(?!\w)"),  # number plate
)
MASK = "●●●"


def kept(text: str) -> str:
    """Return ``text`` as it is stored: normalised, without control characters, lines trimmed."""
    if text.isascii() and text.isprintable():
        return text.strip()
    return _CONTROL.sub("", unicodedata.normalize("NFC", text).replace("\r\n", "\n")).strip()


def public(text: str) -> str:
    """Return ``text`` with telephone, identity, card and plate numbers and addresses of mail masked.

    A machine cannot find every personal word: staff can redact, and private kinds publish no words at all (DECIDED 9).
    """
    for pattern in _PERSONAL:
        text = pattern.sub(MASK, text)
    return text
