"""What every test may ask for: a gateway, the board, a browser."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.board import Board
from harness.browser import Browser, Page
from harness.client import Client
from harness.gateway import Gateway, event_type
from harness.queries import TYPES

NOTE = event_type("test.Note")


@pytest.fixture(scope="session")
def new_gateway_anywhere(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[..., Gateway]]:
    yield from _gateways(tmp_path_factory.mktemp("gateways"))


@pytest.fixture
def new_gateway(tmp_path: Path) -> Iterator[Callable[..., Gateway]]:
    """Starts gateways with settings of the test's own; all end with it."""
    yield from _gateways(tmp_path)


def _gateways(folder: Path) -> Iterator[Callable[..., Gateway]]:
    started: list[Gateway] = []

    def start(**settings: Any) -> Gateway:
        gateway = Gateway(folder / f"gateway{len(started)}", **settings)
        started.append(gateway)
        return gateway.start()

    yield start
    problems = []
    for gateway in started:
        try:
            gateway.stop()
        except AssertionError as problem:
            problems.append(str(problem))
    assert not problems, "\n".join(problems)


@pytest.fixture(scope="session")
def shared_gateway(new_gateway_anywhere: Callable[..., Gateway]) -> Gateway:
    """It does not mind how fast tests ask."""
    return new_gateway_anywhere(limits={"messages_per_second": 0})


@pytest.fixture
def gateway(shared_gateway: Gateway) -> Gateway:
    """A gateway that all tests share which leave it as it was; it knows the type test.Note."""
    answer = shared_gateway.put_catalogue(NOTE)
    assert answer.status == 200, answer.body
    return shared_gateway


@pytest.fixture
def queried(shared_gateway: Gateway) -> Gateway:
    """The same gateway, with the types of harness/queries.py."""
    answer = shared_gateway.put_catalogue(*TYPES)
    assert answer.status == 200, answer.body
    return shared_gateway


@pytest.fixture
def client(queried: Gateway) -> Iterator[Client]:
    with Client(queried.client_port) as client:
        yield client


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = Browser(tmp_path_factory.mktemp("browser") / "browser.log")
    yield browser
    browser.end()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens pages that are closed after the test; none may have had an uncaught error."""
    pages: list[Page] = []

    def open_page(url: str | None = None, **options: Any) -> Page:
        pages.append(browser.open(url, **options))
        return pages[-1]

    yield open_page
    uncaught = [word for page in pages for word in page.words() if word.startswith("pageerror")]
    for page in pages:
        page.close()
    assert not uncaught, uncaught


@pytest.fixture(scope="session")
def running_board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    board = Board(tmp_path_factory.mktemp("board"))
    try:
        board.start()
        yield board
    finally:
        board.end()


@pytest.fixture
def board(running_board: Board) -> Board:
    """The demo project, with its gateway running whatever an earlier test did to it."""
    if running_board.gateway is None or not running_board.gateway.running:
        running_board.start_gateway()
    return running_board
