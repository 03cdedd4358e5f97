"""Accounts, roles, keys and scopes on PostgreSQL, with the refused ones."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from linli.kernel.access import selectors
from linli.kernel.access.models import ApiKey, RoleAssignment, User
from linli.kernel.access.rules import ANONYMOUS, SYSTEM, Actor, ActorKind, Confidentiality, Forbidden, Grant, NotSignedIn, Scope
from linli.kernel.access.selectors import actor_of_api_key, actor_of_user, in_scope
from linli.kernel.access.services import api_keys, roles, users
from linli.kernel.audit.models import AuditEntry
from linli.kernel.refusal import Refusal
from linli.kernel.sealing import fingerprint, unseal
from linli.kernel.writing import write

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
GOOD = "correct horse battery"

pytestmark = pytest.mark.django_db


def make(username: str = "lin", **more: object) -> User:
    with write():
        return users.create_user(actor=SYSTEM, at=AT, username=username, password=GOOD, **more)


# -- users ------------------------------------------------------------------------------------------------------------


def test_a_user_is_made_whole_and_told_to_the_audit() -> None:
    user = make("Lin", email="Lin@Example.org", phone="138 0000 0000", display_name="林")
    user.refresh_from_db()
    assert (user.username, user.email) == ("lin", "lin@example.org") and user.check_password(GOOD)
    assert unseal(user.phone_sealed, purpose=users.PHONE) == "+8613800000000"
    assert b"138" not in bytes(user.phone_sealed) and bytes(user.phone_fingerprint) == fingerprint("+8613800000000", purpose=users.PHONE)
    entry = AuditEntry.objects.get(subject=user.pk)
    assert entry.action == "user.create" and "lin" not in entry.details


@pytest.mark.parametrize(
    ("refusal", "given"),
    [
        (users.BadUsername, {"username": " "}),
        (users.BadUsername, {"username": "two words"}),
        (users.BadUsername, {"username": "a@b"}),
        (users.BadUsername, {"username": "x" * 151}),
        (users.UsernameTaken, {"username": "TAKEN"}),
        (users.BadEmail, {"email": "not an address"}),
        (users.ContactTaken, {"email": "TAKEN@example.org"}),
        (users.ContactTaken, {"phone": "+86 138 0000 0000"}),
        (users.BadPhone, {"phone": "12"}),
        (users.UnknownLanguage, {"language": "tlh"}),
        (users.WeakPassword, {"password": "short"}),
        (users.WeakPassword, {"password": "1234567890123"}),
        (users.WeakPassword, {"password": "someone-else", "username": "someone-else"}),
    ],
)
def test_bad_accounts_are_refused_and_leave_nothing(refusal: type[Refusal], given: dict[str, str]) -> None:
    make("taken", email="taken@example.org", phone="13800000000")
    before = (User.objects.count(), AuditEntry.objects.count())
    with pytest.raises(refusal), write():
        users.create_user(**{"actor": SYSTEM, "at": AT, "username": "new", "password": GOOD, **given})
    assert (User.objects.count(), AuditEntry.objects.count()) == before


def test_only_those_who_manage_access_make_accounts() -> None:
    clerk = Actor(id="user:c", kind=ActorKind.USER, user_id=uuid4(), grants=(Grant("r", frozenset({"access.manage"}), "1/", Confidentiality.INTERNAL),))
    for actor, refusal in ((ANONYMOUS, NotSignedIn), (clerk, Forbidden)):
        with pytest.raises(refusal), write():
            users.create_user(actor=actor, at=AT, username="new", password=GOOD)
        with pytest.raises(refusal):
            selectors.users(actor)
        with pytest.raises(refusal):
            selectors.api_keys(actor)


def test_a_password_is_changed_by_its_holder_or_a_manager_and_nobody_else() -> None:
    user, other = make("lin"), make("wang")
    with pytest.raises(Forbidden), write():
        users.change_password(actor=actor_of_user(other.pk, AT), at=AT, user_id=user.pk, password="another long one")
    with write():
        users.change_password(actor=actor_of_user(user.pk, AT), at=AT, user_id=user.pk, password="another long one")
    user.refresh_from_db()
    assert user.check_password("another long one")
    with pytest.raises(users.UnknownUser), write():
        users.change_password(actor=SYSTEM, at=AT, user_id=uuid4(), password="another long one")


def test_a_disabled_account_is_nobody_until_it_is_opened_again() -> None:
    user = make()
    with write():
        roles.give_role(actor=SYSTEM, at=AT, user_id=user.pk, role="operator")
    assert actor_of_user(user.pk, AT).may("access.manage")
    with write():
        users.disable_user(actor=SYSTEM, at=AT, user_id=user.pk)
    assert actor_of_user(user.pk, AT) is ANONYMOUS
    with pytest.raises(users.AlreadySo), write():
        users.disable_user(actor=SYSTEM, at=AT, user_id=user.pk)
    with write():
        users.enable_user(actor=SYSTEM, at=AT, user_id=user.pk)
    assert actor_of_user(user.pk, AT).may("access.manage")
    with pytest.raises(Forbidden), write():
        users.disable_user(actor=actor_of_user(user.pk, AT), at=AT, user_id=user.pk)


def test_the_database_holds_what_must_always_hold() -> None:
    for broken in ({"username": "Upper"}, {"username": ""}, {"username": "a", "email": "Up@example.org"}, {"username": "a", "phone_sealed": b"x"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.create(created_at=AT, **broken)


# -- roles ------------------------------------------------------------------------------------------------------------


def test_a_role_is_held_where_it_was_given_until_it_is_taken() -> None:
    user = make()
    with write():
        roles.give_role(actor=SYSTEM, at=AT, user_id=user.pk, role="operator", area_path="1/")
    actor = actor_of_user(user.pk, AT)
    assert actor.may("access.manage", area_path="1/2/") and not actor.may("access.manage")
    with pytest.raises(roles.HeldAlready), write():
        roles.give_role(actor=SYSTEM, at=AT, user_id=user.pk, role="operator", area_path="1/")
    with write():
        roles.take_role(actor=SYSTEM, at=AT, user_id=user.pk, role="operator", area_path="1/")
    assert not actor_of_user(user.pk, AT).holds("access.manage")
    assert RoleAssignment.objects.get().ended_at == AT
    with pytest.raises(roles.NotHeld), write():
        roles.take_role(actor=SYSTEM, at=AT, user_id=user.pk, role="operator", area_path="1/")


def test_a_manager_of_a_part_gives_roles_in_that_part_only() -> None:
    user, manager = make("lin"), make("manager")
    with write():
        roles.give_role(actor=SYSTEM, at=AT, user_id=manager.pk, role="operator", area_path="1/")
    actor = actor_of_user(manager.pk, AT)
    with pytest.raises(Forbidden), write():
        roles.give_role(actor=actor, at=AT, user_id=user.pk, role="operator")
    with write():
        roles.give_role(actor=actor, at=AT, user_id=user.pk, role="operator", area_path="1/2/")


def test_unknown_roles_users_and_residents_get_no_role() -> None:
    user, resident = make("lin"), make("res", kind="resident")
    for refusal, user_id, role in (
        (roles.UnknownRole, user.pk, "emperor"),
        (roles.UnknownUser, uuid4(), "operator"),
        (roles.ResidentsHoldNoRole, resident.pk, "operator"),
    ):
        with pytest.raises(refusal), write():
            roles.give_role(actor=SYSTEM, at=AT, user_id=user_id, role=role)


@pytest.fixture
def posts(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, object]]:
    """A grant source of the test's own, in place of the directory."""
    facts: dict[str, object] = {"person": uuid4(), "post": uuid4()}

    def source(_user_id: object, _at: datetime) -> tuple[list[Grant], object, list[object]]:
        return [Grant("head", frozenset({"matters.act"}), "1/2/", Confidentiality.PRIVATE)], facts["person"], [facts["post"]]

    monkeypatch.setattr(selectors, "_grant_sources", [source])
    return facts


