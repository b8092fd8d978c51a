"""The whole path: a row saved in Django, by whom- and wherever, moves a page in Chromium."""

import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from harness.board import Board
from harness.browser import Page
from harness.node import NodeError
from harness.processes import until
from harness.project import Console

LIVE = "() => document.querySelector('#connection').dataset.state === 'live'"

COLLECT = """async () => {
    window.came = [];
    window.subscription = telegraphy.subscribe('board.Order', (event) => came.push(event));
    await subscription.ready;
}"""


@pytest.fixture
def page(board: Board, open_page: Callable[..., Page]) -> Page:
    """The board, live, and collecting every event of an order."""
    page = open_page(board.url)
    page.wait_for(LIVE)
    page.evaluate(COLLECT)
    return page


@pytest.fixture(scope="module")
def the_console(running_board: Board) -> Console:
    return running_board.console()


@pytest.fixture
def console(board: Board, the_console: Console) -> Console:
    """Another process of the project."""
    return the_console


def came(page: Page, count: int, timeout_s: float = 20) -> list[dict[str, Any]]:
    """The events that came, of which there must be `count` and not one more."""
    try:
        page.wait_for("(count) => came.length >= count", count, timeout_s)
    except NodeError:
        pass  # The count below says it better.
    events = page.evaluate("() => came")
    assert len(events) == count, [(event["op"], event["data"]) for event in events]
    for before, after in pairwise(events):
        assert after["position"]["offset"] == before["position"]["offset"] + 1
        assert after["position"]["epoch"] == before["position"]["epoch"]
    assert len({event["id"] for event in events}) == count
    return events


def has_row(page: Page, text: str, timeout_s: float = 20) -> None:
    page.wait_for(
        """(text) => [...document.querySelectorAll('#orders tr:not(.leaving)')]
            .some((row) => row.innerText.includes(text))""",
        text,
        timeout_s,
    )


def has_no_row(page: Page, text: str) -> None:
    page.wait_for("(text) => !document.querySelector('#orders').innerText.includes(text)", text)


@pytest.fixture
def admin(board: Board, open_page: Callable[..., Page]) -> Page:
    """Another browser, logged in to the admin."""
    page = open_page(f"{board.url}admin/login/?next=/admin/board/order/add/")
    page.fill("#id_username", "demo")
    page.fill("#id_password", "demo")
    page.click("[type=submit]")
    page.wait_for("() => document.querySelector('#id_customer') !== null")
    return page


# ---- the admin


def test_an_order_saved_in_the_admin_is_seen_within_a_second(
    board: Board, page: Page, admin: Page
) -> None:
    """From *Save* to the row on the other page; the best of three, for a busy machine."""
    lasted_s = []
    for attempt in range(3):
        admin.goto(f"{board.url}admin/board/order/add/")
        admin.fill("#id_customer", f"Seen {attempt}")
        page.evaluate(
            """(text) => {
                window.seenAt = new Promise((resolve) => {
                    new MutationObserver(() => {
                        const rows = document.querySelector('#orders').innerText;
                        if (rows.includes(text)) resolve(Date.now());
                    }).observe(document.body, { childList: true, subtree: true });
                });
            }""",
            f"Seen {attempt}",
        )
        admin.evaluate(
            """() => document.querySelector('form#order_form').addEventListener(
                'submit', () => localStorage.setItem('savedAt', Date.now()))"""
        )
        admin.click("[name=_save]")
        seen_at = page.evaluate("() => seenAt")
        saved_at = int(admin.evaluate("() => localStorage.getItem('savedAt')"))
        lasted_s.append((seen_at - saved_at) / 1000)
        if lasted_s[-1] < 1:
            break
    assert min(lasted_s) < 1, lasted_s
    has_row(page, f"Seen {attempt}")


def test_create_update_and_delete_in_the_admin_each_arrive_once(
    board: Board, page: Page, admin: Page
) -> None:
    admin.fill("#id_customer", "Grace")
    admin.select("#id_product", "filters")
    admin.fill("#id_quantity", "3")
    admin.click("[name=_continue]")
    (added,) = came(page, 1)
    assert added["op"] == "add"
    data = added["data"]
    assert (data["customer"], data["product"], data["quantity"]) == ("Grace", "filters", 3)
    assert (data["status"], data["total"]) == ("new", "10.80")
    has_row(page, "Grace")

    admin.select("#id_status", "paid")
    admin.click("[name=_continue]")
    _, changed = came(page, 2)
    assert (changed["op"], changed["data"]["status"]) == ("change", "paid")
    assert changed["data"] == {**data, "status": "paid"}

    admin.goto(f"{board.url}admin/board/order/{data['id']}/delete/")
    admin.click("#content [type=submit]")
    _, _, removed = came(page, 3)
    assert (removed["op"], removed["data"]["id"]) == ("remove", data["id"])
    has_no_row(page, data["number"])


