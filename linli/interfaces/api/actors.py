"""The actor of an API request, put there by its access mark."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest

from linli.kernel.access.rules import Actor


def actor_of(request: HttpRequest) -> Actor:
    return cast(Actor, request.actor)  # type: ignore[attr-defined]
