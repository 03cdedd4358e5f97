from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Sign-in pages. No tables of its own; an app so that its templates are found before the library's."""

    name = "linli.interfaces.accounts"
    label = "accounts"
