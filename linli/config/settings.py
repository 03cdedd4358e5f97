"""Settings, all from the environment; the command line sets ``LINLI_DATA`` before Django starts.

Variables: LINLI_DATA, DATABASE_URL, DATABASE_OWNER_URL (migrations), DATABASE_DIRECT_URL
(LISTEN connections, when DATABASE_URL is a pooler's address), LINLI_DB_ROLE (app|owner), LINLI_HOSTS,
LINLI_DEBUG, LINLI_EMAIL_URL, LINLI_PUBLIC_URL, LINLI_OIDC (sign-in by organisations: see docs/adr/0008-access.md) and those that the rooms document.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.utils.translation import gettext_lazy as _

from linli.config.assets import keeps_for_ever, static_digest
from linli.kernel.durable import settle
from linli.kernel.embedded import APP, OWNER, Cluster

DATA = Path(os.environ.get("LINLI_DATA", "data")).absolute()
PACKAGE = Path(__file__).resolve().parent.parent
REPOSITORY = PACKAGE.parent


def _secret(name: str) -> str:
    """A secret of this installation: from the data folder, made when first asked for."""
    path = DATA / "secrets" / name
    if not path.exists():
        if not DATA.exists():
            return secrets.token_urlsafe(48)  # a command that needs no data folder (--help, checks)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        _write_once(path, secrets.token_urlsafe(48))
    return path.read_text().strip()


def _write_once(path: Path, text: str) -> None:
    """Write a secret whole or not at all, and on the disk; when two processes try at once, the first one's stays."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".new-") as handle:  # made with mode 0600
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(handle.name, path)
    settle(path.parent)


def _sealing_keys() -> list[tuple[str, str]]:
    """Master keys of sealed values, newest first: (id, secret), one a line in ``secrets/sealing.keys``.

    To rotate, put a new line ``id secret`` first; older lines stay until nothing is sealed under them any more.
    """
    path = DATA / "secrets" / "sealing.keys"
    if not path.exists():
        line = f"k1 {secrets.token_urlsafe(48)}"
        if not DATA.exists():
            return [("k1", line.split()[1])]
        path.parent.mkdir(mode=0o700, exist_ok=True)
        _write_once(path, line + "\n")
    return [(key_id, secret) for key_id, secret in (line.split() for line in path.read_text().splitlines() if line.strip())]


def _database(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", parts.hostname or ""),
        "PORT": query.pop("port", str(parts.port or "")),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        # Prepared at once, for speed; but a migration's statements may hold several commands, which cannot be prepared.
        "OPTIONS": {"server_side_binding": True, "prepare_threshold": 0 if DATABASE_ROLE == "app" else None, **query},
        "TEST": {"NAME": unquote(parts.path.lstrip("/"))},
    }


DATABASE_ROLE = os.environ.get("LINLI_DB_ROLE", "app")
EMBEDDED = "DATABASE_URL" not in os.environ
if EMBEDDED:
    _cluster = Cluster(DATA)
    _role = OWNER if DATABASE_ROLE == "owner" else APP
    _known = (DATA / "secrets" / f"{_role}.password").exists()
    DATABASE_URL = _cluster.url(_role) if _known else f"postgresql://{_role}@/linli?host={_cluster.socket}"
else:
    DATABASE_URL = os.environ["DATABASE_URL"]
    if DATABASE_ROLE == "owner":
        DATABASE_URL = os.environ.get("DATABASE_OWNER_URL", DATABASE_URL)
DATABASES = {"default": _database(DATABASE_URL)}
DATABASE_DIRECT_URL = os.environ.get("DATABASE_DIRECT_URL", "")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

