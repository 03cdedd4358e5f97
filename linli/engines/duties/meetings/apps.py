from django.apps import AppConfig


class MeetingsConfig(AppConfig):
    name = "linli.engines.duties.meetings"
    label = "meetings"