# ---- the ORM in another process


def test_create_update_and_delete_by_the_orm_each_arrive_once_and_in_order(
    page: Page, console: Console
) -> None:
    console.run(
        """
        order = Order.objects.create(customer="Ada", product="decaf", quantity=2)
        order.customer = "Ada L."
        order.save()
        order.advance()
        key = order.pk
        order.delete()
        result = key
        """
    )
    key = console.run("result = key")
    events = came(page, 4)
    assert [event["op"] for event in events] == ["add", "change", "change", "remove"]
    assert {event["data"]["id"] for event in events} == {key}
    assert [event["data"].get("customer") for event in events[:3]] == ["Ada", "Ada L.", "Ada L."]
    assert [event["data"].get("status") for event in events[:3]] == ["new", "new", "paid"]
    assert all(event["data"]["total"] == "20.40" for event in events[:3])


def test_values_arrive_as_they_are(page: Page, console: Console) -> None:
    stored = console.run(
        """
        name = "Zoë “漢字” 😀 </script> \\\\ \\n"
        order = Order.objects.create(customer=name, quantity=99, total="9007.10")
        order.refresh_from_db()
        result = {"id": order.pk, "number": order.number, "customer": order.customer,
                  "product": "espresso", "quantity": 99, "status": "new", "total": str(order.total),
                  "micros": order.created_at.timestamp()}
        """
    )
    (event,) = came(page, 1)
    seconds = stored.pop("micros")
    told = page.evaluate("() => Date.parse(came[0].data.created_at) / 1000")
    assert abs(told - seconds) < 0.002
    assert event["data"].pop("created_at").endswith(("Z", "+00:00"))
    assert event["data"] == stored


def test_a_rolled_back_transaction_sends_nothing(page: Page, console: Console) -> None:
    console.run(
        """
        from django.db import transaction

        class Never(Exception): ...

        try:
            with transaction.atomic():
                Order.objects.create(customer="never")
                Order.objects.filter(customer="never").first().delete()
                raise Never
        except Never:
            pass
        with transaction.atomic():
            Order.objects.create(customer="outer")
            try:
                with transaction.atomic():
                    Order.objects.create(customer="inner, never")
                    raise Never
            except Never:
                pass
        Order.objects.create(customer="last")
        """
    )
    events = came(page, 2)
    assert [event["data"]["customer"] for event in events] == ["outer", "last"]


def test_nothing_is_sent_before_the_commit(page: Page, console: Console) -> None:
    console.run(
        """
        from django.db import transaction
        open_transaction = transaction.atomic()
        open_transaction.__enter__()
        Order.objects.create(customer="held back")
        """
    )
    time.sleep(0.5)
    assert page.evaluate("() => came.length") == 0
    console.run("open_transaction.__exit__(None, None, None)")
    (event,) = came(page, 1)
    assert event["data"]["customer"] == "held back"


def test_workers_forked_from_a_process_that_had_published_publish_too(
    page: Page, console: Console
) -> None:
    """As Celery's prefork pool does: the parent's threads and sockets are not the children's."""
    console.run(
        """
        import multiprocessing
        from django.db import connections

        def work(number):
            order = Order.objects.create(customer=f"worker {number}")
            order.advance()
            order.advance()
            order.delete()
            return number

        Order.objects.create(customer="parent")
        connections.close_all()
        with multiprocessing.get_context("fork").Pool(3) as pool:
            pool.map(work, range(12), chunksize=1)
            pool.close()
            pool.join()
        Order.objects.create(customer="parent")
        """
    )
    events = came(page, 2 + 12 * 4, timeout_s=30)
    by_worker: dict[int, list[str]] = {}
    for event in events:
        if event["data"].get("customer") != "parent":
            by_worker.setdefault(event["data"]["id"], []).append(event["op"])
    assert list(by_worker.values()) == [["add", "change", "change", "remove"]] * 12


