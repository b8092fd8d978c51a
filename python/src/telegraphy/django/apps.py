from __future__ import annotations

from django.apps import AppConfig
from django.core.signals import setting_changed
from django.db import Error as DatabaseLayerError
from django.utils.module_loading import autodiscover_modules

from .. import _access, _outlet, _registry, _signing, _values, testing
from .._publisher import hints
from . import _courier, _identity_signals, _naming, _signals, _tickets
from .conf import conf, forget_settings


class TelegraphyConfig(AppConfig):
    """Finds each app's `events.py` and follows its models; no query, no socket."""

    name = "telegraphy.django"
    label = "telegraphy"
    verbose_name = "Telegraphy"

    def ready(self) -> None:
        from . import checks

        checks.register_checks()
        _outlet.courier = _courier.CommitCourier()
        _outlet.make_backend = _courier.make_backend
        _access.let_through = (DatabaseLayerError,)
        _signing.find_key = lambda: conf.signing_key
        hints.start = "Start it with `manage.py telegraphy`."
        hints.key = (
            "is it another project's, or was it started with another key? See "
            "TELEGRAPHY['INGEST_PORT'] and ['INGEST_KEY']"
        )
        testing.settle = _courier.settle_tests
        _values.make_aware = _courier.make_aware
        if _naming.app_label_of not in _registry.label_resolvers:
            _registry.label_resolvers.append(_naming.app_label_of)
        setting_changed.connect(forget_settings, dispatch_uid="telegraphy.settings")
        setting_changed.connect(
            _tickets.forget_failures, dispatch_uid="telegraphy.tickets"
        )
        autodiscover_modules("events")
        _signals.connect_all()
        _identity_signals.connect_all()
