"""The timer: one tick at a time, and a wake is never lost."""

import threading
import time

import pytest

from bot.app import Timer


class Work:
    """Counts ticks, and how many ran at once."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.ticks = 0
        self.at_once = 0
        self.most_at_once = 0
        self._lock = threading.Lock()

    def tick(self) -> None:
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        time.sleep(self.seconds)
        with self._lock:
            self.at_once -= 1
            self.ticks += 1

    def wait_for(self, ticks: int) -> None:
        ends = time.monotonic() + 5
        while self.ticks < ticks:
            assert time.monotonic() < ends, f"{self.ticks} ticks of {ticks}"
            time.sleep(0.005)


@pytest.fixture
def started():
    timers = []

    def start(work: Work, interval_s: float = 600) -> Timer:
        timer = Timer(work.tick, interval_s)
        timers.append(timer)
        timer.start()
        work.wait_for(1)
        return timer

    yield start
    for timer in timers:
        timer.stop()


def test_it_ticks_at_once_when_it_starts_and_is_alive(started):
    assert started(Work()).is_alive()


def test_a_wake_ticks_long_before_the_interval(started):
    work = Work()
    timer = started(work)
    before = time.monotonic()
    timer.wake()
    work.wait_for(2)
    assert time.monotonic() - before < 2


def test_a_wake_during_a_tick_is_followed_by_another_tick(started):
    work = Work(seconds=0.2)
    timer = started(work)
    timer.wake()
    while not work.at_once:
        time.sleep(0.005)
    timer.wake()
    work.wait_for(3)


def test_many_wakes_never_run_two_ticks_at_once_and_none_is_lost(started):
    work = Work(seconds=0.002)
    timer = started(work)
    for _ in range(200):
        before = work.ticks
        timer.wake()
        work.wait_for(before + 1)
    assert work.most_at_once == 1


def test_a_failed_tick_with_a_wake_does_not_stop_the_watcher_for_ever(started, caplog):
    class Fails(Work):
        def tick(self) -> None:
            super().tick()
            if self.ticks == 2:
                timer.wake()
                raise RuntimeError("the database hiccuped")

    work = Fails()
    timer = started(work, interval_s=0.2)
    work.wait_for(4)
    assert "the database hiccuped" in caplog.text
