"""Reporters, merging, batches and who may not: through the services, on PostgreSQL."""

from __future__ import annotations

import pytest
from django.db import connection

from linli.directory.organisation.selectors import organisation
from linli.directory.territory.selectors import ground
from linli.engines.matters.models import Matter, Report, Step
from linli.engines.matters.rules.command import Command
from linli.engines.matters.rules.intake import Contact, ReportRequest, TextTooLong
from linli.engines.matters.rules.states import State, Verb
from linli.engines.matters.rules.words import MASK
from linli.engines.matters.services.act import Done, MergeIntoEnded, NoSuchMatter, act, only
from linli.engines.matters.services.reporters import (
    CannotJoin,
    NoSuchReceipt,
    NotEndedYet,
    Rating,
    answer_question,
    join_matter,
    make_anonymous,
    rate_outcomes,
    redact,
)
from linli.kernel.access.models import User
from linli.kernel.access.rules import ANONYMOUS, SYSTEM, Forbidden
from linli.kernel.access.selectors import actor_of
from linli.kernel.writing import write
from tests.factories import Community, person, report
from tests.integration.matters.made import AT, DAY, HOUR, desk, do, done, head, holds

pytestmark = pytest.mark.django_db


def rated(tracking: str, stars: int, *, solved: bool, at=AT, comment: str = ""):
    with write():
        (result,) = rate_outcomes([Rating(tracking, stars, solved, comment)], at=at)
    return result


def joined(town: Community, matter_id, *, at=AT, **wanted):
    with write():
        return join_matter(ReportRequest(**{"at": at, "class_code": "E-0401", "text": "我也看到了", **wanted}), actor=ANONYMOUS, at=at, matter_id=matter_id)


# -- reporters --------------------------------------------------------------------------------------------------------


def test_a_low_rating_reopens_and_the_reporter_is_told_the_new_outcome(town: Community) -> None:
    one = report(town)
    assert isinstance(rated(one.tracking, 5, solved=True), NotEndedYet)
    assert isinstance(rated("0000-0000-0000", 5, solved=True), NoSuchReceipt)
    done(one.matter_id, Verb.SOLVE, actor=head(town), text="好了")
    again = rated(one.tracking.lower().replace("-", " "), 1, solved=False, at=AT + DAY, comment="车又来了")
    assert isinstance(again, Done) and again.state is State.FILED
    receipt = Report.objects.get()
    assert (receipt.answered_at, receipt.answer, receipt.rating) == (None, "", 1)
    holds(AT + DAY)
    done(one.matter_id, Verb.SOLVE, actor=head(town), at=AT + DAY + HOUR, text="装了隔离桩")
    assert Report.objects.get().answer == "装了隔离桩"
    assert isinstance(rated(one.tracking, 5, solved=True, at=AT + 2 * DAY), Done)
    assert (Report.objects.get().rating, Matter.objects.get().state) == (5, "closed")
    holds(AT + 2 * DAY)


def test_a_rating_after_the_window_counts_and_reopens_nothing(town: Community) -> None:
    one = report(town)
    done(one.matter_id, Verb.SOLVE, actor=head(town), text="好了")
    assert isinstance(rated(one.tracking, 1, solved=False, at=AT + 60 * DAY), Done)
    assert (Report.objects.get().rating, Matter.objects.get().state) == (1, "closed")


def test_two_ratings_of_one_matter_in_a_batch_reopen_it_once(town: Community) -> None:
    one = report(town)
    other = joined(town, one.matter_id)
    done(one.matter_id, Verb.SOLVE, actor=head(town), text="好了")
    with write():
        results = rate_outcomes([Rating(one.tracking, 1, False), Rating("no such", 1, False), Rating(other.tracking, 2, False)], at=AT + HOUR)
    assert [isinstance(result, Done) for result in results] == [True, False, True]
    assert (Matter.objects.get().reopenings, sorted(Report.objects.values_list("rating", flat=True))) == (1, [1, 2])
    holds(AT + HOUR)