def test_a_worker_that_ends_at_once_has_published(page: Page, console: Console) -> None:
    """A forked worker and a management command: what they saved last must not stay behind."""
    console.run(
        """
        import multiprocessing
        from django.db import connections

        def save_one(number):
            Order.objects.create(customer=f"short life {number}")

        connections.close_all()
        for number in range(5):
            worker = multiprocessing.get_context("fork").Process(target=save_one, args=[number])
            worker.start()
            worker.join()
        import subprocess, sys
        code = "from board.models import Order; Order.objects.create(customer='short life 5')"
        subprocess.run([sys.executable, "manage.py", "shell", "-v0", "-c", code], check=True)
        """
    )
    events = came(page, 6)
    assert [event["data"]["customer"] for event in events] == [f"short life {n}" for n in range(6)]


def test_a_burst_of_500_orders_arrives_whole_and_in_order(page: Page, console: Console) -> None:
    console.run(
        """
        for n in range(500):
            Order.objects.create(customer=f"burst {n}")
        """
    )
    events = came(page, 500, timeout_s=40)
    assert [event["data"]["customer"] for event in events] == [f"burst {n}" for n in range(500)]
    has_row(page, "burst 499")
    assert page.evaluate("() => document.querySelectorAll('#orders tr').length") <= 26
    assert page.text("#kept") == "200"


# ---- the page's own forms


def test_an_order_placed_with_the_form_appears_in_another_page(
    board: Board, page: Page, open_page: Callable[..., Page]
) -> None:
    other = open_page(board.url)
    other.wait_for(LIVE)
    page.fill("#id_customer", "Form")
    page.select("#id_product", "cold-brew")
    page.fill("#id_quantity", "2")
    page.click("text=Place order")
    has_row(other, "Form")
    (event,) = came(page, 1)
    assert event["data"]["total"] == "9.60"
    # In place: the page has not been loaded anew, and is ready for the next one.
    page.wait_for("() => document.querySelector('#id_customer').value === ''")


def test_a_wrong_order_says_what_is_wrong(page: Page) -> None:
    page.evaluate("() => document.querySelector('#id_quantity').removeAttribute('max')")
    page.fill("#id_customer", "Greedy")
    page.fill("#id_quantity", "1000")
    page.click("text=Place order")
    page.wait_for("() => document.querySelector('[data-error=quantity]').innerText.includes('99')")
    came(page, 0)


def test_a_step_in_the_table_changes_the_row(page: Page, console: Console) -> None:
    number = console.run("result = Order.objects.create(customer='Stepper').number")
    has_row(page, number)
    page.click(f"#orders tr:has-text('{number}') button")
    page.wait_for(
        """(number) => [...document.querySelectorAll('#orders tr')]
            .some((row) => row.innerText.includes(number) && row.innerText.includes('Paid'))""",
        number,
    )


def test_the_burst_button_moves_table_chart_and_figures(page: Page) -> None:
    revenue = page.text("#revenue")
    page.evaluate("() => { window.countThen = window.sinceThen = 0; }")
    page.click("text=Create a burst")
    page.wait_for("() => document.querySelector('.toast')?.innerText.includes('50 orders')")
    page.wait_for("() => came.filter((event) => event.op === 'add').length === 50", timeout_s=30)
    page.wait_for("(before) => document.querySelector('#revenue').innerText !== before", revenue)
    page.wait_for(
        """() => [...document.querySelectorAll('#rate .bar')]
            .reduce((sum, bar) => sum + Number(bar.getAttribute('height')), 0) > 0"""
    )
    page.wait_for("() => /\\d+ orders/.test(document.querySelector('#rate-now').innerText)")
    page.wait_for("() => document.querySelector('#announce').innerText !== ''")
    # Until somebody has worked through them: the next test wants a quiet board.
    page.wait_for(
        """() => {
            if (countThen !== came.length) [countThen, sinceThen] = [came.length, Date.now()];
            return Date.now() - sinceThen > 1500;
        }""",
        timeout_s=60,
    )


def test_the_page_works_without_javascript(
    board: Board, open_page: Callable[..., Page], page: Page
) -> None:
    plain = open_page(board.url, javaScriptEnabled=False)
    plain.fill("#id_customer", "No script")
    plain.click("text=Place order")
    assert "No script" in plain.text("#orders")
    assert "Without JavaScript" in plain.text("main")
    (event,) = came(page, 1)
    assert event["data"]["customer"] == "No script"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 390, 820, 1280])
