from django.contrib.auth.views import PasswordChangeView
from django.http import HttpRequest, JsonResponse

from . import counting


class ChangePassword(PasswordChangeView):
    template_name = "club/form.html"
    success_url = "/"


def counts(request: HttpRequest) -> JsonResponse:
    return JsonResponse(dict(counting.counts))
