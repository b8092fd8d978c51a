from django.contrib.auth import views as auth_views
from django.urls import include, path
from django.views.decorators.cache import cache_page
from django.views.generic import TemplateView

from . import views

page = TemplateView.as_view(template_name="club/page.html")

urlpatterns = [
    path("", page),
    path("cached/", cache_page(600)(page)),
    path("login/", auth_views.LoginView.as_view(template_name="club/form.html"), name="login"),
    path("leave/", TemplateView.as_view(template_name="club/leave.html")),
    path("logout/", auth_views.LogoutView.as_view(), name="logout"),
    path("password/", views.ChangePassword.as_view()),
    path("counts.json", views.counts),
    path("telegraphy/", include("telegraphy.django.urls")),
]
