from django.apps import AppConfig


class DevicesConfig(AppConfig):
    name = "linli.directory.devices"
    label = "devices"
