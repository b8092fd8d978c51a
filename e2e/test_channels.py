"""Queries and channels in a page: what the JavaScript client makes of them, as Chromium runs it,
and what the gateway makes of that."""

from collections.abc import Callable
from typing import Any

import pytest

from harness.board import Board
from harness.browser import Page
from harness.gateway import ROOT, Gateway, event_type, field
from harness.project import Console

SCRIPT = ROOT / "js/dist/telegraphy.js"

LIVE = "() => document.querySelector('#connection').dataset.state === 'live'"

SUBSCRIBE = """async () => {
    const { where, any, not } = telegraphy;
    window.seen = {};
    const ready = (name, start) => {
        seen[name] = [];
        return start(({ op, data }) => seen[name].push([op, data.customer ?? null])).ready;
    };
    const orders = (name, query) => ready(
        name, (handler) => telegraphy.subscribe('board.Order', { where: query }, handler));
    const evil = '" || true || "';
    await Promise.all([
        orders('text', 'status == "paid" && quantity >= 5'),
        orders('object', { status: 'paid', quantity: { gte: 5 } }),
        orders('template', where`status == ${'paid'} && quantity >= ${5}`),
        orders('joined', not(any({ status: { ne: 'paid' } }, { quantity: { lt: 5 } }))),
        orders('evil', where`customer == ${evil}`),
        orders('timestamps', { created_at: { gt: new Date(0) }, total: { lte: 999999.99 },
                               customer: { startsWith: 'Ti' }, product: ['decaf', 'filters'] }),
        ready('channel',
              (handler) => telegraphy.channel('board.Order', { customer: evil }, handler)),
        ready('two', (handler) => telegraphy.channel(
            'board.Order', { product: 'decaf' }, { where: 'quantity == 7' }, handler)),
    ]);
}"""


@pytest.fixture
def page(board: Board, open_page: Callable[..., Page]) -> Page:
    page = open_page(board.url)
    page.wait_for(LIVE)
    page.evaluate(SUBSCRIBE)
    return page


@pytest.fixture
def console(board: Board) -> Console:
    return board.console()


def seen(page: Page, **wanted: list[list[Any]]) -> None:
    """Of each subscription that is named just this was seen, and of the others nothing."""
    page.wait_for(
        """(wanted) => Object.entries(wanted).every(
            ([name, events]) => seen[name].length >= events.length)""",
        wanted,
    )
    nothing: list[list[Any]] = []
    came = page.evaluate("() => seen")
    assert came == {name: wanted.get(name, nothing) for name in came}
    page.evaluate("() => { for (const events of Object.values(seen)) events.length = 0; }")


LIVE_QUERIES = ("text", "object", "template", "joined")


def test_rows_enter_change_and_leave(page: Page, console: Console) -> None:
    """Each way to write the same query sees the same."""

    def same(*events: list[Any]) -> dict[str, list[list[Any]]]:
        return {name: list(events) for name in LIVE_QUERIES}

    console.run("order = Order.objects.create(customer='Ada', quantity=4)")
    console.run("order.status = 'paid'; order.save()")
    console.run("order.quantity = 5; order.save()")
    seen(page, **same(["add", "Ada"]))
    console.run("order.customer = 'Ada L.'; order.save()")
    seen(page, **same(["change", "Ada L."]))
    console.run("order.status = 'sent'; order.save(); order.customer = 'gone'; order.save()")
    seen(page, **same(["remove", None]))
    console.run("order.status = 'paid'; order.save(); order.delete()")
    seen(page, **same(["add", "gone"], ["remove", "gone"]))


def test_what_a_user_typed_is_a_value_and_nothing_else(page: Page, console: Console) -> None:
    console.run(
        """
        Order.objects.create(customer="honest")
        Order.objects.create(customer='" || true || "')
        """
    )
    seen(page, evil=[["add", '" || true || "']], channel=[["add", '" || true || "']])


def test_values_of_all_kinds_are_compared(page: Page, console: Console) -> None:
    console.run(
        """
        Order.objects.create(customer="Tim", product="espresso")
        Order.objects.create(customer="Tina", product="decaf")
        Order.objects.create(customer="Anna", product="decaf", quantity=7)
        """
    )
    seen(page, timestamps=[["add", "Tina"]], two=[["add", "Anna"]])


