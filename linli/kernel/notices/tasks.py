"""Sending and forgetting notices, by the background worker."""

from __future__ import annotations

import logging
from datetime import datetime
from functools import partial

from procrastinate.contrib.django import app

from linli.kernel.clock.services import now
from linli.kernel.notices.rules import OUTWARD, Channel, Fate
from linli.kernel.notices.services import SWEEP, bundle_digests, claim_notice, end_expired, flag_cut_short, forget_texts, send, settle
from linli.kernel.sweeps import register_sweep
from linli.kernel.writing import write

MOST = 50
SECONDS = 20  # between looks at the table when nobody wakes the sender
logger = logging.getLogger(__name__)


def send_due_notices(at: datetime, *, channel: Channel, most: int = MOST) -> int:
    """Send up to ``most`` due notices of a channel, one after the other; return how many attempts were made.

    Any number of senders may run at once: each notice is claimed by one.
    """
    for done in range(most):
        with write():
            claimed = claim_notice(at=at, channel=channel)
        if claimed is None:
            return done
        fate, reason = send(claimed)
        with write():
            settle(at=at, claimed=claimed, fate=fate, reason=reason)
        if fate != Fate.SENT:
            logger.warning("notices: %s by %s: %s (%s)", claimed.id, channel, fate, reason)
    return most


def sweep_channel(channel: Channel) -> bool:
    """One pass of a channel's sender; true when more may wait."""
    return send_due_notices(now(), channel=channel) == MOST


def tidy() -> bool:
    """Flag attempts that were cut short, and bundle due digests; true when more may wait."""
    at = now()
    with write():
        flagged = flag_cut_short(at=at)
    if flagged:
        logger.warning("notices: the fate of %d is unknown, their sender is gone", flagged)
    with write():
        return bundle_digests(at=at) > 0


def end_subscriptions() -> bool:
    """Delete subscriptions whose time is over; true when more may wait."""
    with write():
        return end_expired(at=now()) > 0


_senders = {channel: partial(sweep_channel, channel) for channel in OUTWARD}


def register_sweeps() -> None:
    """A sender for each outward channel, so that a slow one holds up no other, and the tidying."""
    for channel in OUTWARD:
        register_sweep(SWEEP + channel, SECONDS, _senders[channel])
    register_sweep("notices.tidy", 30, tidy)
    register_sweep("notices.subscriptions", 600, end_subscriptions)


def forget_old_texts() -> int:
    """Carry out the retention of notices; return how many were emptied."""
    total = 0
    while True:
        with write():
            done = forget_texts(at=now())
        total += done
        if not done:
            return total


@app.periodic(cron="20 3 * * *")
@app.task(name="notices.forget", queueing_lock="notices.forget")
def forget_periodically(timestamp: int) -> None:  # noqa: ARG001 - procrastinate gives it
    forget_old_texts()
