"""What browsers are told to refuse: foreign code, foreign frames, and devices that a page does not need."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

from linli.interfaces.basemap import basemap

PERMISSIONS_POLICY = ", ".join(
    [
        "geolocation=(self)",  # the place of a report
        "camera=(self)",  # its photo, a checkpoint's code
        "publickey-credentials-get=(self)",
        "publickey-credentials-create=(self)",
        "microphone=()",
        "payment=()",
        "usb=()",
        "serial=()",
        "display-capture=()",
        "browsing-topics=()",
    ]
)


def content_security_policy() -> str:
    """The policy of every page: own files only (and the base map's server, where one is set), no inline script or style.

    ``form-action`` also names the sign-in servers of organisations, because browsers hold a form's redirect to it.
    """
    under = basemap()
    servers = under.servers if under else []
    organisations = sorted({"{0.scheme}://{0.netloc}".format(urlsplit(entry["server_url"])) for entry in settings.OIDC_ORGANISATIONS})
    rules = {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:", *servers],
        "connect-src": ["'self'", *servers],
        "worker-src": ["'self'", "blob:"],
        "font-src": ["'self'"],
        "manifest-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'", *organisations],
    }
    return "; ".join(f"{name} {' '.join(values)}" for name, values in rules.items())


class SecurityHeadersMiddleware(MiddlewareMixin):
    """Adds the policies to every answer; a view that needs its own Content-Security-Policy sets it first."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        response.headers.setdefault("Content-Security-Policy", content_security_policy())
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        return response