def test_whoever_joins_is_told_like_the_first(town: Community) -> None:
    one = report(town)
    receipt = joined(town, one.matter_id)
    assert receipt.code == one.code and receipt.tracking != one.tracking
    done(one.matter_id, Verb.SOLVE, actor=head(town), text="好了")
    assert set(Report.objects.values_list("answer", flat=True)) == {"好了"}
    with pytest.raises(CannotJoin):
        joined(town, one.matter_id)
    with pytest.raises(TextTooLong):
        joined(town, one.matter_id, text="字" * 5000)
    private = report(town, class_code="D-0101")
    with pytest.raises(CannotJoin):
        joined(town, private.matter_id)
    holds()


def test_a_reporter_can_be_forgotten_and_still_be_told(town: Community) -> None:
    one = report(town, contact=Contact("张三", "13800138000", "z@example.org"), anonymous=False)
    with write():
        make_anonymous(at=AT, tracking=one.tracking)
    receipt = Report.objects.get()
    assert (receipt.contact, receipt.phone_fingerprint, receipt.email_fingerprint, receipt.anonymous) == (None, None, None, True)
    done(one.matter_id, Verb.SOLVE, actor=head(town), text="好了")
    assert Report.objects.get().answer == "好了"


def test_nothing_in_the_database_leads_to_a_signed_in_reporter_who_became_anonymous(town: Community) -> None:
    resident = User.objects.create(kind=User.Kind.RESIDENT, username="someone", created_at=AT)
    one = report(town, actor=actor_of(resident, AT), user_id=resident.pk, anonymous=False, key="mine")
    assert Report.objects.get().user_id == resident.pk
    with write():
        make_anonymous(at=AT, tracking=one.tracking)
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_name ~ '^(matters|audit|events|notices)_'")
        for (table,) in cursor.fetchall():
            if table != "matters_fact":
                cursor.execute(f'SELECT count(*) FROM "{table}" AS t WHERE t::text LIKE %s', [f"%{resident.pk}%"])
                assert cursor.fetchone()[0] == 0, table


def test_redaction_takes_the_words_of_reporters_from_report_and_story(town: Community) -> None:
    one = report(town, text="李四家的狗", details={"note": "李四"})
    with write():
        answer_question(at=AT, tracking=one.tracking, text="李四在二楼")
    done(one.matter_id, Verb.SOLVE, actor=head(town), text="已劝导")
    rated(one.tracking, 1, solved=False, at=AT + HOUR, comment="李四又放狗")
    with pytest.raises(Forbidden), write():
        redact(actor=head(town), at=AT + HOUR, matter_id=one.matter_id, public_text="x", reason="x")
    with write():
        redact(actor=desk(town), at=AT + HOUR, matter_id=one.matter_id, public_text="一户居民的狗", reason="涉及个人", wipe_words=True)
    kept = [*Step.objects.values_list("text", flat=True), *Step.objects.values_list("reason", flat=True)]
    kept += [
        *Report.objects.values_list("text", flat=True),
        *Report.objects.values_list("comment", flat=True),
        *map(str, Report.objects.values_list("details", flat=True)),
    ]
    kept += [Matter.objects.get().text]
    assert not any("李四" in text for text in kept)
    assert "已劝导" in kept and MASK in kept and Matter.objects.get().public_text == "一户居民的狗"


# -- merging ----------------------------------------------------------------------------------------------------------


def test_chains_of_merging_in_one_batch_hand_every_reporter_to_the_last(town: Community) -> None:
    a, b, c, d = (report(town).matter_id for _ in range(4))

    def merge(one, into):
        return Command(matter_id=one, verb=Verb.MERGE, at=AT, reason="同一处", into_id=into)

    with write():
        results = act([merge(a, b), merge(b, c), merge(d, a), merge(c, a), merge(d, c)], actor=desk(town))
    assert [isinstance(result, Done) for result in results] == [True, True, False, False, True]
    assert isinstance(results[2], MergeIntoEnded) and isinstance(results[3], MergeIntoEnded)
    assert set(Report.objects.values_list("matter_id", flat=True)) == {c}
    holds()
    with write():
        only(act([Command(c, Verb.SOLVE, AT + HOUR, text="清了")], actor=head(town)))
    assert list(Report.objects.values_list("answer", flat=True)) == ["清了"] * 4
    holds(AT + HOUR)


