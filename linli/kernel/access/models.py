"""Who may come in, and with what: users, direct roles, keys of programs, codes, limits."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower

from linli.kernel.ids import new_id


class UserManager(BaseUserManager["User"]):
    """Finds users by their sign-in name; making one is a service (``services.users``)."""

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(username=(username or "").lower())


class User(AbstractBaseUser):
    """One account. Holds what signing in needs and nothing else about the person.

    Purpose and retention: name, language and contact serve signing in and being told; they are removed with the account.
    The phone number is never in clear: a fingerprint to find it, a seal to send to it.
    """

    class Kind(models.TextChoices):
        STAFF = "staff"
        RESIDENT = "resident"

    last_login = None  # least data: nobody needs to know when somebody last came in

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.TextField(choices=Kind.choices, default=Kind.STAFF)
    username = models.CharField(max_length=150, unique=True, help_text="lower case")
    email = models.EmailField(blank=True, default="", help_text="lower case; empty: none")
    phone_sealed = models.BinaryField(null=True)
    phone_fingerprint = models.BinaryField(null=True, unique=True)
    display_name = models.CharField(max_length=150, blank=True, default="")
    language = models.CharField(max_length=12, blank=True, default="", help_text="empty: the installation's own")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["email"], condition=~models.Q(email=""), name="user_email_once"),
            models.CheckConstraint(condition=models.Q(username=Lower("username")) & ~models.Q(username=""), name="user_username_lower"),
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="user_email_lower"),
            models.CheckConstraint(
                condition=models.Q(phone_sealed=None, phone_fingerprint=None) | models.Q(phone_sealed__isnull=False, phone_fingerprint__isnull=False),
                name="user_phone_whole",
            ),
            models.CheckConstraint(condition=models.Q(kind__in=["staff", "resident"]), name="user_kind_known"),
        ]

    def __str__(self) -> str:
        return self.display_name or self.username


class RoleAssignment(models.Model):
    """A role given to an account directly, without a post: operators, auditors, the people of an empty installation."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="roles")
    role = models.TextField()
    area_path = models.TextField(blank=True, default="", help_text="prefix of the area's path; empty: everywhere")
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "role", "area_path"], condition=models.Q(ended_at=None), name="role_assigned_once"),
            models.CheckConstraint(condition=models.Q(area_path="") | models.Q(area_path__endswith="/"), name="role_area_whole"),
        ]


class ApiKey(models.Model):
    """A program's key. Only its digest is kept; the key itself is shown once, when it is made."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.TextField()
    prefix = models.TextField(unique=True, help_text="the open part of the key, by which people tell keys apart")
    digest = models.BinaryField(unique=True, help_text="sha256 of the key")
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="api_keys", help_text="acts with this account's rights")
    role = models.TextField(blank=True, default="", help_text="or acts in this role of its own")
    area_path = models.TextField(blank=True, default="")
    created_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_on = models.DateField(null=True, help_text="the day only")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name"], condition=models.Q(revoked_at=None), name="api_key_name_once"),
            models.CheckConstraint(condition=models.Q(user=None) ^ models.Q(role=""), name="api_key_user_or_role"),
            models.CheckConstraint(condition=models.Q(area_path="") | models.Q(area_path__endswith="/"), name="api_key_area_whole"),
        ]


class LoginCode(models.Model):
    """A short-lived code sent to a resident's phone or e-mail. The code and the contact are not in clear."""

    class Channel(models.TextChoices):
        PHONE = "phone"
        EMAIL = "email"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    channel = models.TextField(choices=Channel.choices)
    contact_fingerprint = models.BinaryField()
    contact_sealed = models.BinaryField()
    code_fingerprint = models.BinaryField()
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    attempts_left = models.SmallIntegerField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(attempts_left__gte=0), name="login_code_attempts"),
            models.CheckConstraint(condition=models.Q(channel__in=["phone", "email"]), name="login_code_channel"),
        ]
        indexes = [models.Index(fields=["expires_at"], name="login_code_expiry")]


class RateLimit(models.Model):
    """How far a key has used up its allowance of a bucket, as one instant (the generic cell rate algorithm).

    The table is unlogged: it is written on hot paths, and losing it in a crash only forgives.
    """

    bucket = models.TextField()
    key = models.BinaryField(help_text="a fingerprint, never the thing itself")
    full_until = models.DateTimeField(help_text="the allowance is whole again at this instant")

    pk = models.CompositePrimaryKey("bucket", "key")

    class Meta:
        indexes = [models.Index(fields=["full_until"], name="rate_limit_age")]


class VisitorSalt(models.Model):
    """The day's random salt of visitors' keys. Deleted afterwards: then nobody can tell whose keys they were."""

    day = models.DateField(primary_key=True)
    salt = models.BinaryField()


class CacheEntry(models.Model):
    """Table of Django's database cache, which the sign-in library shares among processes (limits, used one-time codes)."""

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)
