"""What the pictures of the docs show: an afternoon in the invented community, and what each of six people sees of it."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

from scripts.screenshots import DESK, WALL, House, keep, settle

SAID = {
    "zh": {"lamp": "路灯不亮，晚上看不清路", "at": "望潮路8号大门口", "done": "灯泡已更换，线路已检查，今晚请再看一眼。"},
    "en": {"lamp": "The street light is out, the path is dark at night", "at": "8 Wangchao Road, by the gate", "done": "Bulb replaced and the wiring checked."},
}
REPORTS = (  # class, words, what is done: solved with stars, sent up, left open, departments called
    ("C-0118", "路灯闪烁，忽明忽暗", 5), ("E-0401", "三轮车堵住消防通道", 4), ("C-0101", "井盖松动，车轧过就响", 5), ("E-0401", "电动车停满楼道口", 2),
    ("C-0118", "广场第二盏灯不亮", 5), ("C-0101", "井盖缺角", None), ("E-0401", "大货车占住小区出口", ("urban-management", "traffic-police")),
    ("E-0401", "消防通道堆满纸箱", ("fire",)), ("C-0118", "整条巷子的灯都不亮", None),
)  # fmt: skip

IN_THE_GRID = (("C-0118", "二楼楼道灯不亮"), ("E-0401", "三轮车堵住单元门"), ("C-0101", "井盖松动"), ("C-0118", "院子里的灯闪"))


def live_a_day(house: House) -> None:
    """What is there when the pictures are taken: matters solved and rated, open ones, departments that are awaited."""
    house.kept["grid key"] = house.linli("apikey", "create", "--name", "pictures of the grid", "--user", "grid")
    mine = house.api("/queue?mine=true&limit=1", key=house.kept["grid key"])["items"][0]
    house.kept["place"] = {"longitude": mine["lon"] + 0.0004, "latitude": mine["lat"] + 0.0003}
    for number, (code, words, after) in enumerate(REPORTS):
        row = house.api("/queue?limit=30")["items"][3 * number]
        told = {"class_code": code, "text": words, "lon": row["lon"], "lat": row["lat"], "address": f"望潮路{number + 3}号"}
        receipt = house.api("/matters", told)
        if isinstance(after, int):
            _solve(house, receipt["code"], "已处置完毕，请查看。")
            house.api(f"/receipts/{receipt['tracking']}/rating", {"rating": after, "solved": after > 2, "comment": "" if after > 2 else "还是堵着"})
        elif after:
            house.api(f"/matters/{receipt['code']}/actions", {"verb": "whistle", "reason": "需要到场会商", "units": list(after)})
            house.kept["whistled"] = receipt["code"]
        else:
            house.kept["open"] = receipt["code"]
    house.linli("clock", "advance", "20m")
    lon, lat = house.kept["place"]["longitude"], house.kept["place"]["latitude"]
    for number, (code, words) in enumerate(IN_THE_GRID):
        told = {"class_code": code, "text": words, "lon": lon - 0.0002 * number, "lat": lat, "address": f"望潮路8号{number + 1}单元"}
        house.api("/matters", told)


def _solve(house: House, code: str, words: str) -> None:
    """Solved, verified and closed, as far as the playbook asks for each."""
    for verb in ("solve", "verify", "close"):
        if verb in house.api(f"/queue/{code}")["verbs"]:
            house.api(f"/matters/{code}/actions", {"verb": verb, "text": words, "reason": words})


def resident(house: House, language: str) -> None:
    """Report, receipt, story, rating; what everyone can see."""
    said = SAID[language]
    page = house.visit("/", language, geolocation=house.kept["place"], permissions=["geolocation"])
    keep(page, language, "resident-1-home")
    page.goto(f"{house.address}/report")
    page.locator("input[type=file]").last.set_input_files(_photo())
    page.locator(".previews img").wait_for()
    keep(page, language, "resident-2-photo")
    page.locator("[data-here]").click()
    page.locator("[data-where-told] .where").wait_for()
    page.locator("#map[data-ready=yes]").wait_for()
    keep(page, language, "resident-3-place", top="#place")
    page.locator("#id_text").fill(said["lamp"])
    page.locator("[data-choose-class='C-0118']").click()
    page.locator("input[name=condition][value=out]").check()
    keep(page, language, "resident-4-what", top="#what")
    page.locator(".send button").click()
    page.wait_for_url("**/report/done/*")
    settle(page)
    keep(page, language, "resident-5-receipt")
    tracking = page.url.rsplit("/", 1)[1]
    code = house.api(f"/receipts/{tracking}")["matter"]["code"]
    house.kept[f"lamp {language}"] = code
    _solve(house, code, said["done"])
    page.goto(f"{house.address}/track/{tracking}")
    settle(page)
    keep(page, language, "resident-6-story")
    page.goto(f"{house.address}/figures")
    settle(page)
    keep(page, language, "resident-7-figures")
    page.context.close()


def _photo() -> Path:
    """A lamp that is out above a path at dusk: drawn, so that nobody's street is shown."""
    picture = Image.new("RGB", (960, 720))
    draw = ImageDraw.Draw(picture)
    for y in range(720):
        draw.line([(0, y), (960, y)], fill=(38 + y // 14, 52 + y // 12, 82 + y // 16))
    draw.polygon([(380, 720), (600, 720), (520, 470), (470, 470)], fill=(92, 88, 84))
    for x, top in ((40, 250), (230, 300), (640, 270), (820, 220)):
        draw.rectangle([x, top, x + 150, 520], fill=(30, 36, 48))
        for window in range(3):
            draw.rectangle([x + 22 + 44 * window, top + 60, x + 42 + 44 * window, top + 90], fill=(226, 188, 120) if (x + window) % 2 else (52, 60, 74))
    draw.rectangle([0, 520, 960, 560], fill=(34, 44, 40))
    draw.rectangle([706, 190, 716, 640], fill=(18, 20, 24))
    draw.line([(711, 196), (640, 176)], fill=(18, 20, 24), width=9)
    draw.ellipse([606, 160, 664, 188], fill=(60, 62, 66))
    path = Path(tempfile.mkdtemp()) / "lamp.jpg"
    picture.filter(ImageFilter.GaussianBlur(1.2)).save(path, quality=88)
    return path


def grid_member(house: House, language: str) -> None:
    """The queue on the stairs, one matter, done without signal, what waits."""
    context = {"geolocation": house.kept["place"], "permissions": ["geolocation"]}
    page = house.visit("/field/", language, user="grid", **context)
    page.locator(".ticket-card").first.wait_for()
    page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    settle(page)
    keep(page, language, "grid-1-mine")
    page.locator(".ticket-card").filter(has_text="灯").first.click()
    page.locator("#tabs .button--primary").wait_for()
    settle(page)
    keep(page, language, "grid-2-matter")
    page.context.set_offline(True)
    page.locator("#tabs .button--primary").click()
    page.locator("dialog.sheet textarea").fill(SAID[language]["done"])
    page.locator("dialog.sheet input[type=file]").first.set_input_files(_photo())
    page.locator("dialog.sheet .shot img").first.wait_for()
    keep(page, language, "grid-3-done")
    page.locator("dialog.sheet .sheet__foot .button--primary").click()
    page.locator("dialog.sheet").wait_for(state="detached")
    page.locator("#strip-queue").click()
    page.locator("#place li[data-key]").first.wait_for()
    page.locator(".toast").first.wait_for(state="detached")
    keep(page, language, "grid-4-waiting")
    page.context.set_offline(False)
    page.locator("#strip-queue.strip__queue--sent").wait_for()
    page.goto(f"{house.address}/field/#map")
    page.locator(".toast").first.wait_for(state="detached")
    page.wait_for_timeout(1500)
    keep(page, language, "grid-5-map")
    page.context.close()


OPEN_ALONE = """(step) => {
  for (const other of step.parentElement.querySelectorAll("details")) other.open = other === step;
  step.scrollIntoView({ block: "center" });
}"""


def duty_officer(house: House, language: str) -> None:
    """The queue, one matter, what can be done with it, a call, who is there."""
    page = house.visit("/console/?view=area", language, size=DESK, user="district")
    keep(page, language, "duty-1-queue")
    for name, path in (
        ("duty-2-matter", f"/console/matters/{house.kept['whistled']}"),
        ("duty-5-people", "/console/directory"),
    ):
        page.goto(house.address + path)
        settle(page)
        keep(page, language, name)
    page.goto(f"{house.address}/console/matters/{house.kept['open']}")
    page.locator("details:has(form[action$='/whistle'])").evaluate(OPEN_ALONE)
    settle(page)
    keep(page, language, "duty-3-call-departments")
    page.goto(f"{house.address}/console/report")
    page.locator("[name=text]").fill(SAID[language]["lamp"])
    page.locator("[name=address]").fill(SAID[language]["at"])
    settle(page)
    keep(page, language, "duty-4-call")
    page.context.close()


def command(house: House, language: str) -> None:
    """The wall, heat, one place, one street."""
    page = house.visit("/command/", language, size=WALL, user="district")
    page.locator("[data-live-state=open]").wait_for()
    page.locator(".wall__arrivals .chart canvas, .wall__arrivals .chart svg").first.wait_for()
    settle(page)
    keep(page, language, "command-1-wall")
    page.locator("#shown").select_option("all")
    page.locator("[data-heat-most]").filter(has_text="1").or_(page.locator("[data-heat-most]:visible")).first.wait_for()
    settle(page)
    keep(page, language, "command-2-heat")
    page.locator(".compare a").first.click()
    page.wait_for_url(re.compile("area="))
    settle(page)
    keep(page, language, "command-3-street")
    page.context.close()


def design(house: House, language: str) -> None:
    """The look in both themes, for the page about it."""
    for theme in ("light", "dark"):
        page = house.visit("/", language, size=DESK, color_scheme=theme)
        keep(page, language, f"design-portal-{theme}")
        page.context.close()
        page = house.visit("/console/?view=area", language, size=DESK, user="district", color_scheme=theme)
        keep(page, language, f"design-console-{theme}")
        page.context.close()


def social_worker(house: House, language: str) -> None:
    """The care desk, one case, a stay, what was missed, the teams, a roster with its gaps."""
    page = house.visit("/console/care", language, size=DESK, user="social")
    keep(page, language, "social-1-desk")
    page.locator(".queue__what a.code").first.click()
    page.wait_for_url("**/console/care/G-*")
    settle(page)
    keep(page, language, "social-2-case")
    page.locator("details:has(form[action$='/stay'])").evaluate(OPEN_ALONE)
    settle(page)
    keep(page, language, "social-3-stay")
    for name, path in (
        ("social-4-missed", "/console/duties/missed?days=30"),
        ("social-5-teams", "/console/teams"),
        ("social-6-roster", "/console/teams/evening-patrol/roster"),
    ):
        page.goto(house.address + path)
        settle(page)
        keep(page, language, name)
    page.context.close()


def volunteer(house: House, language: str) -> None:
    """The teams, one's own shifts."""
    page = house.visit("/volunteer", language, user="volunteer")
    keep(page, language, "volunteer-1-teams")
    page.goto(f"{house.address}/volunteer/shifts")
    settle(page)
    keep(page, language, "volunteer-2-shifts")
    page.goto(f"{house.address}/console/teams/evening-patrol/roster")
    settle(page)
    keep(page, language, "volunteer-3-roster")
    page.context.close()


TOURS: dict[str, Callable[[House, str], None]] = {
    "resident": resident,
    "grid-member": grid_member,
    "duty-officer": duty_officer,
    "command": command,
    "social-worker": social_worker,
    "volunteer": volunteer,
    "design": design,
}
