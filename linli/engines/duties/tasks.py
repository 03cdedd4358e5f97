"""What the engine does by itself: deriving, the clocks of duties, and who answers now."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from django.db import InterfaceError, OperationalError

from linli.directory.territory.selectors import ground_or_none, is_set_up
from linli.engines.duties.services.clock import due_duties, pass_on, run_clocks
from linli.engines.duties.services.derive import Derived, derive, derive_stale, drop_rules, waiting_rules
from linli.engines.duties.services.frame import frame
from linli.engines.duties.services.subjects import DERIVE, refresh_sources
from linli.kernel.clock.services import now
from linli.kernel.epoch import services as epoch
from linli.kernel.sweeps import register_sweep, work_off
from linli.kernel.writing import write

BATCH = 1_000
_log = logging.getLogger(__name__)
_asked: epoch.Cached[dict[str, object]] = epoch.Cached(dict)  # of this configuration: the ground and the day that the sources were asked at


def sweep(at: datetime | None = None) -> int:
    """Begin, hand on and miss what is due by ``at`` (else by the program's clock); return how many changed. Idempotent."""
    until = at or now()
    return work_off(due=lambda failed: due_duties(at=until, limit=BATCH, without=failed), settle=lambda batch: run_clocks(batch, at=until), what="duty")


def derive_due(at: datetime | None = None) -> Derived:
    """Ask the sources of subjects where something may have changed, and derive what is to be derived, a rule a write.

    A rule that fails is logged and holds up no other; the next sweep tries it again.
    """
    when = at or now()
    if not is_set_up():
        return Derived()
    asked = _asked.get()
    if asked.get("ground") is not ground_or_none() or asked.get("day") != when.date():
        with write():
            refresh_sources(kinds={rule.subject_kind for rule in frame().policy.rules.values()}, at=when)
        asked.update(ground=ground_or_none(), day=when.date())
    with write():
        total, waiting = drop_rules(), waiting_rules(at=when)
    rules = list(frame().policy.rules)
    for code in waiting:
        made = _tried(code, lambda code=code: derive(at=when, only=[code]))  # type: ignore[misc]
        if made is None:
            rules.remove(code)
        total += made or Derived()
    try:
        with write():
            return total + derive_stale(at=when, only=rules)
    except (InterfaceError, OperationalError):
        raise
    except Exception:  # find out which rule it is: the others are derived without it
        good = [code for code in rules if _tried(code, lambda code=code: derive_stale(at=when, only=[code], settled=False)) is not None]  # type: ignore[misc]
        if good == rules:
            raise
        with write():
            return total + derive_stale(at=when, only=good)


def _tried(code: str, work: Callable[[], Derived]) -> Derived | None:
    """Do a rule's work in a write of its own; None where it fails."""
    try:
        with write():
            return work()
    except (InterfaceError, OperationalError):
        raise  # the database itself: the next sweep tries again
    except Exception:
        _log.exception("the duty %s cannot be derived", code)
        return None


def _derive() -> int:
    derive_due()
    return 0  # nothing waits: what was stale is derived


def watch_holders(at: datetime | None = None) -> int:
    """Give open duties to who holds their posts now."""
    if not is_set_up():
        return 0
    with write():
        return pass_on(at=at or now())


def _pass() -> int:
    watch_holders()
    return 0


def register_sweeps() -> None:
    """Clocks are looked at every second, holders every two; deriving looks every ten and is woken by new subjects."""
    register_sweep("duties.clocks", 1.0, sweep)
    register_sweep("duties.holders", 2.0, _pass)
    register_sweep(DERIVE, 10.0, _derive)
