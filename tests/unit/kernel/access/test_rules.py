"""Role × area × confidentiality, as values."""

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.kernel.access.rules import (
    ANONYMOUS,
    SYSTEM,
    Actor,
    ActorKind,
    Confidentiality,
    Forbidden,
    Grant,
    NotSignedIn,
    Permission,
    Role,
    Scope,
    built_in_roles,
    declare,
    grant_of,
    normal_phone,
    widest,
)

CODES = st.sampled_from(["1", "10", "2", "A", "A1"])
PATHS = st.lists(CODES, max_size=4).map(lambda codes: "".join(f"{code}/" for code in codes))
LEVELS = st.sampled_from(Confidentiality)
PERMISSIONS = st.sampled_from(["matters.read", "matters.act"])
GRANTS = st.builds(Grant, role=st.just("r"), permissions=st.frozensets(PERMISSIONS), area_path=PATHS, clearance=LEVELS)
SCOPES = st.builds(Scope, area_path=PATHS, clearance=LEVELS)


def someone(*grants: Grant) -> Actor:
    return Actor(id="user:x", kind=ActorKind.USER, user_id=uuid4(), grants=grants)


def grant(path: str, *permissions: str, clearance: Confidentiality = Confidentiality.INTERNAL) -> Grant:
    return Grant("r", frozenset(permissions), path, clearance)


def test_a_grant_holds_in_its_area_and_below_only() -> None:
    actor = someone(grant("1/A/", "matters.read"))
    assert actor.may("matters.read", area_path="1/A/")
    assert actor.may("matters.read", area_path="1/A/2/")
    assert not actor.may("matters.read", area_path="1/")
    assert not actor.may("matters.read", area_path="1/A1/"), "a code that begins alike is another area"
    assert not actor.may("matters.act", area_path="1/A/")


def test_a_question_about_everywhere_is_not_answered_by_a_part() -> None:
    actor = someone(grant("1/", "playbooks.apply"))
    assert not actor.may("playbooks.apply") and actor.holds("playbooks.apply")
    with pytest.raises(Forbidden):
        actor.require("playbooks.apply")


def test_clearance_reads_down_and_not_up() -> None:
    actor = someone(grant("", "matters.read", clearance=Confidentiality.PRIVATE))
    assert [actor.may("matters.read", confidentiality=level) for level in Confidentiality] == [True, True, True, False]


def test_clearance_and_permission_come_from_the_same_grant() -> None:
    actor = someone(grant("", "matters.read", clearance=Confidentiality.PUBLIC), grant("", "matters.act", clearance=Confidentiality.SEALED))
    assert not actor.may("matters.read", confidentiality=Confidentiality.SEALED)


def test_nobody_may_do_nothing_and_is_told_to_sign_in() -> None:
    assert not ANONYMOUS.may("matters.read") and ANONYMOUS.scopes("matters.read") == ()
    with pytest.raises(NotSignedIn):
        ANONYMOUS.require("matters.read")
    with pytest.raises(NotSignedIn):
        ANONYMOUS.require_somewhere("matters.read")
    with pytest.raises(Forbidden):
        someone().require_somewhere("matters.read")


def test_the_program_itself_may_do_everything() -> None:
    SYSTEM.require("anything.at_all", area_path="1/", confidentiality=Confidentiality.SEALED)
    assert SYSTEM.scopes("anything.at_all") == (Scope("", Confidentiality.SEALED),)
    assert Actor.system("sweep").id == "system:sweep"


@given(st.lists(GRANTS, max_size=5), PERMISSIONS, PATHS, LEVELS)
def test_scopes_say_exactly_what_may_says(grants: list[Grant], permission: str, path: str, level: Confidentiality) -> None:
    actor = someone(*grants)
    by_scope = any(path.startswith(scope.area_path) and level <= scope.clearance for scope in actor.scopes(permission))
    assert actor.may(permission, area_path=path, confidentiality=level) == by_scope
    assert actor.holds(permission) == bool(actor.scopes(permission))


@given(st.lists(SCOPES, max_size=8))
def test_the_widest_scopes_reach_as_far_and_none_is_idle(scopes: list[Scope]) -> None:
    kept = widest(scopes)
    assert all(any(k.covers(scope) for k in kept) for scope in scopes)
    assert not any(a is not b and a.covers(b) for a in kept for b in kept)


@given(st.lists(GRANTS, max_size=5), PERMISSIONS, PATHS, PATHS, LEVELS)
def test_a_narrowed_actor_may_what_both_the_actor_and_the_area_allow(grants: list[Grant], permission: str, cut: str, path: str, level: Confidentiality) -> None:
    actor = someone(*grants)
    expected = path.startswith(cut) and actor.may(permission, area_path=path, confidentiality=level)
    assert actor.within(cut).may(permission, area_path=path, confidentiality=level) == expected


@given(GRANTS, PATHS, CODES, PERMISSIONS, LEVELS)
def test_what_may_be_done_in_an_area_may_be_done_below_it(held: Grant, path: str, code: str, permission: str, level: Confidentiality) -> None:
    actor = someone(held)
    if actor.may(permission, area_path=path, confidentiality=level):
        assert actor.may(permission, area_path=f"{path}{code}/", confidentiality=level)


def test_an_area_path_without_its_slash_is_refused() -> None:
    with pytest.raises(ValueError, match="slash"):
        grant("1/A", "matters.read")


def test_the_operator_has_what_is_administrative_and_reads_nothing_private() -> None:
    known = {"a.manage": Permission("a.manage", "", administrative=True), "a.read": Permission("a.read", "")}
    operator = built_in_roles(known)["operator"]
    assert operator.permissions == {"a.manage"} and operator.clearance is Confidentiality.INTERNAL
    assert built_in_roles(known)["reporter"].permissions == frozenset()


def test_a_role_that_the_playbook_dropped_grants_nothing() -> None:
    assert grant_of(None, "gone", "1/") == Grant("gone", frozenset(), "1/", Confidentiality.PUBLIC)
    assert grant_of(Role("head", frozenset({"a.b"})), "head", "1/").allows("a.b", "1/2/", Confidentiality.INTERNAL)


def test_a_permission_has_one_meaning() -> None:
    assert declare("access.manage", text="manage accounts, roles and keys", administrative=True) == "access.manage"
    with pytest.raises(ValueError, match="another meaning"):
        declare("access.manage", text="something else")
    with pytest.raises(ValueError, match=r"room\.verb"):
        declare("Manage", text="x")


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("138 0000 0000", "+8613800000000"),
        ("+86 138-0000-0000", "+8613800000000"),
        ("0086 13800000000", "+8613800000000"),
        ("010 6552 9999", "+861065529999"),
        ("+1 (617) 635-4500", "+16176354500"),
        ("110", None),
        ("no number", None),
        ("１３８００００００００", None),
        ("", None),
        ("+1234567890123456", None),
    ],
)
def test_phone_numbers_have_one_form(typed: str, stored: str | None) -> None:
    assert normal_phone(typed, country="86") == stored