def test_the_page_fits(
    width: int, scheme: str, board: Board, open_page: Callable[..., Page]
) -> None:
    viewport = {"width": width, "height": 800}
    page = open_page(board.url, viewport=viewport, colorScheme=scheme)
    page.wait_for(LIVE)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    cut_off = """() => [...document.querySelectorAll('.card')]
        .filter((card) => card.scrollWidth > card.clientWidth)
        .map((card) => card.innerText.slice(0, 20))"""
    assert page.evaluate(cut_off) == []
    # Every control has a name, and text is told from its ground (WCAG: 4.5 to 1).
    assert page.evaluate(UNNAMED) == []
    assert page.evaluate(FAINT) == []


UNNAMED = """() => [...document.querySelectorAll('button, input:not([type=hidden]), select, a')]
    .filter((control) => !(control.innerText || control.labels?.length || control.ariaLabel))
    .map((control) => control.outerHTML)"""

FAINT = """() => {
    const light = ([r, g, b]) => [r, g, b]
        .map((part) => part / 255)
        .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
        .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
    const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const ground = (place) => {
        for (let at = place; at; at = at.parentElement) {
            const [r, g, b, alpha = 1] = numbers(getComputedStyle(at).backgroundColor);
            if (alpha === 1) return [r, g, b];
        }
        return [255, 255, 255];
    };
    const faint = [];
    for (const place of document.querySelectorAll('h1, h2, p, th, td, label, button, a, .status')) {
        if (!place.innerText?.trim() || place.closest('.unseen, .added, .changed')) continue;
        const [a, b] = [light(numbers(getComputedStyle(place).color)), light(ground(place))];
        const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (contrast < 4.5) faint.push(`${contrast.toFixed(2)} ${place.outerHTML.slice(0, 80)}`);
    }
    return faint;
}"""


# ---- the gateway goes away


def test_a_killed_gateway_comes_back_and_the_page_by_itself(
    board: Board, page: Page, console: Console
) -> None:
    page.evaluate("() => { window.sameDocument = true; }")
    board.kill_gateway()
    page.wait_for("() => document.querySelector('#connection').dataset.state === 'lost'")
    console.run("result = Order.objects.create(customer='while it was away').pk")
    until(
        "the web application knows the order",
        lambda: any(order["customer"] == "while it was away" for order in board.orders()),
    )
    board.start_gateway()
    page.wait_for(LIVE, timeout_s=40)
    has_row(page, "while it was away")
    console.run("Order.objects.create(customer='after that')")
    has_row(page, "after that")
    assert page.evaluate("() => window.sameDocument") is True


def test_a_gateway_that_is_down_neither_slows_nor_breaks_a_save(
    board: Board, console: Console
) -> None:
    """Saves whose event goes to the publisher, and saves whose event goes nowhere, take turns.

    The difference is what a gateway that is down costs. Others work on this machine and make
    either slower by chance, so the best of several rounds counts."""
    board.kill_gateway()
    rounds = []
    for _ in range(8):
        nowhere, told, inside = measured(console)
        rounds.append(
            {
                "added to the median": median(told) - median(nowhere),
                "added to the 99th percentile": p99(told) - p99(nowhere),
                "99th percentile of publishing alone": p99(inside),
            }
        )
        if max(rounds[-1].values()) < 1:
            break
    best = {name: round(min(one[name] for one in rounds), 3) for name in rounds[0]}
    print(f"ms, best of {len(rounds)} rounds: {best}")
    assert best["added to the median"] < 0.5, rounds
    assert best["added to the 99th percentile"] < 1, rounds
    assert best["99th percentile of publishing alone"] < 1, rounds


