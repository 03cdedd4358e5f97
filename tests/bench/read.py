"""``linli bench read``: the pages of a desk on 1,000,000 matters, over HTTP, one reader at a time.

The matters are made in SQL from a few that the services wrote (a year of them, one in thirty still open), the figures
counted as the program counts them. Floor: the same server answering ``/healthz``.
"""

from __future__ import annotations

import http.cookiejar
import os
import re
import time
import urllib.parse
import urllib.request
from typing import Any

from tests.bench.stage import Stage, say, spread, stage

MATTERS = int(os.environ.get("LINLI_BENCH_MATTERS", "1000000"))
ROUNDS = 60

# Copies of the rows that the services wrote, spread over a year and over the grids; the clock's fields keep their distances.
MAKE = """
CREATE TEMP TABLE grid AS SELECT row_number() OVER (ORDER BY code) - 1 AS n, id, path, lon, lat FROM territory_area WHERE level = 'grid' AND lon IS NOT NULL;
CREATE TEMP TABLE head AS SELECT g.n, p.id AS post FROM grid g JOIN organisation_post p ON p.area_id = g.id AND p.level = 'grid' AND p.rank = 1;
CREATE TEMP TABLE made AS
SELECT uuidv7() AS id, n, (n::bigint * 7919) % (SELECT count(*) FROM grid) AS g, now() - interval '1 year' * (1 - n::float / {matters}) AS at,
    n % {open_every} = 0 AS open, random() AS dx, random() AS dy
FROM generate_series(1, {matters}) AS n;
INSERT INTO matters_matter ({columns})
SELECT {values} FROM made m JOIN grid g ON g.n = m.g JOIN head h ON h.n = m.g, (SELECT * FROM matters_matter WHERE code = '{sample}') s;
INSERT INTO matters_report ({report_columns}) SELECT {report_values}
FROM made m, (SELECT r.* FROM matters_report r JOIN matters_matter x ON x.id = r.matter_id WHERE x.code = '{sample}') s;
INSERT INTO matters_step ({step_columns}) SELECT {step_values}
FROM made m, (SELECT t.* FROM matters_step t JOIN matters_matter x ON x.id = t.matter_id WHERE x.code = '{sample}' AND t.version = 1) s;
INSERT INTO matters_matterwords (matter_id, words)
SELECT x.id, x.code || ' ' || x.address || ' ' || x.text || ' ' || m.n FROM matters_matter x JOIN made m ON m.id = x.id;
INSERT INTO insight_dirtyday (day) SELECT DISTINCT at::date FROM made;
ANALYZE;
"""
FRESH = {
    "id": "m.id", "code": "'B-' || m.n", "audit_ref": "gen_random_uuid()", "area_id": "g.id", "area_path": "g.path", "accountable_post_id": "h.post",
    "lon": "g.lon + (m.dx - 0.5) * 0.003", "lat": "g.lat + (m.dy - 0.5) * 0.002", "cell": "NULL", "reported_at": "m.at", "recorded_at": "m.at",
    "due_at": "m.at + interval '5 days'", "level_since": "m.at", "level_due_at": "m.at + interval '1 day'",
    "wake_at": "NULL", "filed_at": "m.at", "dispatched_at": "m.at", "level": "(CASE WHEN m.n % 25 = 0 THEN 2 WHEN m.n % 5 = 0 THEN 1 ELSE 0 END)",
    "state": "CASE WHEN m.open THEN 'dispatched' ELSE 'closed' END", "closed_at": "CASE WHEN NOT m.open THEN m.at + interval '1 day' * m.dx * 8 END",
    "closed_level": "CASE WHEN NOT m.open THEN (CASE WHEN m.n % 25 = 0 THEN 2 WHEN m.n % 5 = 0 THEN 1 ELSE 0 END) END",
    "handled_at": "CASE WHEN NOT m.open THEN m.at + interval '1 day' * m.dx * 8 END",
}  # fmt: skip
FRESH_REPORT = {
    "id": "uuidv7()", "code": "'T-' || m.n", "matter_id": "m.id", "first_matter": "m.id", "key": "NULL", "at": "m.at", "recorded_at": "m.at",
    "answered_at": "CASE WHEN NOT m.open THEN m.at + interval '1 day' * m.dx * 8 END",
}  # fmt: skip
FRESH_STEP = {"id": "uuidv7()", "matter_id": "m.id", "key": "NULL", "sender": "NULL", "at": "m.at", "recorded_at": "m.at"}


