"""``linli bench locate``: points per second against 706 grids in memory, one by one and in batches.

Floor: a bare bounding-box tree asked for the same points (what any exact answer has to do first).
"""

from __future__ import annotations

import resource
import time
from typing import Any

import numpy as np
import shapely
from shapely.ops import voronoi_diagram

from linli.kernel.geo.rules import PolygonIndex
from tests.bench.stage import say, spread

GRIDS = 706
WEST, SOUTH, EAST, NORTH = 121.40, 31.15, 121.60, 31.32


def main() -> dict[str, Any]:
    dice = np.random.default_rng(706)
    seeds = shapely.MultiPoint(np.column_stack((dice.uniform(WEST, EAST, GRIDS), dice.uniform(SOUTH, NORTH, GRIDS))))
    frame = shapely.box(WEST, SOUTH, EAST, NORTH)
    grids = [shapely.intersection(cell, frame) for cell in voronoi_diagram(seeds, envelope=frame).geoms]
    began = time.perf_counter()
    index = PolygonIndex(grids)
    say(f"Index of {len(grids)} grids built in {time.perf_counter() - began:.2f} s")
    lons, lats = dice.uniform(WEST, EAST, 1_000_000), dice.uniform(SOUTH, NORTH, 1_000_000)
    singles = list(zip(lons[:100_000].tolist(), lats[:100_000].tolist(), strict=True))
    times = []
    for lon, lat in singles:
        start = time.perf_counter()
        index.locate(lon, lat)
        times.append(time.perf_counter() - start)
    began = time.perf_counter()
    for lon, lat in singles:
        index.locate(lon, lat)
    single = len(singles) / (time.perf_counter() - began)
    began = time.perf_counter()
    index.locate_many(lons, lats)
    many = len(lons) / (time.perf_counter() - began)
    tree = shapely.STRtree(grids)
    points = shapely.points(lons, lats)
    began = time.perf_counter()
    tree.query(points)
    floor = len(lons) / (time.perf_counter() - began)
    return {
        "name": "locate",
        "runs": [
            {"name": "one by one", "per_second": round(single), "microseconds": {name: round(value * 1000, 2) for name, value in spread(times).items()}},
            {"name": "batch of 1,000,000", "per_second": round(many)},
        ],
        "floors": [{"name": "bounding boxes only (STRtree)", "per_second": round(floor), "ratio": round(many / floor, 3)}],
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
