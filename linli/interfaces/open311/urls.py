"""Addresses of GeoReport v2, each with its format as its ending."""

from django.urls import re_path

from linli.interfaces.open311 import views

FORM = r"\.(?P<form>json|xml)$"

urlpatterns = [
    re_path(r"^discovery" + FORM, views.discovery, name="open311_discovery"),
    re_path(r"^services" + FORM, views.services, name="open311_services"),
    re_path(r"^services/(?P<code>[^/]+)" + FORM, views.definition, name="open311_definition"),
    re_path(r"^requests" + FORM, views.requests, name="open311_requests"),
    re_path(r"^requests/(?P<code>[^/]+)" + FORM, views.one, name="open311_request"),
    re_path(r"^tokens/(?P<token>[^/]+)" + FORM, views.token, name="open311_token"),
    re_path(r"^servicerequestupdates" + FORM, views.updates, name="open311_updates"),
    re_path(r"^(?P<path>.*)" + FORM, views.unknown, name="open311_unknown"),
]