def test_merged_and_closed_in_one_batch(town: Community) -> None:
    a, b = report(town).matter_id, report(town).matter_id
    with write():
        act([Command(a, Verb.MERGE, AT, reason="同", into_id=b), Command(b, Verb.SOLVE, AT, text="清了")], actor=desk(town))
    assert list(Report.objects.values_list("answer", "matter_id")) == [("清了", b)] * 2
    holds()


def test_closed_reopened_and_merged_in_one_batch(town: Community) -> None:
    a, b = report(town).matter_id, report(town).matter_id
    commands = [Command(a, Verb.SOLVE, AT, text="清了"), Command(a, Verb.REOPEN, AT, reason="又来"), Command(a, Verb.MERGE, AT, reason="同", into_id=b)]
    with write():
        assert all(isinstance(result, Done) for result in act(commands, actor=SYSTEM))
    assert set(Report.objects.values_list("matter_id", "answered_at")) == {(b, None)}
    holds()


# -- batches ----------------------------------------------------------------------------------------------------------


def test_one_poisonous_command_is_refused_alone(town: Community) -> None:
    good, bad = report(town).matter_id, report(town).matter_id
    unknown = organisation().root.id
    with write():
        results = act(
            [
                Command(good, Verb.NOTE, AT, text="一"),
                Command(unknown, Verb.NOTE, AT, text="没有这件"),
                Command(bad, Verb.SUSPEND, AT, reason="x", until=AT - DAY),
                Command(bad, Verb.DISPATCH, AT, post_id=bad),
                Command(bad, Verb.NOTE, AT, key="k" * 4000),
                Command(bad, Verb.NOTE, AT - 900 * DAY),
                Command(bad, Verb.ASK_EXTENSION, AT, reason="x", until=AT.replace(year=9999)),
                Command(good, Verb.NOTE, AT, text="二"),
            ],
            actor=SYSTEM,
        )
    assert [isinstance(result, Done) for result in results] == [True, False, False, False, False, False, True, True]
    assert Matter.objects.get(id=good).version == 3
    holds()


def test_one_key_is_one_step_in_a_batch_and_after_it(town: Community) -> None:
    one = report(town).matter_id
    note = Command(one, Verb.NOTE, AT, text="一", key="k1")
    with write():
        first, second = act([note, note], actor=SYSTEM)
    with write():
        (third,) = act([note], actor=SYSTEM)
    assert isinstance(first, Done) and isinstance(second, Done) and isinstance(third, Done)
    assert (first.repeated, second.repeated, third.repeated) == (False, True, True)
    assert first.version == second.version == third.version and Step.objects.count() == 2


# -- who may not ------------------------------------------------------------------------------------------------------

DESKS_ONLY = ["file", "refuse", "merge", "dispatch", "transfer", "verify", "close", "call_back", "reopen", "suspend"]
DESKS_ONLY += ["grant_extension", "decline_extension", "whistle", "correct", "redact"]


def test_a_grid_head_may_not_do_what_is_the_desks(town: Community) -> None:
    one = report(town).matter_id
    for verb in DESKS_ONLY:
        assert isinstance(do(one, Verb(verb), actor=head(town), reason="x", text="x"), Forbidden), verb
    assert Matter.objects.get().version == 1


def test_nobody_and_the_desk_of_another_street_see_nothing(town: Community) -> None:
    one = report(town).matter_id
    elsewhere = next(street for street in town.streets if not town.grids[0].path.startswith(street.path))
    for stranger in (ANONYMOUS, person("street_duty", elsewhere.path)):
        for verb in Verb:
            assert isinstance(do(one, verb, actor=stranger, reason="x", text="x"), NoSuchMatter), verb
    assert Matter.objects.get().version == 1


def test_a_merge_needs_the_right_over_both(town: Community) -> None:
    one = report(town).matter_id
    far = next(number for number, grid in enumerate(town.grids) if not grid.path.startswith(desk(town).grants[0].area_path))
    other = report(town, grid=far).matter_id
    assert isinstance(do(one, Verb.MERGE, actor=desk(town), reason="x", into_id=other), NoSuchMatter)
    assert ground().area(Matter.objects.get(id=other).area_id).id == town.grids[far].id
