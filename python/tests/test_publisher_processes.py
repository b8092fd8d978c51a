from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
import time

import pytest

from fake_gateway import FakeGateway


def run_python(
    code: str, *arguments: str, first: str = ""
) -> subprocess.CompletedProcess[str]:
    """In a process of its own: pytest's has threads, which a fork must not meet."""
    prelude = """
        import os, sys, time
        from telegraphy import EncodedEvent, Publisher
        def event(n):
            return EncodedEvent.make(type="shop.Tick", op="event", data={"n": n},
                                     id=f"tick-{n}", time="2026-11-23T02:16:34Z")
        publisher = Publisher(sys.argv[1], "a-key-of-some-length")
    """
    return subprocess.run(
        [
            sys.executable,
            *(() if first else ("-W", "error")),
            "-c",
            f"{first}\n{textwrap.dedent(prelude)}{textwrap.dedent(code)}",
            *arguments,
        ],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_forked_child_publishes_on_its_own(gateway):
    done = run_python(
        """
        publisher.publish(event(1))
        assert publisher.flush(5)
        pid = os.fork()
        publisher.publish(event(2 if pid else 3))
        assert publisher.flush(5)
        assert publisher.stats.accepted == (2 if pid else 1), publisher.stats
        if pid == 0:
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        """,
        gateway.endpoint,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(gateway.numbers) == [1, 2, 3]


def test_a_forked_child_does_not_send_what_its_parent_had_queued(tmp_path):
    gateway = FakeGateway(tmp_path)
    code = """
        publisher.publish(event(1))
        pid = os.fork()
        if pid == 0:
            assert publisher.stats.queued == 0
            publisher.publish(event(2))
            os._exit(0 if publisher.flush(10) else 1)
        assert os.waitpid(pid, 0)[1] == 0
        assert publisher.flush(10)
        """
    waiting = threading.Timer(0.7, gateway.start)
    waiting.start()
    done = run_python(code, gateway.endpoint)
    waiting.join()
    gateway.stop()
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(gateway.numbers) == [1, 2]


def test_a_fork_while_other_threads_publish_does_not_lock_up(gateway):
    done = run_python(
        """
        import threading
        stop = False
        def publish():
            n = 0
            while not stop:
                publisher.publish(event(n)); n += 1; time.sleep(0.001)
        threads = [threading.Thread(target=publish) for _ in range(3)]
        for thread in threads: thread.start()
        for round in range(10):
            pid = os.fork()
            if pid == 0:
                publisher.publish(event(-1 - round))
                os._exit(0 if publisher.flush(10) else 1)
            assert os.waitpid(pid, 0)[1] == 0
        stop = True
        for thread in threads: thread.join()
        publisher.close()
        """,
        gateway.endpoint,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert {n for n in gateway.numbers if n < 0} == set(range(-10, 0))


def test_the_end_of_the_process_waits_for_the_queue(gateway):
    done = run_python("publisher.publish(event(1))", gateway.endpoint)
    assert (done.returncode, done.stderr) == (0, "")
    assert gateway.numbers == [1]


def test_the_end_of_the_process_does_not_wait_long_for_a_gateway_that_is_down(tmp_path):
    started = time.monotonic()
    done = run_python("publisher.publish(event(1))", f"ipc://{tmp_path}/nobody.ipc")
    assert done.returncode == 0
    assert (
        "1 event lost: the publisher was closed; no gateway answers at ipc://"
        in done.stderr
    )
    assert time.monotonic() - started < 10


def test_event_ids_are_unique_across_processes():
    code = (
        "from telegraphy._encoded import new_id; print(*(new_id() for _ in range(500)))"
    )
    command = [sys.executable, "-c", code]
    outputs = [
        subprocess.run(command, capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    ids = " ".join(outputs).split()
    assert len(set(ids)) == 1_000
    assert all(len(one) == 32 for one in ids)


@pytest.mark.parametrize("library", ["gevent", "eventlet"])
def test_where_threads_are_greenlets_the_publisher_has_a_real_one(gateway, library):
    """A greenlet that waits inside of ZeroMQ would stop all others."""
    pytest.importorskip(library)
    patch = {
        "gevent": "import gevent.monkey; gevent.monkey.patch_all()",
        "eventlet": "import eventlet; eventlet.monkey_patch()",
    }[library]
    done = run_python(
        """
        import threading
        beats = 0
        def beat():
            global beats
            while True:
                time.sleep(0.01)
                beats += 1
        threading.Thread(target=beat, daemon=True).start()
        nobody = Publisher(sys.argv[1] + ".nobody", "a-key-of-some-length")
        nobody.publish(event(1))
        publisher.publish(event(1))
        assert publisher.flush(5), publisher.stats
        time.sleep(0.3)
        assert not nobody.flush(0.1)
        assert beats > 10, beats
        """,
        gateway.endpoint,
        first=patch,
    )
    assert done.returncode == 0, done.stderr
    assert gateway.numbers == [1]