def test_a_query_stands_again_after_the_gateway_was_away(
    board: Board, page: Page, console: Console
) -> None:
    board.kill_gateway()
    board.start_gateway()
    page.wait_for(LIVE, timeout_s=40)
    console.run("for n in (4, 5): Order.objects.create(customer=f'{n}', quantity=n, status='paid')")
    seen(page, **{name: [["add", "5"]] for name in LIVE_QUERIES})


def test_a_wrong_query_is_told_with_its_place(page: Page) -> None:
    error = page.evaluate(
        """() => new Promise((resolve) => {
            telegraphy.subscribe('board.Order', {
                where: 'quantity > 1 &&\\n  totl > 100',
                onError: ({ code, member, line, column, nearest, message }) =>
                    resolve({ code, member, line, column, nearest, message }),
            }, () => undefined);
        })"""
    )
    assert error.pop("message").startswith('subscription to "board.Order": ')
    assert error == {
        "code": "query_field",
        "member": "where",
        "line": 2,
        "column": 3,
        "nearest": ["total"],
    }
    mistaken = page.evaluate(
        """() => {
            try {
                telegraphy.channel('board.Order', { customer: undefined }, () => undefined);
            } catch (error) {
                return String(error);
            }
        }"""
    )
    assert mistaken.startswith("TypeError: customer cannot be undefined")


def order_type(*more: dict[str, Any], **changes: Any) -> dict[str, Any]:
    fields = [field("id", "int"), field("status", "string"), *more]
    operations = ["create", "update", "delete"]
    return event_type("test.Order", operations=operations, key=["id"], fields=fields) | changes


def test_a_query_of_a_type_that_changes_is_asked_for_again(
    open_page: Callable[..., Page], new_gateway: Callable[..., Gateway]
) -> None:
    """As a deployment does it: a field becomes another, and pages stay where they are."""
    gateway = new_gateway()
    gateway.put_catalogue(order_type())
    # A page of the gateway's own origin, without a policy of its own.
    page = open_page(f"http://127.0.0.1:{gateway.client_port}/healthz")
    page.evaluate("(script) => { (0, eval)(script); }", SCRIPT.read_text())
    page.evaluate(
        """async (url) => {
            window.told = [];
            const gateway = new telegraphy.Gateway({ url });
            window.orders = gateway.channel('test.Order', { status: 'paid' }, {
                onReset: (reason) => told.push(['reset', reason]),
                onError: (error) => told.push(['error', error.code]),
            }, ({ op, data }) => told.push([op, data.id]));
            await orders.ready;
        }""",
        f"ws://127.0.0.1:{gateway.client_port}/v1/websocket",
    )

    def told(*wanted: list[Any]) -> None:
        page.wait_for("(count) => told.length >= count", len(wanted))
        assert page.evaluate("() => told") == list(wanted)

    # The query means the same: not a word of it.
    gateway.put_catalogue(order_type(field("note", "string", nullable=True)))
    # It means something else, and still can be asked.
    gateway.put_catalogue(order_type(fields=[field("id", "int"), field("status", "json")]))
    told(["reset", "query_changed"])
    gateway.publish("test.Order", {"id": 1, "status": "paid"}, op="create")
    gateway.publish("test.Order", {"id": 2, "status": "new"}, op="create")
    told(["reset", "query_changed"], ["add", 1])
    # It cannot be asked any more.
    gateway.put_catalogue(order_type(fields=[field("id", "int"), field("state", "string")]))
    told(["reset", "query_changed"], ["add", 1], ["error", "query_field"])
    assert page.evaluate("() => orders.state.name") == "refused"
    gateway.put_catalogue(order_type())
    told(
        ["reset", "query_changed"], ["add", 1], ["error", "query_field"], ["reset", "query_changed"]
    )
    gateway.publish("test.Order", {"id": 1}, op="delete")
    gateway.publish("test.Order", {"id": 1, "status": "paid"}, op="delete")
    page.wait_for("() => told.length === 5")
    assert page.evaluate("() => told.at(-1)") == ["remove", 1]
