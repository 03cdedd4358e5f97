"""``linli bench intake``: durable reports per second through HTTP, beside two floors measured in the same run.

Floors: pgbench writing the same rows into the same tables (prepared, one commit a report, same indexes and triggers),
and the same server process answering the same request without touching the database.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from tests.bench.stage import ROOT, Stage, load, say, stage

CONNECTIONS = (8, 64)
PATH = "/open311/v2/requests.json"
CLASSES = ("C-0101", "E-0401")
WORDS = ("三轮车堵住消防通道，电动车也停在里面", "井盖缺失，晚上看不见，很危险", "streetlight out at the corner since Monday")


def main(*, seconds: float = 8.0) -> dict[str, Any]:
    with stage() as place:
        key = place.linli("apikey", "create", "--name", "bench")
        bodies = _bodies(place, key)
        runs, peak = [], 0
        with place.serving():
            say("Warming up …")
            load(place.url + PATH, connections=8, seconds=3, bodies=bodies)
            for connections in CONNECTIONS:
                say(f"{connections} connections …")
                seen = load(place.url + PATH, connections=connections, seconds=seconds, bodies=bodies)
                runs.append({"connections": connections, **seen})
        peak = place.peak_kib
        floors = []
        with _empty_server(place) as url:
            load(url + PATH, connections=8, seconds=2, bodies=bodies)
            for connections in CONNECTIONS:
                say(f"Floor: the same server without the database, {connections} connections …")
                seen = load(url + PATH, connections=connections, seconds=seconds / 2, bodies=bodies)
                floors.append({"name": "empty answer", "connections": connections, "per_second": seen["per_second"]})
        for connections in CONNECTIONS:
            say(f"Floor: pgbench, {connections} connections …")
            floors.append({"name": "pgbench, same rows", "connections": connections, "per_second": _pgbench(place, connections, seconds / 2)})
        speed = {one["connections"]: one["per_second"] for one in runs}
        for floor in floors:
            floor["ratio"] = round(speed[floor["connections"]] / floor["per_second"], 3)
        checked = place.linli("matters", "check")
        say(checked)
    return {"name": "intake", "runs": runs, "floors": floors, "peak_rss_mb": round(peak / 1024)}


def _bodies(place: Stage, key: str) -> list[bytes]:
    """Prepared requests: points all over the demo territory, words in two languages. The seed is fixed."""
    from linli.directory.territory.rules.demo import territory

    areas = [area for layer in territory().layers if layer.level == "grid" for area in layer.areas]
    centres = [area.polygon.centroid for area in areas if area.polygon is not None]
    dice = random.Random(20260101)
    bodies = []
    for number in range(2_000):
        centre = dice.choice(centres)
        form = {
            "api_key": key,
            "service_code": dice.choice(CLASSES),
            "lat": round(centre.y + dice.uniform(-0.0008, 0.0008), 6),
            "long": round(centre.x + dice.uniform(-0.0008, 0.0008), 6),
            "description": dice.choice(WORDS),
            "address_string": f"望潮路 {number} 号",
        }
        bodies.append(urlencode(form).encode())
    return bodies


@contextlib.contextmanager
def _empty_server(place: Stage) -> Iterator[str]:
    """The same application whose batcher answers at once."""
    port = place.port
    environment = {**os.environ, "LINLI_DATA": str(place.data), "PYTHONPATH": str(ROOT)}
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "tests.bench.empty:application",
        "--port",
        str(port),
        "--log-level",
        "error",
        "--no-access-log",
        "--lifespan",
        "off",
    ]
    from linli.kernel.embedded import Cluster

    with Cluster(place.data).use():
        process = subprocess.Popen(command, env=environment, cwd=ROOT)
        try:
            for _ in range(200):
                with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1):
                    break
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def _pgbench(place: Stage, connections: int, seconds: float) -> float:
    """Transactions per second of one report's rows, as a client in C writes them."""
    import psycopg

    from linli.kernel.embedded import OWNER, Cluster, binaries

    cluster = Cluster(place.data)
    with cluster.use():
        with psycopg.connect(cluster.url(OWNER), autocommit=True) as link:
            link.execute("CREATE SEQUENCE IF NOT EXISTS bench_link START 1000000000")
            script = _script(link)
        path = place.data / "report.sql"
        path.write_text(script)
        done = subprocess.run(
            [binaries() / "pgbench", "--no-vacuum", "--protocol", "prepared", "--client", str(connections), "--jobs", "1", "--time", str(int(seconds)),
             "--file", str(path), "--host", str(cluster.socket), "--username", OWNER, "linli"],
            capture_output=True, text=True, env={**os.environ, "PGPASSWORD": cluster.password(OWNER)}, check=False,
        )  # fmt: skip
        for line in done.stdout.splitlines():
            if line.startswith("tps ="):
                return round(float(line.split()[2]), 1)
    raise SystemExit(f"pgbench failed: {done.stderr[-600:]}")


# A report's rows, with fresh keys; the other values are those of a report that the server wrote before.
TABLES = (
    ("matters_matter", {"id": ":id::uuid", "code": "gen_random_uuid()::text", "audit_ref": "gen_random_uuid()"}),
    ("matters_report", {"id": "uuidv7()", "code": "gen_random_uuid()::text", "matter_id": ":id::uuid", "first_matter": ":id::uuid", "key": "NULL"}),
    ("matters_step", {"id": "uuidv7()", "matter_id": ":id::uuid", "key": "NULL", "sender": "NULL"}),
    ("events_outboxevent", {"seq": "DEFAULT", "id": "uuidv7()", "key": ":id::uuid", "done_at": "NULL"}),
    ("audit_auditentry", {"link": ":link", "subject": ":id::uuid"}),
    ("audit_auditlink", {"seq": ":link", "hash": "sha256(:id::bytea)"}),
)


def _script(link: Any) -> str:
    lines = ["BEGIN;", "SELECT uuidv7()::text AS id, nextval('bench_link') AS link \\gset"]
    for table, keys in TABLES:
        columns = [
            row[0] for row in link.execute("SELECT column_name FROM information_schema.columns WHERE table_name = %s ORDER BY ordinal_position", [table])
        ]
        sample = link.execute(f"SELECT * FROM {table} LIMIT 1").fetchone()
        assert sample is not None
        literals = [keys.get(name) or _literal(link, value) for name, value in zip(columns, sample, strict=True)]
        lines.append(f"INSERT INTO {table} ({', '.join(chr(34) + name + chr(34) for name in columns)}) VALUES ({', '.join(literals)});")
    return "\n".join([*lines, "COMMIT;"]) + "\n"


def _literal(link: Any, value: Any) -> str:
    from psycopg import sql
    from psycopg.types.json import Json

    written = str(sql.Literal(Json(value) if isinstance(value, dict | list) else value).as_string(link))
    # pgbench takes a colon before a word or digit for a variable, inside quotes too.
    return re.sub(r"'(?:[^']|'')*'", lambda found: _escaped(found[0]), written)


def _escaped(literal: str) -> str:
    return "E" + literal.replace("\\", "\\\\").replace(":", "\\x3a") if ":" in literal else literal
