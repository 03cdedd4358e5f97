"""What other rooms ask of the answers of a duty beyond its form's schema: they are refused with the check-in, not lost after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from linli.engines.duties.rules.policy import DutyRule

AnswerCheck = Callable[[UUID, DutyRule, Mapping[str, Any], date], None]
_checks: list[AnswerCheck] = []


def register_answer_check(check: AnswerCheck) -> None:
    """Have ``check(playbook version, rule, answers, day on which it happened)`` refuse answers; ``config/wiring.py`` joins them."""
    if check not in _checks:
        _checks.append(check)


def check_answers(policy_id: UUID, rule: DutyRule, form: Mapping[str, Any], *, day: date) -> None:
    """Do nothing where the answers of a duty that was finished on ``day`` can be taken.

    Raises:
        Refusal: a room's own of what it cannot take.
    """
    for check in _checks:
        check(policy_id, rule, form, day)
