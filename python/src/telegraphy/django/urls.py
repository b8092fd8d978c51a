"""The address at which pages get a ticket.

path("telegraphy/", include("telegraphy.django.urls"))
"""

from __future__ import annotations

from django.urls import path

from . import views

app_name = "telegraphy"
urlpatterns = [path("ticket/", views.ticket, name="ticket")]
