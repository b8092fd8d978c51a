"""A club: what hangs on the door is for everyone, the rest for members. With Django's own login."""

import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent

DEBUG = True
SECRET_KEY = "only for tests on this machine"
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "telegraphy.django",
    "club",
]
MIDDLEWARE = [
    "club.counting.CountingMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "telegraphy.django.middleware.TelegraphyMiddleware",
]
ROOT_URLCONF = "club.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ["CLUB_DATABASE"],
        "OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE"},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Quick, since here everybody logs in all the time.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
USE_TZ = True
CSRF_USE_SESSIONS = "CLUB_CSRF_IN_SESSION" in os.environ
STATIC_URL = "static/"
LOGIN_REDIRECT_URL = LOGOUT_REDIRECT_URL = "/"

SESSION_LIFE_MS = 3_600_000
TELEGRAPHY = {
    "CLIENT_PORT": int(os.environ["CLUB_GATEWAY_PORT"]),
    "INGEST_PORT": int(os.environ["CLUB_INGEST_PORT"]),
    "TICKETS": os.environ.get("CLUB_TICKETS"),
    "GATEWAY": {"sessions.life_ms": SESSION_LIFE_MS},
}
