"""What the register of devices forgets on time."""

from __future__ import annotations

from linli.directory.devices.services import MESSAGES_KEPT, forget_messages
from linli.kernel.clock.services import machine_now
from linli.kernel.sweeps import register_sweep
from linli.kernel.writing import write

SECONDS = 3600


def forget() -> None:
    """Delete the numbers of old messages."""
    with write():
        forget_messages(before=machine_now() - MESSAGES_KEPT)


def register_sweeps() -> None:
    register_sweep("devices.messages", SECONDS, forget)
