from django.apps import AppConfig


class MattersConfig(AppConfig):
    name = "linli.engines.matters"
    label = "matters"
