"""The ground and the posts: areas, what a point or an address belongs to, who answers for it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router

from linli.directory.organisation.playbook import READ
from linli.directory.organisation.selectors import organisation, posts_held
from linli.directory.territory.selectors import address_candidates, ground
from linli.interfaces.access import ApiAccess, actor_of_request
from linli.interfaces.api.areas import area_body, path_of, post_body
from linli.interfaces.api.matters import Latitude, Longitude
from linli.interfaces.api.paging import answers
from linli.interfaces.api.schemas import AreaOut, CandidateOut, HeldPostOut, LocationOut, PostOut
from linli.kernel.clock.services import now

router = Router(tags=["directory"])


@router.get("/areas", auth=ApiAccess.public(), response=answers((200, list[AreaOut])), summary="Areas: those below one, else the root and those below it")
def areas(request: HttpRequest, within: Annotated[str, Query(max_length=60)] = "") -> Any:  # noqa: ARG001
    land = ground()
    start = land.by_code(within) if within else land.root
    found = land.children(start.id) if within else (start, *land.children(start.id))
    return [area_body(area, land) for area in found]


@router.get("/areas/{code}", auth=ApiAccess.public(), response=answers((200, AreaOut)), summary="One area")
def area(request: HttpRequest, code: str) -> Any:  # noqa: ARG001
    land = ground()
    return area_body(land.by_code(code), land)


@router.get("/areas/{code}/posts", auth=ApiAccess.public(), response=answers((200, list[PostOut])), summary="Who answers for an area, from the lowest up")
def responsible(request: HttpRequest, code: str) -> Any:  # noqa: ARG001
    return [post_body(post) for post in organisation().chain(ground().by_code(code).id)]


@router.get("/locate", auth=ApiAccess.public(), response=answers((200, LocationOut)), summary="The area that owns a point")
def locate(request: HttpRequest, lon: Longitude, lat: Latitude) -> Any:  # noqa: ARG001
    land = ground()
    found = land.locate(lon, lat)
    chain = [area_body(area, land) for area in land.chain(found.area.id)]
    return {"area": chain[-1], "chain": chain, "placing": found.how.value, "metres": round(found.metres, 1)}


@router.get("/addresses", auth=ApiAccess.public(), response=answers((200, list[CandidateOut])), summary="What an address may mean, best first")
def addresses(request: HttpRequest, q: Annotated[str, Query(min_length=1, max_length=200)]) -> Any:  # noqa: ARG001
    land = ground()
    return [{**asdict(found), "area": land.area(found.area_id).code} for found in address_candidates(text=q.replace("\0", ""))]


@router.get("/posts", auth=ApiAccess.requires(READ), response=answers((200, list[HeldPostOut])), summary="Posts of an area and below, and who holds each now")
def posts(request: HttpRequest, area: Annotated[str, Query(max_length=60)] = "") -> Any:
    known = organisation()
    lines = posts_held(actor=actor_of_request(request), at=now(), area_path=path_of(area) if area else "")
    return [
        {
            **post_body(held.post),
            "id": held.post.id,
            "holder": held.holder,
            "acting": known.post(held.holding.acting_post_id).code if held.holding and held.holding.is_acting else "",
        }
        for held in lines
    ]