def median(times: list[float]) -> float:
    return times[len(times) // 2]


def p99(times: list[float]) -> float:
    return times[int(len(times) * 0.99)]


def measured(console: Console) -> list[list[float]]:
    """Milliseconds, sorted: of 400 saves without and 400 with publishing, and of publishing."""
    times = console.run(
        """
        import gc, time, telegraphy
        from django.db import connection

        # What the disk does is no part of the question.
        connection.cursor().execute("PRAGMA synchronous=OFF")
        order = Order.objects.create(customer="timed")
        backend = telegraphy.current_backend()
        publish = type(backend).publish
        nowhere, told, inside = [], [], []

        def timed_publish(events):
            start = time.perf_counter()
            publish(backend, events)
            inside.append((time.perf_counter() - start) * 1000)

        gc.collect()
        gc.disable()
        for n in range(800):
            backend.publish = timed_publish if n % 2 else lambda events: None
            order.customer = f"timed {n}"
            start = time.perf_counter()
            order.save()
            (told if n % 2 else nowhere).append((time.perf_counter() - start) * 1000)
        gc.enable()
        del backend.publish
        connection.cursor().execute("PRAGMA synchronous=NORMAL")
        result = [sorted(nowhere), sorted(told), sorted(inside)]
        """
    )
    assert [len(one) for one in times] == [400, 400, 400]
    return times


def test_what_was_lost_is_counted_and_publishing_goes_on(
    board: Board, page: Page, console: Console
) -> None:
    """Live events come at most once: those of the time without a gateway may be lost."""
    board.kill_gateway()
    console.run("for n in range(20): Order.objects.create(customer=f'lost {n}')")
    board.start_gateway()
    page.wait_for(LIVE, timeout_s=40)
    has_row(page, "lost 19")
    page.evaluate("() => { came.length = 0; }")
    console.run("Order.objects.create(customer='found again')")
    page.wait_for("() => came.some((event) => event.data.customer === 'found again')")


# ---- a query


def test_the_list_to_pack_holds_what_its_query_says(board: Board, page: Page) -> None:
    """An order enters when it is paid and leaves when it is sent; of others nothing comes."""
    console = board.console()
    assert page.text("#packing code") == 'status == "paid" && total >= 30'

    def packing(number: str, is_there: bool) -> None:
        page.wait_for(
            """([number, isThere]) => {
                const shown = document.querySelector('#to-pack').innerText;
                return shown.includes(number) === isThere;
            }""",
            [number, is_there],
        )

    page.evaluate(
        """async () => {
            window.packed = [];
            const where = JSON.parse(document.querySelector('#choices').textContent).to_pack;
            await telegraphy.subscribe('board.Order', { where }, (event) => {
                packed.push([event.op, event.data.number]);
            }).ready;
        }"""
    )
    small, large = console.run(
        """
        small = Order.objects.create(customer="Few", total=29, number="SMALL")
        large = Order.objects.create(customer="Many", total=30, number="LARGE")
        small.advance(), large.advance()
        result = [small.number, large.number]
        """
    )
    packing(large, True)
    packing(small, False)
    console.run("large.advance(), small.advance()")
    packing(large, False)
    assert page.evaluate("() => packed") == [["add", large], ["remove", None]]


# ---- who is there


def logged_in(board: Board, open_page: Callable[..., Page], name: str) -> Page:
    page = open_page(board.url)
    page.click(f"text=I am {name}")
    page.wait_for("(name) => document.querySelector('#who')?.innerText === name", name)
    page.wait_for(LIVE)
    page.wait_for("() => document.querySelector('#client').innerText.startsWith('c-')")
    return page


def has_note(page: Page, text: str) -> None:
    page.wait_for("(text) => document.querySelector('#note-list').innerText.includes(text)", text)


def test_a_note_reaches_whom_it_is_for_and_nobody_else(
    board: Board, open_page: Callable[..., Page], console: Console
) -> None:
    ada, grace = (logged_in(board, open_page, name) for name in ("Ada", "Grace"))
    ada.select("#id_recipient", "Grace")
    ada.fill("#id_text", "Meet me at the grinder")
    ada.click("text=Write")
    for page in (ada, grace):
        has_note(page, "Meet me at the grinder")
    console.run(
        """
        from django.contrib.auth.models import User
        demo, ada = (User.objects.get(username=name) for name in ("demo", "ada"))
        Note.objects.create(author=demo, recipient=ada, text="Grace is late again")
        Note.objects.create(author=demo, text="Everybody go home")
        """
    )
    has_note(grace, "Everybody go home")
    assert "late again" not in grace.text("#notes")
    has_note(ada, "Grace is late again")


def test_a_logout_in_one_tab_is_one_in_all(board: Board, open_page: Callable[..., Page]) -> None:
    page = logged_in(board, open_page, "Ada")
    tab = page.beside(board.url)
    tab.wait_for(LIVE)
    assert tab.text("#client") == page.text("#client")
    tab.click("text=Log out")
    page.wait_for("() => document.querySelector('.log-in') !== null")
    page.wait_for(LIVE)
    assert "Cake at four" not in page.text("body")
