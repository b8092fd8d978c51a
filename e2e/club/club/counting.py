"""How often which address was asked, for tests."""

from collections import Counter

counts: Counter[str] = Counter()


class CountingMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        counts[f"{request.method} {request.path}"] += 1
        return self.get_response(request)
