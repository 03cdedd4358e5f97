# ruff: noqa: E501
"""The gallery: every component of the design system on three pages, one for each skin. Only tests route to it."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import get_language

NOW = datetime(2026, 3, 12, 1, 42, tzinfo=UTC)
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; worker-src 'self'; "
    "font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
WEST, SOUTH, STEP, SIDE = 116.380, 39.900, 0.004, 6


def words(chinese: str, english: str) -> str:
    return english if get_language() == "en" else chinese


class ReportForm(forms.Form):
    what = forms.CharField(widget=forms.Textarea(attrs={"maxlength": 500, "data-count": "", "rows": 4}), help_text="…")
    phone = forms.CharField(required=False)
    kind = forms.ChoiceField(choices=[("a", "A"), ("b", "B")])
    terms = forms.BooleanField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["what"].label = words("发生了什么？", "What is wrong?")
        self.fields["what"].help_text = words("写清楚位置和情况，能附照片更好。", "Say where it is and what you saw; a photo helps.")
        self.fields["phone"].label = words("手机号码", "Phone number")
        self.fields["phone"].help_text = words("只用来把处理结果告诉您。", "Used only to tell you the outcome.")
        self.fields["kind"].label = words("类别", "Class")
        self.fields["kind"].choices = [("a", words("道路破损", "Road damage")), ("b", words("路灯不亮", "Street light out"))]
        self.fields["terms"].label = words("可以公开这条上报（不含我的信息）", "This report may be public (nothing about me)")


def matters() -> list[dict[str, Any]]:
    rows = [
        ("overdue", -7.5, "南小街 14 号楼前井盖松动，夜里有人被绊倒", "Loose manhole cover in front of 14 Nanxiao Street", "LL-7Q4K2M", "街道联勤中心", "Street joint centre", "公共设施", "Public works"),
        ("soon", 1.4, "幸福里小区东门消防通道被车辆长期占用", "Fire lane at the east gate of Xingfuli blocked by cars", "LL-3F9T8X", "第七网格 · 周敏", "Grid 7 · Zhou Min", "安全隐患", "Hazard"),
        ("ok", 30, "二里庄路 3 号路灯不亮", "Street light out at 3 Erlizhuang Road", "LL-8H2C5R", "第四网格 · 赵国强", "Grid 4 · Zhao Guoqiang", "公共设施", "Public works"),
        ("suspended", 400, "老旧楼宇外墙脱落，待区级会商", "Facade of an old block crumbling; waits for the district", "LL-5B6N1D", "区指挥中心", "District centre", "安全隐患", "Hazard"),
        ("done", 0, "楼道堆物已清理，居民确认", "Stairwell cleared, confirmed by residents", "LL-9J7V4P", "第七网格 · 周敏", "Grid 7 · Zhou Min", "环境卫生", "Cleanliness"),
    ]  # fmt: skip
    return [
        {"state": s, "due": NOW + timedelta(hours=h), "title": words(zh, en), "code": code, "owner": words(oz, oe), "kind": words(kz, ke)}
        for s, h, zh, en, code, oz, oe, kz, ke in rows
    ]


def page(request: HttpRequest, name: str) -> HttpResponse:
    bound = ReportForm({"kind": "a"})
    bound.is_valid()
    context = {
        "now": NOW,
        "t": words,
        "zh": get_language() != "en",
        "matters": matters(),
        "many": matters() * 5,
        "form": bound,
        "bounds": f"{WEST},{SOUTH},{WEST + SIDE * STEP},{SOUTH + SIDE * STEP}",
        "section": "queue",
        "months": [(f"{m}", 900 + round(300 * math.sin(m)), 880 + round(260 * math.sin(m + 0.3))) for m in range(1, 13)],
    }
    response = render(request, f"gallery/{name}.html", context)
    response["Content-Security-Policy"] = CSP
    return response


def areas(request: HttpRequest) -> JsonResponse:
    features = []
    for row in range(SIDE):
        for column in range(SIDE):
            w, s = WEST + column * STEP, SOUTH + row * STEP
            ring = [[w, s], [w + STEP, s], [w + STEP * 0.9, s + STEP], [w, s + STEP], [w, s]]
            properties = {"name": f"第{row * SIDE + column + 1}网格", "level": 3, "value": (row * column % 5) / 8}
            features.append({"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": [ring]}})
    return JsonResponse({"type": "FeatureCollection", "features": features})


def points(request: HttpRequest) -> JsonResponse:
    states = ["ok", "soon", "overdue", "suspended", "done"]
    features = [
        {
            "type": "Feature",
            "properties": {"count": n * n if n % 3 == 0 else 1, "state": states[n % 5], "code": f"LL-{n}", "title": f"LL-{n}", "url": "#"},
            "geometry": {"type": "Point", "coordinates": [WEST + (n * 7 % 23) * 0.001, SOUTH + (n * 5 % 19) * 0.0012]},
        }
        for n in range(1, 24)
    ]
    return JsonResponse({"type": "FeatureCollection", "features": features})


def nothing(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=204)
