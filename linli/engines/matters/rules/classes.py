"""A class that is not known, and the one that was probably meant. For refusals only: it looks at every class."""

from __future__ import annotations

from rapidfuzz import fuzz, process

from linli.engines.matters.rules.policy import Policy
from linli.kernel.refusal import N_, Refusal

NEAR_ENOUGH = 60.0  # of 100: below it a hint would mislead
SHOWN = 80  # characters of what was given that are looked at and said again


class UnknownClass(Refusal):
    code = "matters.unknown_class"
    message = N_("There is no class “%(given)s”.")
    field = "class_code"


class DeskClass(UnknownClass):
    """A class that the playbook offers no resident; for them it is as one that is not there."""

    code = "matters.desk_class"
    message = N_("“%(given)s” is not for residents' reports: a desk opens it. Choose what is wrong.")


class LikelyClass(UnknownClass):
    """An unknown class that is like a known one."""

    message = N_("There is no class “%(given)s”. Did you mean %(near)s?")


def unknown_class(given: str, *, policy: Policy) -> UnknownClass:
    """The refusal of a class, or of ``class/condition``, with the nearest one that the policy knows."""
    near = nearest(given, policy=policy)
    return LikelyClass(given=given[:SHOWN], near=near) if near else UnknownClass(given=given[:SHOWN])


def nearest(given: str, *, policy: Policy) -> str:
    """The class that ``given`` most likely means as ``code · names``, or an empty text; ``code/condition`` for a known class.

    Codes and names in every language are compared.
    """
    code, slash, condition = given[:SHOWN].partition("/")
    known = policy.classes.get(code)
    if slash and known is not None:
        close = process.extractOne(condition, [row.condition for row in known.rows], scorer=fuzz.ratio, score_cutoff=NEAR_ENOUGH)
        return f"{code}/{close[0] if close else known.rows[0].condition}"
    choices = sorted(
        {(word.casefold(), part.code) for part in policy.classes.values() if not part.by_desk for word in (part.code, *part.names.values()) if word}
    )
    close = process.extractOne(code.casefold(), [word for word, _ in choices], scorer=fuzz.WRatio, score_cutoff=NEAR_ENOUGH)
    if close is None:
        return ""
    found = policy.classes[choices[close[2]][1]]
    return " · ".join([found.code, *found.names.values()])