def main() -> dict[str, Any]:
    with stage() as place:
        key = place.linli("apikey", "create", "--name", "bench")
        place.linli("user", "create", "desk", "--role", "district_duty", "--password", "bench-desk-1-password")
        with place.serving():
            code = one_report(place, key)
        fill(place, code)
        with place.serving():
            reader = _signed_in(place)
            pages = {
                "queue page": "/console/?mine=",
                "queue page, ended": "/console/?state=ended",
                "matter page": f"/console/matters/{code}",
                "map window": "/command/points?bbox=119.60,38.80,119.63,38.83&zoom=14",
                "map, whole district": "/command/points?bbox=119.5,38.7,119.7,38.9&zoom=11",
                "dashboard": "/command/",
                "dashboard figures": "/command/parts/figures",
                "public list": "/matters",
                "public map": "/matters/points?bbox=119.60,38.80,119.63,38.83&zoom=14",
                "search by words": "/console/search?q=" + urllib.parse.quote("消防通道"),
            }
            runs = [{"name": name, "path": path, "connections": 1, **_timed(reader, place.url + path)} for name, path in pages.items()]
            floor = _timed(reader, place.url + "/healthz")
            peak = place.peak()
    worst = max(run["p95_ms"] for run in runs)
    floors = [{"name": "/healthz", "connections": 1, "per_second": floor["per_second"], "p95_ms": floor["p95_ms"], "ratio": round(worst / floor["p95_ms"], 1)}]
    return {"name": "read", "matters": MATTERS, "runs": runs, "floors": floors, "peak_rss_mb": peak}


def one_report(place: Stage, key: str) -> str:
    body = urllib.parse.urlencode({"api_key": key, "service_code": "E-0401", "lat": 38.815, "long": 119.605, "description": "三轮车堵住消防通道"}).encode()
    with urllib.request.urlopen(f"{place.url}/open311/v2/requests.json", data=body) as answer:
        return re.findall(rb'"service_request_id":"([^"]+)"', answer.read())[0].decode()


def fill(place: Stage, sample: str, *, matters: int = MATTERS, open_every: int = 30) -> None:
    """Make matters like the sample one, one in ``open_every`` still open; the server rests meanwhile."""
    say(f"Making {matters:,} matters …")
    began = time.perf_counter()
    with place.owner() as link:
        parts: dict[str, str] = {"matters": str(matters), "open_every": str(open_every), "sample": sample}
        for table, prefix, fresh in (("matters_matter", "", FRESH), ("matters_report", "report_", FRESH_REPORT), ("matters_step", "step_", FRESH_STEP)):
            names = [row[0] for row in link.execute("SELECT column_name FROM information_schema.columns WHERE table_name = %s", [table])]
            parts[f"{prefix}columns"] = ", ".join(f'"{name}"' for name in names)
            parts[f"{prefix}values"] = ", ".join(fresh.get(name, f's."{name}"') for name in names)
        link.execute("SET session_replication_role = replica")  # triggers off: the rows are whole as made
        for statement in MAKE.format(**parts).split(";\n"):
            if statement.strip():
                link.execute(statement)
        link.execute("VACUUM ANALYZE")
    say(f"… made in {time.perf_counter() - began:.0f} s; counting the figures")
    place.linli("figures", "rebuild")


def _signed_in(place: Stage) -> urllib.request.OpenerDirector:
    jar = http.cookiejar.CookieJar()
    reader = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    page = reader.open(f"{place.url}/accounts/login/").read().decode()
    token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[0]
    form = urllib.parse.urlencode({"csrfmiddlewaretoken": token, "login": "desk", "password": "bench-desk-1-password"}).encode()
    reader.open(urllib.request.Request(f"{place.url}/accounts/login/", data=form, headers={"Referer": place.url}))
    return reader


def _timed(reader: urllib.request.OpenerDirector, url: str) -> dict[str, Any]:
    times = []
    for number in range(ROUNDS + 5):
        began = time.perf_counter()
        with reader.open(url) as answer:
            answer.read()
            if answer.status != 200 or "/accounts/login" in answer.url:
                raise SystemExit(f"{url} answered {answer.status} at {answer.url}")
        if number >= 5:
            times.append(time.perf_counter() - began)
    return {"per_second": round(len(times) / sum(times), 1), **spread(times)}
