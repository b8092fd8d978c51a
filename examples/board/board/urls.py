from django.urls import path

from . import views

urlpatterns = [
    path("", views.board, name="board"),
    path("orders.json", views.orders_json, name="orders-json"),
    path("orders/advance", views.advance, name="advance"),
    path("burst", views.burst, name="burst"),
]
