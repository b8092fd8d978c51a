import pytest
from project.shop.models import Order
from telegraphy import registry
from telegraphy.testing import capture_events


@pytest.mark.django_db
def test_smoke():
    with capture_events() as events:
        order = Order.objects.create(number="1", total="9.5")
        order.status = "paid"
        order.save()
        order.delete()
    for e in events: print(e)
    import json
    print(json.dumps(registry.catalogue("x"), indent=1)[:3000])
    assert len(events) == 3

def test_checks():
    from django.core.management import call_command
    call_command("check")
