from django.urls import include, path

from . import views

urlpatterns = [
    path("page/", views.page),
    path("jinja/", views.page, {"template": "jinja"}),
    path("async/", views.asynchronous_page),
    path("streamed/", views.streamed_page),
    path("cached/", views.cached_page),
    path("cached-for-each/", views.page_cached_for_each),
    path("fragment/", views.page, {"template": "fragment"}),
    path("included/", views.page, {"template": "included"}),
    path("remembered/", views.remembered_page),
    path("kept/", views.kept_page, name="kept"),
    path("declared/", views.page, {"template": "declared"}),
    path("never-cached/", views.never_cached_page),
    path("later/", views.later_public_page),
    path("public/", views.public_page),
    path("login/<str:name>/", views.log_in),
    path("wrapped-login/<str:name>/", views.log_in_wrapped),
    path("logout/", views.log_out),
    path("password/", views.change_password),
    path("cycle/", views.cycle_key),
    path("telegraphy/", include("telegraphy.django.urls")),
]
