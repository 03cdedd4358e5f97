"""How often something recurs is said as people say it."""

import pytest

from linli.engines.duties.playbook import DayPart, DutiesSection, PhasedPart, PhasePart, RecurringPart, StayPart, TimesPart
from linli.engines.duties.rules.cadence import Period, Unit
from linli.kernel.playbooks.rules.changes import compare


@pytest.mark.parametrize(
    ("part", "zh", "en"),
    [
        (TimesPart(times=1, period=Period.MONTH), "每月一次", "monthly"),
        (TimesPart(times=2, period=Period.MONTH), "每月两次", "twice a month"),
        (TimesPart(times=5, period=Period.HALF_YEAR), "每半年 5 次", "5 times a half year"),
        (RecurringPart(rule="FREQ=WEEKLY;BYDAY=MO,TH", days=5), "每周一、四，期限 5 天", "weekly on Monday, Thursday, 5 days for it"),
        (RecurringPart(rule="FREQ=MONTHLY;BYMONTHDAY=10"), "每月 10 日", "monthly on day 10"),
        (RecurringPart(rule="FREQ=MONTHLY;BYDAY=1MO"), "FREQ=MONTHLY;BYDAY=1MO", "FREQ=MONTHLY;BYDAY=1MO"),
        (
            PhasedPart(phases=[PhasePart(every=2, unit=Unit.WEEKS, times=4), PhasePart(every=1, unit=Unit.MONTHS)]),
            "每 2 周一次，共 4 次，此后每 1 个月一次", "every 2 weeks, 4 times, then every 1 months",
        ),
        (StayPart(stay="hospital", every=7), "hospital期间每 7 天一次", "during the stay (hospital) every 7 days"),
        (StayPart(stay="hospital", within=3), "hospital期间头 3 天内一次", "during the stay (hospital) within its first 3 days"),
        (StayPart(stay="hospital"), "hospital期间头 7 天内一次", "during the stay (hospital) within its first 7 days"),
        (DayPart(day="release", offset=-7, days=3), "release前 7 天起 3 天内", "7 days before the day (release), 3 days for it"),
        (DayPart(day="release"), "release当天", "on the day (release)"),
    ],
)  # fmt: skip
def test_a_cadence_in_words(part: object, zh: str, en: str) -> None:
    assert part.in_words() == (zh, en)  # type: ignore[attr-defined]


def test_a_changed_cadence_is_one_difference_in_words() -> None:
    rule = {"code": "hardship", "names": {"zh": "困难家庭走访", "en": "Hardship visits"}, "subjects": {"kind": "care"}, "levels": ["grid"]}
    before, after = (DutiesSection.model_validate({"rules": [rule | {"cadence": {"times": times, "period": "month"}}]}) for times in (1, 2))
    (change,) = compare({"duties": before}, {"duties": after})
    assert change.sentence("en").endswith("Hardship visits (hardship) › cadence: monthly → twice a month")
    assert change.sentence("zh").endswith("困难家庭走访（hardship） › 频次: 每月一次 → 每月两次")
