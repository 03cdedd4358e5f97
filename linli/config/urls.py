"""The composition root of routes."""

from django.urls import URLPattern, URLResolver, include, path, re_path

from linli.interfaces.api.main import api, unknown
from linli.interfaces.basemap import archive
from linli.interfaces.language import switch_language

urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/", include("linli.interfaces.accounts.urls")),
    path("language/", switch_language, name="set_language"),
    path("api/v1/", api.urls),
    re_path(r"^api/", unknown),
    path("open311/v2/", include("linli.interfaces.open311.urls")),
    path("console/", include("linli.interfaces.console.urls")),
    path("field/", include("linli.interfaces.field.urls")),
    path("basemap.pmtiles", archive, name="basemap"),
    path("command/", include("linli.interfaces.command.urls")),
    path("", include("linli.interfaces.portal.urls")),
]
handler500 = "linli.interfaces.portal.errors.server_error"
