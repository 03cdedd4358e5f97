"""What the JSON API says and is told, apart from reports."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from ninja import Schema
from pydantic import AfterValidator, ConfigDict, Field


def _plain(text: str) -> str:
    if "\0" in text:
        raise ValueError("text without NUL characters")
    return text


Plain = Annotated[str, AfterValidator(_plain)]
Code = Annotated[str, Field(max_length=60), AfterValidator(_plain)]


class RefusalOut(Schema):
    """Why something was not done."""

    code: str = Field(description="stable name of the refusal")
    message: str = Field(description="a sentence in the language of Accept-Language")
    field: str | None = Field(description="the input at fault, where there is one")


class StepOut(Schema):
    verb: str
    from_state: str
    to_state: str
    level: int
    level_code: str
    post_names: dict[str, str]
    by_clock: bool
    by_reporter: bool
    reason: str
    text: str
    at: datetime


class ConflictOut(RefusalOut):
    """Somebody else was first, or the matter's state does not allow it. ``changed``: the steps that the asker has not seen."""

    version: int | None = Field(default=None, description="the matter's version now")
    changed: list[StepOut] = Field(default_factory=list)


class ConditionOut(Schema):
    code: str
    names: dict[str, str]
    promise: str = Field(description="amount and unit of the clock: urgent_hours, working_hours, working_days")


class ChoiceOut(Schema):
    code: str
    names: dict[str, str]


class QuestionOut(Schema):
    code: str
    names: dict[str, str]
    type: str
    required: bool
    choices: list[ChoiceOut]


class ClassOut(Schema):
    code: str
    kind: str
    names: dict[str, str]
    group: dict[str, str] | None
    words: list[str]
    visibility: str
    reported_by: str = Field(description="everyone, or desk: residents cannot report it")
    emergency: str
    urgent: bool
    conditions: list[ConditionOut]
    form: list[QuestionOut]


class AreaOut(Schema):
    code: str
    level: str
    path: str
    names: dict[str, str]
    parent: str | None = Field(description="code of the area above")
    households: int | None
    lon: float | None
    lat: float | None


class LocationOut(Schema):
    area: AreaOut
    chain: list[AreaOut] = Field(description="from the root down to the area itself")
    placing: str = Field(description="inside, border, outside, unplaced")
    metres: float


class CandidateOut(Schema):
    kind: str
    code: str
    names: dict[str, str]
    address: str
    area: str = Field(description="code of the area that owns it")
    lon: float | None
    lat: float | None
    score: float


class PostOut(Schema):
    code: str
    names: dict[str, str]
    level: str
    role: str
    area_path: str
    unit: str
    unit_names: dict[str, str]


class HeldPostOut(PostOut):
    id: UUID
    holder: str = Field(description="who answers for it now; empty: nobody yet")
    acting: str = Field(description="code of the post from which it is held, where that is another one")


class MatterOut(Schema):
    """A public matter: the public words, a coarse point, no reporter."""

    code: str
    class_code: str
    class_names: dict[str, str]
    kind: str
    state: str
    level_code: str
    post_names: dict[str, str]
    area_names: dict[str, str]
    words: str
    lon: float | None
    lat: float | None
    reported_at: datetime
    due_at: datetime
    closed_at: datetime | None
    outcome: str
    overdue: bool
    reporters: int


class MatterStoryOut(MatterOut):
    story: list[StepOut]


class MattersOut(Schema):
    items: list[MatterOut]
    next: str | None = Field(description="cursor of the next page, or null at the end")


class NearOut(Schema):
    matter: MatterOut
    metres: int = Field(description="to the point as everyone may know it, rounded to fifty")


class WorkRowOut(Schema):
    code: str
    version: int
    class_names: dict[str, str]
    kind: str
    state: str
    level: int
    level_code: str
    post_names: dict[str, str]
    area_names: dict[str, str]
    address: str
    text: str
    urgent: bool
    confidentiality: int
    placing: str
    reported_at: datetime
    due_at: datetime
    level_due_at: datetime
    closed_at: datetime | None
    overdue: bool
    lon: float | None
    lat: float | None
    source: str


