"""Three addresses that matter: the board, the admin, and where pages get tickets."""

from django.contrib import admin
from django.urls import include, path

admin.site.site_header = admin.site.site_title = "Order board"

urlpatterns = [
    path("admin/", admin.site.urls),
    path("telegraphy/", include("telegraphy.django.urls")),
    path("", include("board.urls")),
]
