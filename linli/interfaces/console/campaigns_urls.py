"""Routes of campaigns, part of the console's."""

from django.urls import URLPattern, path

from linli.interfaces.console import campaigns

CAMPAIGNS: list[URLPattern] = [
    path("campaigns", campaigns.campaigns, name="campaigns"),
    path("campaigns/<slug:code>", campaigns.campaign, name="campaign"),
    path("campaigns/<slug:code>/targets/<uuid:target_id>", campaigns.attempt, name="campaign_attempt"),
    path("campaigns/<slug:code>/attempts/<uuid:attempt_id>/take-back", campaigns.take_back, name="campaign_take_back"),
    path("campaigns/<slug:code>/<slug:act>", campaigns.act, name="campaign_act"),
]
