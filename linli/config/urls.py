"""The composition root of routes."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/", include("linli.interfaces.accounts.urls")),
]