SECRET_KEY = _secret("django.key")
SEALING_KEYS = _sealing_keys()  # linli.kernel.sealing
FINGERPRINT_KEY = _secret("fingerprint.key")  # never rotated: what was stored under it would not be found again
DEBUG = os.environ.get("LINLI_DEBUG", "") == "1"
ALLOWED_HOSTS = os.environ.get("LINLI_HOSTS", "*").split(",")
MQTT_URL = os.environ.get("LINLI_MQTT_URL", "")  # mqtt(s)://user:password@host:port; empty: devices speak HTTP only
MQTT_TOPIC = os.environ.get("LINLI_MQTT_TOPIC", "linli/alarms/+")  # the last part is the device's code
PUBLIC_URL = os.environ.get("LINLI_PUBLIC_URL", "")
ROOT_URLCONF = "linli.config.urls"
WSGI_APPLICATION = "linli.config.wsgi.application"
APPEND_SLASH = True

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django_htmx",
    "django_cotton",
    "linli.interfaces.accounts",  # before the library, whose templates it replaces
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.mfa",
    "procrastinate.contrib.django",
    "linli.kernel.clock",
    "linli.kernel.epoch",
    "linli.kernel.audit",
    "linli.kernel.events",
    "linli.kernel.playbooks",
    "linli.kernel.erasures",
    "linli.kernel.access",
    "linli.kernel.files",
    "linli.kernel.notices",
    "linli.directory.people",
    "linli.directory.territory",
    "linli.directory.organisation",
    "linli.directory.devices",
    "linli.directory.teams",
    "linli.engines.matters",
    "linli.engines.duties",
    "linli.engines.duties.shifts",
    "linli.engines.duties.meetings",
    "linli.engines.duties.patrols",
    "linli.engines.duties.inspections",
    "linli.engines.duties.campaigns",
    "linli.domains.care",
    "linli.insight",
    "linli.interfaces.console",
    "linli.interfaces.replay",
    "linli.config",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "linli.interfaces.security.SecurityHeadersMiddleware",
    "linli.interfaces.compressing.CompressingMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "linli.interfaces.zone.TimeZoneMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "linli.interfaces.access.ActorMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "linli.interfaces.refusals.RefusalMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE / "interfaces" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "linli.interfaces.shell.shell",
            ],
            "builtins": ["django.templatetags.i18n", "django.templatetags.static", "linli.interfaces.tags"],
        },
    },
]