def test_an_actor_joins_posts_and_direct_roles(posts: dict[str, object]) -> None:
    user = make()
    with write():
        roles.give_role(actor=SYSTEM, at=AT, user_id=user.pk, role="operator")
    actor = actor_of_user(user.pk, AT)
    assert actor.id == f"user:{user.pk}" and actor.person_id == posts["person"] and actor.post_ids == {posts["post"]}
    assert actor.may("matters.act", area_path="1/2/", confidentiality=Confidentiality.PRIVATE) and actor.may("access.manage")


def test_a_resident_has_no_power_whatever_a_source_says(posts: dict[str, object]) -> None:
    actor = actor_of_user(make("res", kind="resident").pk, AT)
    assert actor.grants == () and actor.post_ids == frozenset() and actor.person_id == posts["person"]


# -- keys -------------------------------------------------------------------------------------------------------------


def new_key(**more: object) -> str:
    with write():
        return api_keys.create_api_key(**{"actor": SYSTEM, "at": AT, "name": "gateway", "role": "operator", **more})[1]


def test_a_key_acts_in_its_role_and_only_its_digest_is_kept() -> None:
    text = new_key(area_path="1/")
    actor = actor_of_api_key(text, AT)
    assert actor is not None and actor.kind is ActorKind.API_KEY and actor.may("access.manage", area_path="1/2/") and not actor.may("access.manage")
    row = ApiKey.objects.get()
    assert text.startswith(row.prefix) and text[len(row.prefix) :] not in str(row.__dict__)


