"""Which cadences are refused when a playbook is read: those that never come round, never end, or would not do what they say. Pure."""

from __future__ import annotations

from datetime import date, datetime

from dateutil.rrule import rrule

from linli.engines.duties.rules.cadence import ANCHOR, Cadence, Period, Phased, Recurring, TimesPer, recurrence
from linli.kernel.refusal import N_, Refusal

PARTS = frozenset({"FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "COUNT", "UNTIL", "WKST"})
FREQUENCIES = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
NUMBERS = {"INTERVAL": (1, 366), "COUNT": (1, 10_000), "BYMONTH": (1, 12), "BYMONTHDAY": (-31, 31), "BYSETPOS": (-366, 366)}
SHORTEST = {Period.WEEK: 7, Period.MONTH: 28, Period.QUARTER: 90, Period.HALF_YEAR: 181, Period.YEAR: 365}
CYCLE = 400  # years after which the calendar's days and weekdays come again


class BadRecurrence(Refusal):
    code = "duties.bad_recurrence"
    message = N_("“%(given)s” is not a recurrence. Write an RRULE (RFC 5545) such as FREQ=WEEKLY;BYDAY=MO, by days at the finest.")


class NeverFires(Refusal):
    code = "duties.never_fires"
    message = N_("This cadence never comes round: “%(given)s”.")


class NumberOutside(Refusal):
    code = "duties.number_outside"
    message = N_("“%(given)s”: %(name)s takes whole numbers from %(least)s to %(most)s, never 0.")


class CountsFromNowhere(Refusal):
    code = "duties.counts_from_nowhere"
    message = N_("“%(given)s”: COUNT and UNTIL count from a day. Give it as “since”.")


class TooOften(Refusal):
    code = "duties.too_often"
    message = N_("%(times)s times do not fit into the %(days)s days of the shortest such period. For every day, write the rule FREQ=DAILY.")


class NeverEnds(Refusal):
    code = "duties.never_ends"
    message = N_("A phase without a number of times never ends, so the phase after it never begins.")


def checked(cadence: Cadence) -> Cadence:
    """Return the cadence as it is.

    That a rule's COUNT or UNTIL is over is no fault: it has had its windows, and makes no more.

    Raises:
        BadRecurrence: no RRULE by days, weeks, months or years.
        NumberOutside: an interval, a month or a day that there is not.
        CountsFromNowhere: COUNT or UNTIL without a day to count from.
        NeverFires: no day ever meets it.
        TooOften: more times than the period has days.
        NeverEnds: a phase before the last has no end.
    """
    if isinstance(cadence, Recurring):
        _check_recurrence(cadence)
    if isinstance(cadence, TimesPer) and cadence.times > (days := SHORTEST[cadence.period]):
        raise TooOften(times=cadence.times, days=days)
    if isinstance(cadence, Phased) and (not cadence.phases or any(phase.times is None for phase in cadence.phases[:-1])):
        raise NeverEnds()
    return cadence


def _check_recurrence(cadence: Recurring) -> None:
    parts = dict(part.partition("=")[::2] for part in cadence.rule.upper().split(";"))
    one_word = cadence.rule.split() == [cadence.rule]
    if not one_word or not parts.keys() <= PARTS or parts.get("FREQ") not in FREQUENCIES or not all(parts.values()):
        raise BadRecurrence(given=cadence.rule)
    try:
        for name, (least, most) in NUMBERS.items():
            if any(number == 0 or not least <= number <= most for number in map(int, parts[name].split(",") if name in parts else ())):
                raise NumberOutside(given=cadence.rule, name=name, least=least, most=most)
        if not parts.keys().isdisjoint({"COUNT", "UNTIL"}) and cadence.since == ANCHOR:
            raise CountsFromNowhere(given=cadence.rule)
        if not _comes_round(recurrence(cadence), cadence.since):
            raise NeverFires(given=cadence.rule)
    except (ValueError, TypeError, KeyError, IndexError):
        raise BadRecurrence(given=cadence.rule) from None


def _comes_round(made: rrule, since: date) -> bool:
    """Whether the rule has a first day.

    The library looks for one until the year 9999. So the rule without its end is asked from as late a start as falls on the same days:
    within one cycle of the calendar it comes round or never does. If it does, it does so from its own start, too.
    """
    late = since.year + (9_999 - since.year) // CYCLE * CYCLE
    from_late = made.replace(dtstart=datetime.combine(since.replace(year=late), datetime.min.time()), until=None)
    return next(iter(from_late), None) is not None and next(iter(made), None) is not None
