"""Two addresses that matter: the board and the admin."""

from django.contrib import admin
from django.urls import include, path

admin.site.site_header = admin.site.site_title = "Order board"

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("board.urls")),
]