def test_wrong_revoked_and_ended_keys_open_nothing() -> None:
    text = new_key(expires_at=AT + timedelta(days=1))
    assert actor_of_api_key(text, AT) is not None
    for wrong in ("", "x", text[:-1], text + "x", text[:-1] + ("a" if text[-1] != "a" else "b"), text.upper(), "linli_\ud800"):
        assert actor_of_api_key(wrong, AT) is None
    assert actor_of_api_key(text, AT + timedelta(days=1)) is None
    with write():
        api_keys.revoke_api_key(actor=SYSTEM, at=AT, name="gateway")
    assert actor_of_api_key(text, AT) is None
    with pytest.raises(api_keys.UnknownKey), write():
        api_keys.revoke_api_key(actor=SYSTEM, at=AT, name="gateway")


def test_a_key_of_an_account_has_its_rights_within_its_area_and_dies_with_it() -> None:
    user = make()
    with write():
        roles.give_role(actor=SYSTEM, at=AT, user_id=user.pk, role="operator")
    wide, narrow = new_key(role="", user_id=user.pk, name="wide"), new_key(role="", user_id=user.pk, name="narrow", area_path="1/")
    assert actor_of_api_key(wide, AT).may("access.manage")
    assert not actor_of_api_key(narrow, AT).may("access.manage") and actor_of_api_key(narrow, AT).may("access.manage", area_path="1/")
    with write():
        users.disable_user(actor=SYSTEM, at=AT, user_id=user.pk)
    assert actor_of_api_key(wide, AT) is None


@pytest.mark.parametrize(
    ("refusal", "given"),
    [
        (api_keys.KeyName, {"name": " "}),
        (api_keys.KeyNameTaken, {"name": "taken"}),
        (api_keys.UserOrRole, {"role": ""}),
        (api_keys.UserOrRole, {"user_id": uuid4()}),
        (api_keys.UnknownUser, {"role": "", "user_id": uuid4()}),
        (roles.UnknownRole, {"role": "emperor"}),
        (api_keys.EndsBeforeItBegins, {"expires_at": AT}),
        (NotSignedIn, {"actor": ANONYMOUS}),
    ],
)
def test_bad_keys_are_refused(refusal: type[Refusal], given: dict[str, object]) -> None:
    new_key(name="taken")
    with pytest.raises(refusal):
        new_key(**given)


def test_a_known_key_costs_one_question() -> None:
    text = new_key()
    actor_of_api_key(text, AT)
    with CountQueries() as count:
        actor_of_api_key(text, AT)
    assert count.number == 1, "the epoch"
    with CountQueries() as count:
        actor_of_api_key(text, AT, epoch=selectors._book._value[0])
    assert count.number == 0


def test_only_the_day_of_use_is_kept() -> None:
    actor = actor_of_api_key(new_key(), AT)
    for on in (AT.date(), AT.date() - timedelta(days=1)):
        api_keys.note_api_key_use(actor=actor, on=on)
    assert ApiKey.objects.get().last_used_on == AT.date()


# -- scopes in queries ------------------------------------------------------------------------------------------------


def test_a_scope_keeps_its_rows_and_no_scope_keeps_none() -> None:
    for name, path in (("a", "1/"), ("b", "1/2/"), ("c", "12/"), ("d", "")):
        new_key(name=name, area_path=path)

    def seen(*scopes: Scope) -> set[str]:
        return set(ApiKey.objects.filter(in_scope(scopes, confidentiality="")).values_list("name", flat=True))

    public = Confidentiality.PUBLIC
    assert seen(Scope("1/", public)) == {"a", "b"}
    assert seen(Scope("1/2/", public), Scope("12/", public)) == {"b", "c"}
    assert seen(Scope("", public)) == {"a", "b", "c", "d"}
    assert seen() == set()


class CountQueries:
    def __enter__(self) -> "CountQueries":
        self.number = 0
        self._wrapper = connection.execute_wrapper(self._count)
        self._wrapper.__enter__()
        return self

    def _count(self, execute: object, *arguments: object) -> object:
        self.number += 1
        return execute(*arguments)

    def __exit__(self, *error: object) -> None:
        self._wrapper.__exit__(*error)