COTTON_ISOLATE_BY_DEFAULT = True  # a component knows what it is given and what context processors say, never a page's own names

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Chinese")), ("en", _("English"))]
LOCALE_PATHS = [PACKAGE / "locale"]
FORMAT_MODULE_PATH = ["linli.interfaces.formats"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# The address of static files changes with them, so browsers keep them for ever; whitenoise serves them where they lie.
STATICFILES_DIRS = [PACKAGE / "interfaces" / "static"]
STATIC_URL = f"static/{static_digest(STATICFILES_DIRS[0])}/"
STATIC_ROOT = os.environ.get("LINLI_STATIC_ROOT") or None  # only where another server is to serve them: collectstatic
WHITENOISE_USE_FINDERS = True
WHITENOISE_IMMUTABLE_FILE_TEST = keeps_for_ever
MEDIA_ROOT = DATA / "files"

# Files: a folder, or any S3-compatible store (keys from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY).
_bucket = os.environ.get("LINLI_S3_BUCKET", "")
_files: dict[str, Any] = {"BACKEND": "linli.kernel.files.services.blobs.LocalBlobs", "OPTIONS": {"location": MEDIA_ROOT}}
if _bucket:
    _s3 = {"endpoint_url": os.environ.get("LINLI_S3_ENDPOINT") or None, "region_name": os.environ.get("LINLI_S3_REGION") or None}
    _files = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": {"bucket_name": _bucket, "default_acl": None, "file_overwrite": True, **_s3}}
STORAGES = {
    "default": _files,
    "files": _files,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# Notices. Nothing leaves the machine in the demo, nor by a channel that is not set up here: the outbox page shows it.
# LINLI_EMAIL_URL: smtp://user:password@host:587?tls=1, smtps://user:password@host:465, console:. LINLI_EMAIL_FROM.
# LINLI_SMS_URL (places {to} {text} {id}), LINLI_SMS_METHOD, LINLI_SMS_HEADERS and LINLI_SMS_BODY (JSON with the same places).
DEMO = os.environ.get("LINLI_DEMO", "") == "1"
EMAIL_TIMEOUT = 20
EMAIL_CONFIGURED = bool(os.environ.get("LINLI_EMAIL_URL"))
DEFAULT_FROM_EMAIL = os.environ.get("LINLI_EMAIL_FROM", "linli@localhost")
if EMAIL_CONFIGURED:
    _mail = urlsplit(os.environ["LINLI_EMAIL_URL"])
    _mail_options = {key: values[-1] for key, values in parse_qs(_mail.query).items()}
    EMAIL_BACKEND = f"django.core.mail.backends.{'console' if _mail.scheme == 'console' else 'smtp'}.EmailBackend"
    EMAIL_HOST, EMAIL_PORT = _mail.hostname or "localhost", _mail.port or (465 if _mail.scheme == "smtps" else 25)
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = unquote(_mail.username or ""), unquote(_mail.password or "")
    EMAIL_USE_SSL = _mail.scheme == "smtps"
    EMAIL_USE_TLS = not EMAIL_USE_SSL and _mail_options.get("tls") == "1"
SMS_GATEWAY = {
    "url": os.environ.get("LINLI_SMS_URL", ""),
    "method": os.environ.get("LINLI_SMS_METHOD", "POST"),
    "headers": os.environ.get("LINLI_SMS_HEADERS", "{}"),
    "body": os.environ.get("LINLI_SMS_BODY", ""),
}
# Web push needs no account anywhere: browsers bring the address of their maker's service, and only those named here are written to.
# LINLI_PUSH_SERVICES: hosts (with what is below them) or whole origins; "none" turns it off. LINLI_PUSH_CONTACT: whom a service may write to.
_push = os.environ.get("LINLI_PUSH_SERVICES", "fcm.googleapis.com,push.services.mozilla.com,notify.windows.com,push.apple.com")
PUSH_SERVICES = [] if _push == "none" else [service.strip().lower() for service in _push.split(",") if service.strip()]
PUSH_CONTACT = os.environ.get("LINLI_PUSH_CONTACT", "")  # mailto:… or https://…; empty: LINLI_PUBLIC_URL, else LINLI_EMAIL_FROM
PUSH_SECRET = _secret("push.key")  # of the key pair by which services know us: a new one ends every subscription

# What lies under the maps: see linli/interfaces/basemap.py.
BASEMAP = os.environ.get("LINLI_BASEMAP", "")
BASEMAP_ATTRIBUTION = os.environ.get("LINLI_BASEMAP_ATTRIBUTION", "")

# -- accounts and browser security (docs/adr/0008-access.md) ----------------------------------------------------------

AUTH_USER_MODEL = "access.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator", "OPTIONS": {"user_attributes": ("username", "email", "display_name")}},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# The sign-in library keeps its limits and used one-time codes in the cache: every process must see the same one.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "access_cacheentry"}}

_HTTPS = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_NAME = "linli_session"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _HTTPS
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "linli_csrf"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL.rstrip("/")] if PUBLIC_URL else []
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if _HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "linli.interfaces.refusals.form_expired"

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "linli.interfaces.accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_PRESERVE_USERNAME_CASING = False  # stored in lower case
ACCOUNT_EMAIL_VERIFICATION = "none"  # an operator types the address in; nobody signs up by it
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if _HTTPS else "http"
PHONE_COUNTRY = os.environ.get("LINLI_PHONE_COUNTRY", "86")  # calling code of phone numbers written without one
MFA_ALLOW_UNVERIFIED_EMAIL = True  # nobody signs up by an address of somebody else's
MFA_ADAPTER = "linli.interfaces.accounts.adapters.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not _HTTPS  # browsers allow passkeys on localhost only, without https
MFA_TOTP_ISSUER = "Linli"
SOCIALACCOUNT_ADAPTER = "linli.interfaces.accounts.adapters.OrganisationAdapter"
SOCIALACCOUNT_ONLY = False
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True  # the providers are the operator's own: a verified address is an identity
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
OIDC_ORGANISATIONS: list[dict[str, str]] = json.loads(os.environ.get("LINLI_OIDC", "[]"))  # [{"id", "name", "server_url", "client_id", "secret"}]
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": organisation["id"],
                "name": organisation["name"],
                "client_id": organisation["client_id"],
                "secret": organisation["secret"],
                "settings": {"server_url": organisation["server_url"]},
            }
            for organisation in OIDC_ORGANISATIONS
        ],
    }
}
