"""Plain counts of matters."""

from __future__ import annotations

from collections import Counter

from django.db.models import Count

from linli.engines.matters.models import Matter


def busiest_areas() -> dict[str, int]:
    """How many matters each area path and every path above it has; one query."""
    counted: Counter[str] = Counter()
    for path, number in Matter.objects.values_list("area_path").annotate(number=Count("id")).order_by():
        parts = path.rstrip("/").split("/")
        for depth in range(1, len(parts) + 1):
            counted["/".join(parts[:depth]) + "/"] += number
    return dict(counted)
