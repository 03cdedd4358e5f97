"""Lay the pinned front-end packages where the static files live: only what the pages load; and the Chinese letters that sheets are printed in.

Icons become one sprite of those that the templates use; add a name to ``ICONS`` to use another (names of Lucide).
"""

import re
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
VENDOR = ROOT / "linli" / "interfaces" / "static" / "vendor"
FONTS = ROOT / "linli" / "interfaces" / "fonts"
PRINTED = "@embedpdf/fonts-sc/fonts"
WEIGHTS = ("Regular", "Bold")
FILES = {
    "htmx.org/dist/htmx.min.js": "htmx/htmx.min.js",
    "maplibre-gl/dist/maplibre-gl.mjs": "maplibre/maplibre-gl.mjs",
    "maplibre-gl/dist/maplibre-gl-shared.mjs": "maplibre/maplibre-gl-shared.mjs",
    "maplibre-gl/dist/maplibre-gl-worker.mjs": "maplibre/maplibre-gl-worker.mjs",
    "maplibre-gl/dist/maplibre-gl.css": "maplibre/maplibre-gl.css",
    "pmtiles/dist/pmtiles.js": "pmtiles/pmtiles.js",
    "echarts/dist/echarts.esm.min.mjs": "echarts/echarts.esm.min.mjs",
    "idb/build/index.js": "idb/idb.js",
    "axe-core/axe.min.js": "axe/axe.min.js",
}
ICONS = """
alarm-clock arrow-left arrow-right arrow-up-from-line arrow-up-right badge-check bell bell-ring building-2 calendar-clock camera chart-column check
chevron-down chevron-left chevron-right circle circle-alert circle-check circle-dot circle-help circle-pause circle-user clipboard-list clock copy
corner-up-left cross download eye eye-off file-text filter flag forward git-merge hand-helping handshake heart-handshake hourglass house image
image-plus inbox info key-round languages layers layout-dashboard layout-list link list locate-fixed log-in log-out mail map map-pin map-pinned
megaphone menu message-circle message-square-text minus moon octagon-alert pause pencil phone phone-call play plus printer qr-code
refresh-cw rotate-ccw route rss save scale search search-check send settings shield-check siren sliders-horizontal smile sparkles smartphone square-check star
store sun sun-moon tag thumbs-down thumbs-up timer trash-2 trending-down trending-up triangle-alert upload user user-check user-plus users wifi-off
wrench x zap
""".split()  # noqa: SIM905


def sprite() -> str:
    """One SVG with a symbol for each icon; strokes follow the text's colour."""
    symbols = []
    for name in ICONS:
        text = (MODULES / "lucide-static" / "icons" / f"{name}.svg").read_text()
        inner = re.sub(r"\s+", " ", text[text.index(">", text.index("<svg")) + 1 : text.rindex("</svg>")]).strip()
        stroke = 'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"'
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24" {stroke}>{inner}</symbol>')
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"


def main() -> None:
    shutil.rmtree(VENDOR, ignore_errors=True)
    for source, target in FILES.items():
        path = VENDOR / target
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(MODULES / source, path)
    FONTS.mkdir(exist_ok=True)
    for weight in WEIGHTS:
        shutil.copyfile(MODULES / PRINTED / f"NotoSansHans-{weight}.otf", FONTS / f"NotoSansHans-{weight}.otf")
    (VENDOR / "icons").mkdir()
    (VENDOR / "icons" / "sprite.svg").write_text(sprite())


if __name__ == "__main__":
    main()
