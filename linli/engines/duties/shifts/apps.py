from django.apps import AppConfig


class ShiftsConfig(AppConfig):
    name = "linli.engines.duties.shifts"
    label = "shifts"
