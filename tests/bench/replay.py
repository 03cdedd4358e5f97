"""``linli bench replay``: a year of records through the services, matters per second, beside COPY of the same file.

Uses the real year when its folder is there (``../shared/data/boston``, or LINLI_BENCH_RECORDS), else 20,000 invented rows.
"""

from __future__ import annotations

import csv
import io
import lzma
import os
import random
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.bench.stage import ROOT, Stage, say, stage

REAL = Path(os.environ.get("LINLI_BENCH_RECORDS", ROOT.parent / "shared" / "data" / "boston"))
INVENTED = 20_000


def main() -> dict[str, Any]:
    real = (REAL / "requests_2015.csv.xz").exists()
    with stage(territory=str(REAL) if real else "demo") as place:
        if real:
            file, mapping = REAL / "requests_2015.csv.xz", ROOT / "playbooks" / "lianqin" / "mappings" / "boston-311.yaml"
        else:
            file, mapping = _invented(place.data)
        began = time.perf_counter()
        said, peak = place.measured("replay", str(file), "--mapping", str(mapping))
        took = time.perf_counter() - began
        say(said)
        matters = place.count("SELECT count(*) FROM matters_matter")
        floor = _copy(place, file)
        speed = matters / took
    return {
        "name": "replay",
        "runs": [{"matters": matters, "seconds": round(took, 1), "per_second": round(speed, 1)}],
        "floors": [{"name": "COPY of the file's rows into one text column", "per_second": round(floor), "ratio": round(speed / floor, 5)}],
        "peak_rss_mb": peak,
    }


def _copy(place: Stage, file: Path) -> float:
    """Rows per second of the plainest way in: no rules, no history, one column."""
    with place.owner() as link:
        link.execute("CREATE UNLOGGED TABLE bench_rows (line text)")
        began, count = time.perf_counter(), 0
        opened = lzma.open if file.suffix == ".xz" else open
        with opened(file, "rt", encoding="utf-8") as source, link.cursor().copy("COPY bench_rows FROM STDIN") as copy:
            for line in source:
                copy.write_row((line.rstrip("\n"),))
                count += 1
        link.execute("DROP TABLE bench_rows")
        return count / (time.perf_counter() - began)


def _invented(folder: Path) -> tuple[Path, Path]:
    """Rows of an invented city and the mapping that reads them."""
    dice = random.Random(5)
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(["number", "opened", "closed", "what", "lon", "lat"])
    at = datetime(2025, 1, 1)
    for number in range(INVENTED):
        at += timedelta(minutes=dice.expovariate(1 / 20))
        closed = at + timedelta(hours=dice.expovariate(1 / 60))
        rows.writerow([number, at.isoformat(), closed.isoformat(), "lane", 119.6 + dice.random() * 0.02, 38.81 + dice.random() * 0.008])
    file, mapping = folder / "rows.csv", folder / "mapping.yaml"
    file.write_text(out.getvalue(), encoding="utf-8")
    mapping.write_text((ROOT / "tests" / "bench" / "invented.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    return file, mapping
