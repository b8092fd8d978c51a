"""Orders by the dozen, to have something to look at."""

import logging
import random
import threading
import time
from decimal import Decimal

from django.db import connection

from .events import BurstStarted
from .models import PRICES, Order, Product, Status

ORDERS = 50
SECONDS = 6.0

# fmt: off
CUSTOMERS = [
    "Ada", "Alan", "Barbara", "Carl", "Chiara", "David", "Edith", "Fatima", "Grace", "Hana",
    "Ibrahim", "Ines", "Jonas", "Karim", "Katherine", "Leo", "Margaret", "Mateo", "Mei", "Mila",
    "Nadia", "Olga", "Omar", "Priya", "Rosa", "Sofia", "Tim", "Yuki",
]
# fmt: on

log = logging.getLogger(__name__)
running = threading.Lock()


def new_order(**values: object) -> Order:
    product = random.choice(list(Product))
    quantity = random.choices([1, 2, 3, 6], weights=[6, 3, 2, 1])[0]
    total = Decimal(PRICES[product] * quantity)
    customer = random.choice(CUSTOMERS)
    return Order(customer=customer, product=product, quantity=quantity, total=total, **values)


def start(orders: int = ORDERS, seconds: float = SECONDS) -> bool:
    """Begin a burst in the background. False while another one runs."""
    if not running.acquire(blocking=False):
        return False
    thread = threading.Thread(target=run, args=(orders, seconds), name="burst", daemon=True)
    thread.start()
    return True


def run(orders: int, seconds: float) -> None:
    try:
        BurstStarted(orders=orders, seconds=seconds).publish()
        open_orders: list[Order] = []
        for _ in range(orders):
            order = new_order()
            order.save()
            open_orders.append(order)
            move_one(open_orders)
            time.sleep(seconds / orders)
        while open_orders:
            move_one(open_orders)
            time.sleep(seconds / orders / 2)
    except Exception:
        log.exception("burst: ended early")
    finally:
        connection.close()
        running.release()


def move_one(open_orders: list[Order]) -> None:
    """Advance some order of this burst, or cancel it, or leave all as they are."""
    order = random.choice(open_orders)
    fate = random.random()
    if fate < 0.55:
        order.advance()
    elif fate < 0.60:
        order.status = Status.CANCELLED
        order.save(update_fields=["status"])
    if order.status in (Status.SENT, Status.CANCELLED):
        open_orders.remove(order)
    elif fate > 0.92 and len(open_orders) > 4:
        open_orders.remove(order)  # somebody forgot it: it stays as it is
