"""``linli devices``: the register of devices."""

from __future__ import annotations

import csv
from pathlib import Path

import click

from linli.interfaces.cli.runtime import line, with_database

COLUMNS = ("code", "kind", "name_zh", "name_en", "area", "lon", "lat", "address")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def devices() -> None:
    """Devices that are kept working and raise alarms of their place: smoke, gas, water, fire lanes, care bells."""


@devices.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@with_database
def import_(file: Path) -> None:
    """Register the devices of FILE, a CSV with the columns code, kind, name_zh, name_en, area, lon, lat, address: all or none.

    A device in somebody's home has its area only. Kinds are those of the playbook's devices section.
    """
    from linli.directory.devices.services import NewDevice, register_devices
    from linli.kernel.access.rules import Actor
    from linli.kernel.clock.services import now
    from linli.kernel.writing import write

    with file.open(encoding="utf-8-sig", newline="") as handle:
        rows = csv.DictReader(handle)
        if not {"code", "kind", "area"} <= set(rows.fieldnames or ()) or set(rows.fieldnames or ()) - set(COLUMNS):
            raise click.ClickException(f"The columns are {', '.join(COLUMNS)}; at least code, kind and area.")
        wanted = []
        for number, row in enumerate(rows, start=2):
            try:
                lon, lat = (float(text) if (text := (row.get(name) or "").strip()) else None for name in ("lon", "lat"))
            except ValueError:
                raise click.ClickException(f"Line {number}: lon and lat are degrees, or empty.") from None
            zh, en = (row.get("name_zh") or "").strip(), (row.get("name_en") or "").strip()
            names = {"zh": zh or en or row["code"], "en": en or zh or row["code"]}
            wanted.append(NewDevice(row["code"].strip(), row["kind"].strip(), names, row["area"].strip(), lon, lat, (row.get("address") or "").strip()))
    with write():
        made = register_devices(actor=Actor.system("cli"), at=now(), devices=wanted)
    line(f"{len(made)} devices registered.")


@devices.command("list")
@with_database
def list_() -> None:
    """Print the devices, the latest alarm first."""
    from linli.directory.devices.selectors import devices as lines
    from linli.kernel.access.rules import Actor

    for device in lines(actor=Actor.system("cli")):
        alarm = f"  alarm {device.alarm_at:%Y-%m-%d %H:%M} {device.matter_code}" if device.alarm_at else ""
        line(f"{device.code}  {device.kind}  {device.names.get('en', '')}{alarm}")


@devices.command()
@click.argument("code")
@with_database
def retire(code: str) -> None:
    """Take the device CODE down: it raises no more alarms."""
    from linli.directory.devices.services import retire_device
    from linli.kernel.access.rules import Actor
    from linli.kernel.clock.services import now
    from linli.kernel.writing import write

    with write():
        retire_device(actor=Actor.system("cli"), at=now(), code=code)
    line(f"{code} is taken down.")