class WorkRowsOut(Schema):
    items: list[WorkRowOut]
    next: str | None


class WorkStepOut(StepOut):
    actor: str
    data: dict[str, Any]


class WorkReporterOut(Schema):
    source: str
    at: datetime
    text: str
    anonymous: bool
    details: dict[str, Any]
    contact: dict[str, str] | None = Field(description="null unless you may see identities")
    rating: int | None
    solved: bool | None
    comment: str


class WorkOut(Schema):
    """A matter for those who handle it."""

    code: str
    version: int
    class_code: str
    condition: str
    kind: str
    state: str
    level: int
    area_path: str
    placing: str
    lon: float | None
    lat: float | None
    address: str
    text: str
    public_text: str
    reported_at: datetime
    due_at: datetime
    level_due_at: datetime
    closed_at: datetime | None
    outcome: str
    outcome_text: str
    overdue: bool
    post: str
    handler: str | None
    verbs: list[str] = Field(description="what you can do with it now")
    steps: list[WorkStepOut]
    reporters: list[WorkReporterOut]


class PlaceIn(Schema):
    model_config = ConfigDict(extra="forbid")
    lon: float | None = None
    lat: float | None = None
    address: Plain = Field(default="", max_length=400)
    area_code: Code = ""


class ActionIn(Schema):
    """One verb and what it needs. ``version`` (or If-Match) is the version that you saw: another one now is a conflict."""

    model_config = ConfigDict(extra="forbid")
    verb: str = Field(max_length=40, description="one of the verbs of GET /api/v1/queue/{code}")
    version: int | None = Field(default=None, ge=1, le=2**31 - 1)
    reason: Plain = Field(default="", max_length=2_000)
    text: Plain = Field(default="", max_length=4_000)
    outcome: Code = ""
    post: Code = Field(default="", description="code of the post that shall take it")
    until: datetime | None = None
    into: Code = Field(default="", description="public number of the matter to merge into")
    class_code: Code = ""
    condition: Code = ""
    place: PlaceIn | None = None
    reached: bool | None = None
    units: list[Code] = Field(default_factory=list, max_length=20, description="codes of departments")
    file_ids: list[UUID] = Field(default_factory=list, max_length=10)


class ActionOut(Schema):
    code: str
    version: int
    state: str
    level: int
    post: str
    repeated: bool


class TrackingOut(Schema):
    """What the holder of a tracking code sees."""

    tracking: str
    matter: MatterOut
    at: datetime
    text: str
    anonymous: bool
    emergency: str
    answered_at: datetime | None
    answer: str
    rating: int | None
    solved: bool | None
    comment: str
    can_rate: bool
    question: str
    merged: bool
    story: list[StepOut]


class RatingIn(Schema):
    model_config = ConfigDict(extra="forbid")
    rating: int = Field(ge=-(2**31), le=2**31, description="stars, 1 to 5")
    solved: bool
    comment: Plain = Field(default="", max_length=2_000)


class AnswerIn(Schema):
    model_config = ConfigDict(extra="forbid")
    text: Plain = Field(min_length=1, max_length=4_000)


class FileOut(Schema):
    id: UUID
    name: str
    kind: str
    content_type: str
    lon: float | None = Field(description="where the camera says that it stood; not stored")
    lat: float | None


class ClockOut(Schema):
    on_time: int
    late: int
    share: float | None


class FunnelOut(Schema):
    level: int
    closed: int
    share: float | None
    of_reached: float | None


class RatesOut(Schema):
    response: float | None
    solved: float | None
    satisfied: float | None
    rated: int
    on_time: float | None
    rework: float | None


class FiguresOut(Schema):
    counts: dict[str, int]
    overdue_open: int
    funnel: list[FunnelOut]
    rates: RatesOut
    clocks: dict[str, ClockOut]
    mean_hours: float | None


class FiguresLineOut(Schema):
    key: str
    names: dict[str, str]
    figures: FiguresOut
