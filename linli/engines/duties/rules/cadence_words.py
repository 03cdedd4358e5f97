"""How often something recurs, as people say it: ``(zh, en)``. Pure."""

from __future__ import annotations

from linli.engines.duties.rules.cadence import STAY_DAYS, Period, Unit

Words = tuple[str, str]

_ONCE = {Period.WEEK: "weekly", Period.MONTH: "monthly", Period.QUARTER: "quarterly", Period.HALF_YEAR: "every half year", Period.YEAR: "yearly"}
_ZH = {Period.WEEK: "每周", Period.MONTH: "每月", Period.QUARTER: "每季度", Period.HALF_YEAR: "每半年", Period.YEAR: "每年"}
_OFTEN = {"DAILY": ("每天", "daily"), "WEEKLY": ("每周", "weekly"), "MONTHLY": ("每月", "monthly"), "YEARLY": ("每年", "yearly")}
_DAYS = {
    "MO": ("一", "Monday"), "TU": ("二", "Tuesday"), "WE": ("三", "Wednesday"), "TH": ("四", "Thursday"), "FR": ("五", "Friday"), "SA": ("六", "Saturday"),
    "SU": ("日", "Sunday"),
}  # fmt: skip


def times_words(times: int, period: Period) -> Words:
    """``每月两次``, ``twice a month``."""
    count = {1: "一", 2: "两"}.get(times, f" {times} ")
    per = period.value.replace("_", " ")
    return f"{_ZH[period]}{count}次", _ONCE[period] if times == 1 else f"twice a {per}" if times == 2 else f"{times} times a {per}"


def recurring_words(rule: str, days: int) -> Words:
    """A rule of weeks with their days, months with their day or plain days in words; any other as it is written (RFC 5545)."""
    parts = dict(part.partition("=")[::2] for part in rule.upper().removeprefix("RRULE:").split(";"))
    often, left = _OFTEN.get(parts.pop("FREQ", "")), set(parts)
    named = [_DAYS.get(day) for day in parts.get("BYDAY", "").split(",") if day]
    if often and left == {"BYDAY"} and named and all(named):
        zh, en = f"{often[0]}{'、'.join(day[0] for day in named if day)}", f"{often[1]} on {', '.join(day[1] for day in named if day)}"
    elif often and left == {"BYMONTHDAY"} and parts["BYMONTHDAY"].isdigit():
        zh, en = f"{often[0]} {parts['BYMONTHDAY']} 日", f"{often[1]} on day {parts['BYMONTHDAY']}"
    elif often and not left:
        zh, en = often
    else:
        zh = en = rule
    return (f"{zh}，期限 {days} 天", f"{en}, {days} days for it") if days > 1 else (zh, en)


def phase_words(every: int, unit: Unit, times: int | None) -> Words:
    """``每 2 周一次，共 4 次``, ``every 2 weeks, 4 times``."""
    zh, en = f"每 {every} {unit.in_chinese()}一次", f"every {every} {unit.value}"
    return (zh, en) if times is None else (f"{zh}，共 {times} 次", f"{en}, {times} times")


def stay_words(stay: str, every: int | None, within: int | None) -> Words:
    """What recurs, or is due once, while a stay of the kind lasts."""
    zh, en = f"{stay}期间", f"during the stay ({stay.replace('_', ' ')})"
    if every is not None:
        return f"{zh}每 {every} 天一次", f"{en} every {every} days"
    days = within or STAY_DAYS
    return f"{zh}头 {days} 天内一次", f"{en} within its first {days} days"


def day_words(day: str, offset: int, days: int) -> Words:
    """Around a day of the subject's own."""
    name = day.replace("_", " ")
    zh = f"{day}当天" if not offset else f"{day}前 {-offset} 天" if offset < 0 else f"{day}后 {offset} 天"
    en = f"on the day ({name})" if not offset else f"{abs(offset)} days {'before' if offset < 0 else 'after'} the day ({name})"
    return (f"{zh}起 {days} 天内", f"{en}, {days} days for it") if days > 1 else (zh, en)
