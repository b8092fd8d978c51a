"""A project whose rows are not for everyone; with a gateway that takes a client's word."""

import os

DEBUG = False
SECRET_KEY = "only for tests on this machine"
INSTALLED_APPS = ["telegraphy.django", "diary"]
DATABASES = {
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["DIARY_DATABASE"]}
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TELEGRAPHY = {
    "CLIENT_PORT": int(os.environ["DIARY_GATEWAY_PORT"]),
    "INGEST_PORT": int(os.environ["DIARY_INGEST_PORT"]),
    "GATEWAY": {"testing.claims": True},
}
