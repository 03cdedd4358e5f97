from django.apps import AppConfig


class ClockConfig(AppConfig):
    name = "linli.kernel.clock"
    label = "clock"
