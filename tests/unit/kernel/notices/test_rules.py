"""Words, times and fates of notices."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.kernel.notices import rules
from linli.kernel.notices.playbook import NoticesSection
from linli.kernel.notices.rules import BadTemplate, Channel, Fate, NoticeState, Preference, QuietHours, Recipient, Timing, Urgency, Words, bundled_text
from linli.kernel.playbooks.rules import Sections

SHANGHAI = ZoneInfo("Asia/Shanghai")
NIGHT = QuietHours(22 * 60, 7 * 60)
NO_SECTIONS = Sections({})

rules.declare_template(
    "test.moved",
    places={"code": "tracking code", "area": "where"},
    zh=Words("{code} 已移动", "{code} 现在在 {area}。"),
    en=Words("{code} moved", "{code} is now in {area}."),
)


def local(hour: int, minute: int = 0, day: int = 5) -> datetime:
    return datetime(2026, 1, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


# -- words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "places"), [("", set()), ("{a} and {b_2}{a}", {"a", "b_2"}), ("{{a}} {a}", {"a"}), ("100 %", set())])
def test_places_are_found(text: str, places: set[str]) -> None:
    assert rules.places_in(text) == places


@pytest.mark.parametrize("text", ["{", "a}", "{0}", "{}", "{a.b}", "{a[0]}", "{a!r}", "{a:>100}", "{A}", "{__class__}", "{a{b}}"])
def test_anything_but_a_plain_place_is_refused(text: str) -> None:
    with pytest.raises(BadTemplate):
        rules.places_in(text)


@given(st.text(max_size=50), st.text(max_size=50))
def test_values_are_never_read_as_templates(one: str, other: str) -> None:
    assert rules.fill("<{a}|{b}>{{}}", {"a": one, "b": other}) == f"<{one}|{other}>{{}}"


@given(st.text(max_size=500))
def test_a_subject_is_one_printable_line(text: str) -> None:
    line = rules.one_line(text)
    assert len(line) <= rules.SUBJECT_LENGTH and "\n" not in line and "\r" not in line and all(c.isprintable() for c in line)


def test_sms_takes_the_short_text() -> None:
    words = Words("subject", "long\nbody", "short {a}")
    assert rules.render(words, {"a": 1}, Channel.SMS) == ("", "short 1")
    assert rules.render(words, {"a": 1}, Channel.EMAIL) == ("subject", "long\nbody")


def test_a_template_with_an_undeclared_place_is_refused() -> None:
    with pytest.raises(ValueError, match="undeclared places: who"):
        rules.declare_template("test.bad", places={}, zh=Words("{who}", ""), en=Words("", ""))
    with pytest.raises(ValueError, match="declared already"):
        rules.declare_template("test.moved", places={}, zh=Words("", ""), en=Words("", ""))


# -- the playbook -----------------------------------------------------------------------------------------------------


def section(**templates: object) -> NoticesSection:
    return NoticesSection.model_validate({"templates": templates})


def test_the_playbook_is_told_of_unknown_notices_and_places() -> None:
    good = {"subject": {"zh": "{code}", "en": "{code}"}, "body": {"zh": "{area}", "en": "{area}"}}
    assert list(section(**{"test.moved": good}).check(NO_SECTIONS)) == []
    unknown = next(iter(section(**{"test.move": good}).check(NO_SECTIONS)))
    assert unknown.path == ("templates", "test.move") and "test.moved" in unknown.known
    wrong = {**good, "body": {"zh": "{area}", "en": "{name} {"}}
    issue = next(iter(section(**{"test.moved": wrong}).check(NO_SECTIONS)))
    assert issue.path == ("templates", "test.moved", "body", "en")
    wrong = {**good, "short": {"zh": "{phone}", "en": "x"}}
    issue = next(iter(section(**{"test.moved": wrong}).check(NO_SECTIONS)))
    assert issue.path == ("templates", "test.moved", "short", "zh") and issue.params == {"place": "phone"}


@pytest.mark.parametrize(
    "content",
    [
        {"channels": ["telepathy"]},
        {"quiet_hours": {"from": "25:00", "to": "07:00"}},
        {"quiet_hours": {"from": "22:00"}},
        {"digest_times": ["noon"]},
        {"keep_days": 0},
        {"religion": "x"},
    ],
)
def test_a_malformed_section_is_refused(content: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        NoticesSection.model_validate(content)


def test_words_come_from_the_playbook_else_from_the_program() -> None:
    declared = rules.TEMPLATES["test.moved"]
    assert NoticesSection().words(declared, "zh-hans").subject == "{code} 已移动"
    assert NoticesSection().words(declared, "en").subject == "{code} moved"
    own = section(**{"test.moved": {"subject": {"zh": "甲", "en": "A"}, "body": {"zh": "乙", "en": "B"}}})
    assert own.words(declared, "en") == Words("A", "B", "")


# -- when -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "leaves"),
    [
        (local(21, 59), local(21, 59)),
        (local(22, 0), local(7, 0, day=6)),
        (local(23, 30), local(7, 0, day=6)),
        (local(0, 0, day=6), local(7, 0, day=6)),
        (local(6, 59, day=6), local(7, 0, day=6)),
        (local(7, 0, day=6), local(7, 0, day=6)),
    ],
)
def test_quiet_hours_run_over_midnight(at: datetime, leaves: datetime) -> None:
    assert rules.after_quiet(at, NIGHT, SHANGHAI) == leaves


_minute = st.integers(0, 1439)
_moment = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
_zone = st.sampled_from([SHANGHAI, ZoneInfo("America/New_York"), ZoneInfo("Asia/Kathmandu"), UTC])


@given(_moment, _minute, _minute, _zone)
def test_nothing_leaves_in_quiet_hours_and_nothing_waits_a_day(at: datetime, start: int, end: int, zone: ZoneInfo) -> None:
    quiet = QuietHours(start, end)
    leaves = rules.after_quiet(at, quiet, zone)
    assert at <= leaves <= at + timedelta(hours=25)
    local_time = leaves.astimezone(zone)
    skipped = local_time.utcoffset() != at.astimezone(zone).utcoffset()  # a clock change may skip or repeat the very end
    assert skipped or not quiet.holds(local_time.hour * 60 + local_time.minute)


@given(_moment, st.lists(_minute, min_size=1, max_size=5), _zone)
def test_a_digest_is_always_ahead_and_within_a_day(at: datetime, times: list[int], zone: ZoneInfo) -> None:
    moment = rules.next_digest(at, times, zone)
    assert at < moment <= at + timedelta(hours=25)


def test_urgent_and_mandatory_notices_pass() -> None:
    timing = Timing(SHANGHAI, NIGHT, (8 * 60,))
    asked = Preference(digest=True)
    at = local(23)

    def leaves(urgency: Urgency, mandatory: bool = False, preference: Preference = asked) -> tuple[datetime, bool]:
        return rules.departure(at, channel=Channel.EMAIL, urgency=urgency, mandatory=mandatory, preference=preference, timing=timing)

    assert leaves(Urgency.URGENT) == (at, False)
    assert leaves(Urgency.NORMAL) == (local(8, day=6), True)
    assert leaves(Urgency.NORMAL, mandatory=True) == (local(7, day=6), False)
    assert leaves(Urgency.NORMAL, preference=Preference(quiet=QuietHours(0, 0))) == (at, False)


def test_preferences_by_kind_beat_those_of_the_channel() -> None:
    assert Preference(wanted=False, asked=frozenset({"a"})).wants("a")
    assert not Preference(wanted=False).wants("b")
    assert not Preference(refused=frozenset({"a"})).wants("a")
    assert Recipient.group("duty").address(Channel.IN_APP) is None and Recipient.group("duty").address(Channel.GROUP) == "duty"


# -- fates ------------------------------------------------------------------------------------------------------------


@given(st.sampled_from(list(Fate)), st.integers(1, 20))
def test_only_what_surely_did_not_arrive_is_tried_again(fate: Fate, attempts: int) -> None:
    at = local(12)
    state, next_try = rules.after_attempt(fate, attempts, at)
    assert (state == NoticeState.QUEUED) == (next_try is not None) == (fate == Fate.NOT_SENT and attempts <= len(rules.RETRIES))
    assert fate != Fate.UNKNOWN or state == NoticeState.UNKNOWN
    assert next_try is None or next_try > at


def test_masked_addresses_cannot_be_used() -> None:
    assert rules.masked(Channel.EMAIL, "wang.fang@example.org") == "w•••@example.org"
    assert rules.masked(Channel.SMS, "+8613800138000") == "•••8000"
    assert rules.masked(Channel.SMS, "110") == "•••"


def test_a_bundle_says_once_what_every_text_ends_with() -> None:
    assert bundled_text(["甲\n退订：x", "乙\n退订：x"]) == "甲\n\n乙\n\n退订：x"
    assert bundled_text(["甲\n退订：x", "乙\n退订：y"]) == "甲\n退订：x\n\n乙\n退订：y"
    assert bundled_text(["甲", "甲"]) == "甲\n\n甲" and bundled_text(["甲\nx"]) == "甲\nx"
