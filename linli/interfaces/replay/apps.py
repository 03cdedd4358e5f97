from django.apps import AppConfig


class ReplayConfig(AppConfig):
    name = "linli.interfaces.replay"
    label = "replay"
