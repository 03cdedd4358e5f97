"""What a reporter can do with the tracking code: follow, rate, answer, become anonymous. The code is the key."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import HttpRequest
from ninja import Router
from ninja.responses import Status

from linli.engines.matters.selectors.public import ReceiptView, receipt
from linli.engines.matters.services.act import only
from linli.engines.matters.services.reporters import NoSuchReceipt, Rating, answer_question, make_anonymous, rate_outcomes
from linli.engines.matters.services.visitors import note_failed_look_up
from linli.interfaces.access import ApiAccess, visitor_of
from linli.interfaces.api.paging import answers
from linli.interfaces.api.schemas import AnswerIn, RatingIn, TrackingOut
from linli.kernel.clock.services import now
from linli.kernel.writing import write

router = Router(tags=["receipts"])


def _found(request: HttpRequest, tracking: str) -> ReceiptView:
    """The receipt of a code; one that does not exist counts against whoever tries."""
    at = now()
    try:
        return receipt(at=at, tracking=tracking)
    except NoSuchReceipt:
        visitor = visitor_of(request)
        with write():
            note_failed_look_up(at=at, visitor=visitor)
        raise


def _body(view: ReceiptView) -> dict[str, Any]:
    return {**asdict(view), "tracking": view.code}


@router.get("/receipts/{tracking}", auth=ApiAccess.public(), response=answers((200, TrackingOut)), summary="Follow a report")
def follow(request: HttpRequest, tracking: str) -> Any:
    return _body(_found(request, tracking))


@router.post("/receipts/{tracking}/rating", auth=ApiAccess.public(), response=answers((200, TrackingOut), conflicts=True), summary="Rate the outcome")
def rate(request: HttpRequest, tracking: str, given: RatingIn) -> Any:
    _found(request, tracking)
    with write():
        only(rate_outcomes([Rating(tracking, given.rating, given.solved, given.comment)], at=now()))
    return _body(_found(request, tracking))


@router.post("/receipts/{tracking}/answer", auth=ApiAccess.public(), response=answers((200, TrackingOut), conflicts=True), summary="Answer a question")
def answer(request: HttpRequest, tracking: str, given: AnswerIn) -> Any:
    _found(request, tracking)
    with write():
        answer_question(at=now(), tracking=tracking, text=given.text)
    return _body(_found(request, tracking))


@router.delete("/receipts/{tracking}/contact", auth=ApiAccess.public(), response=answers((204, None)), summary="Become anonymous: contacts are deleted")
def forget(request: HttpRequest, tracking: str) -> Any:
    _found(request, tracking)
    with write():
        make_anonymous(at=now(), tracking=tracking)
    return Status(204, None)
