from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "linli.interfaces.console"
    label = "console"
