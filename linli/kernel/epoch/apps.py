from django.apps import AppConfig


class EpochConfig(AppConfig):
    name = "linli.kernel.epoch"
    label = "epoch"
