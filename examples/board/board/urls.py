from django.contrib.auth.views import LogoutView
from django.urls import path

from . import views

urlpatterns = [
    path("", views.board, name="board"),
    path("orders.json", views.orders_json, name="orders-json"),
    path("orders/advance", views.advance, name="advance"),
    path("notes.json", views.notes_json, name="notes-json"),
    path("notes", views.write_note, name="write-note"),
    path("login", views.log_in, name="log-in"),
    path("logout", LogoutView.as_view(), name="log-out"),
    path("burst", views.burst, name="burst"),
]
