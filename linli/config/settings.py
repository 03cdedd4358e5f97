"""Settings, all from the environment; the command line sets ``LINLI_DATA`` before Django starts.

Variables: LINLI_DATA, DATABASE_URL, DATABASE_OWNER_URL (migrations), LINLI_DB_ROLE (app|owner), LINLI_HOSTS,
LINLI_DEBUG, LINLI_EMAIL_URL, LINLI_PUBLIC_URL and those that the rooms document.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.utils.translation import gettext_lazy as _

from linli.config.embedded import APP, OWNER, Cluster

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
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text().strip()


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
        "OPTIONS": {"server_side_binding": True, "prepare_threshold": 0, **query},
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
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

SECRET_KEY = _secret("django.key")
DEBUG = os.environ.get("LINLI_DEBUG", "") == "1"
ALLOWED_HOSTS = os.environ.get("LINLI_HOSTS", "*").split(",")
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
    "django.contrib.postgres",
    "django_htmx",
    "linli.kernel.clock",
    "linli.kernel.epoch",
    "linli.kernel.audit",
    "linli.kernel.events",
    "linli.kernel.playbooks",
    "linli.kernel.access",
    "linli.kernel.files",
    "linli.kernel.notices",
    "linli.directory.people",
    "linli.directory.territory",
    "linli.directory.organisation",
    "linli.engines.matters",
    "linli.insight",
    "linli.config",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
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
            ],
        },
    },
]

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Chinese")), ("en", _("English"))]
LOCALE_PATHS = [PACKAGE / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "static/"
STATICFILES_DIRS = [PACKAGE / "interfaces" / "static"]
STATIC_ROOT = REPOSITORY / "build" / "static"
MEDIA_ROOT = DATA / "files"

PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
