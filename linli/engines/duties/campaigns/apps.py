from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "linli.engines.duties.campaigns"
    label = "campaigns"
