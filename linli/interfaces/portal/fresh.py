"""Figures that everyone asks for are counted once in a while, not once a visitor."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from linli.kernel.epoch.services import Cached

KEPT = 64  # keys whose values are kept
Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


@dataclass
class _Entry:
    lock: threading.Lock = field(default_factory=threading.Lock)
    read: float = 0.0
    value: Any = None
    known: bool = False


class Fresh(Generic[Key, Value]):
    """Values by key, each at most ``seconds`` old and dropped when configuration changes.

    One thread at a time reads a value anew; meanwhile the others are given the last one. Holds 64 keys.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._entries: Cached[dict[Key, _Entry]] = Cached(dict)

    def get(self, key: Key, read: Callable[[], Value]) -> Value:
        entries = self._entries.get()
        entry = entries.setdefault(key, _Entry())
        while len(entries) > KEPT:
            entries.pop(next(iter(entries)), None)
        if entry.known and (self._is_fresh(entry) or entry.lock.locked()):
            return entry.value
        with entry.lock:
            if not entry.known or not self._is_fresh(entry):
                entry.value, entry.read, entry.known = read(), time.monotonic(), True
            return entry.value

    def _is_fresh(self, entry: _Entry) -> bool:
        return time.monotonic() - entry.read < self.seconds
