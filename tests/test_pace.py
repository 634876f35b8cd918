"""Slack's rates shared by all runs: the turns that are given, and a recorded hour against a Slack that keeps them."""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from bot.models import JobStage, Place, Point, Run
from bot.states import RunStatus
from handlers.chat import SlackChat
from handlers.pace import EDITS, PATIENCE_S, POST_EVERY_S, RESERVED, WINDOW_S, Pace, TooSoon, Urgency
from handlers.views.thread import thread
from handlers.wire import make_client
from storage.store import Store
from tests.bot_slack import BotSlack
from tests.builders import ASKER, CHANNEL, LEAD, TEAM, make_job, make_plan, make_progress, make_report, make_request

_S = RunStatus
NUMBERS, NEWS, END = Urgency.NUMBERS, Urgency.NEWS, Urgency.END


class Seconds:
    """A clock that only sleeping, or the test, moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def pace(seconds: Seconds) -> Pace:
    return Pace(monotonic=seconds, sleep=seconds.sleep)


def gets(pace: Pace, run: str, urgency: Urgency, *, channel: str = "") -> bool:
    try:
        if channel:
            pace.post(channel, run, urgency)
        else:
            pace.edit(run, urgency)
    except TooSoon:
        return False
    return True


def test_posts_in_a_channel_keep_their_distance_and_other_channels_do_not_wait(pace, seconds):
    for _ in range(3):
        pace.post("C1", "a", NEWS)
    assert seconds.now == pytest.approx(2 * POST_EVERY_S)
    pace.post("C2", "a", NEWS)
    assert seconds.now == pytest.approx(2 * POST_EVERY_S)


def test_nobody_waits_longer_than_patience_allows_and_the_end_of_a_run_goes_first(seconds):
    pace = Pace(monotonic=seconds, sleep=lambda _: None)  # others sleep in their own threads
    taken = sum(gets(pace, f"r{number}", NEWS, channel="C1") for number in range(10))
    assert taken == 1 + int(PATIENCE_S / POST_EVERY_S)
    assert not gets(pace, "over", END, channel="C1")
    seconds.now += POST_EVERY_S
    assert not gets(pace, "news", NEWS, channel="C1"), "somebody more urgent was turned away"
    assert gets(pace, "over", END, channel="C1")
    seconds.now += POST_EVERY_S
    assert gets(pace, "news", NEWS, channel="C1")


def test_numbers_leave_edits_for_news_and_the_window_is_never_exceeded(pace, seconds):
    runs = [f"r{number}" for number in range(100)]
    assert sum(gets(pace, run, NUMBERS) for run in runs) == EDITS - RESERVED
    assert sum(gets(pace, f"end{number}", END) for number in range(100)) == RESERVED
    seconds.now += WINDOW_S - 0.01
    assert not gets(pace, "end99", END)
    seconds.now += 0.01
    assert gets(pace, "end99", END)


def test_edits_that_only_move_numbers_are_spread_evenly(pace, seconds):
    moved = dict.fromkeys(range(40), 0)
    for _ in range(60 * 20):
        seconds.now += 1
        for run in moved:
            moved[run] += gets(pace, f"r{run}", NUMBERS)
    assert min(moved.values()) > 0
    assert max(moved.values()) <= 2 * min(moved.values()), moved
    assert sum(moved.values()) <= 20 * (EDITS - RESERVED) + EDITS


def test_a_single_run_is_not_held_back(pace, seconds):
    for _ in range(10):
        seconds.now += 1
        assert gets(pace, "only", NUMBERS)


# --- a recorded hour, replayed --------------------------------------------------------------------------------------

SPEED = 60.0
#: Minutes of a recorded run at which something happens, and the key of the message that tells it.
STARTED, FIRST, SAVED, ENDED = 3.0, 5.0, 30.0, 58.0


class Hour:
    """One hour of runs: the rows move by the replayed minute, and one thread shows them."""

    def __init__(self, slack: Any, store: Store, chat: SlackChat, runs: int, *, minute: Callable[[], float]) -> None:
        self.slack, self.store, self.chat, self.minute = slack, store, chat, minute
        self.ids = [self._ask(number) for number in range(runs)]
        #: (run, key) -> minute at which Slack had it.
        self.shown_at: dict[tuple[str, str], float] = {}

    def _ask(self, number: int) -> str:
        place = Place(team_id=TEAM, channel=CHANNEL)
        run = self.store.record_request(f"c{number}", place=place, requester=ASKER, request=make_request())
        assert run is not None
        plan = make_plan(output_repo=f"tunesmith-lab/model-{number}")
        run = self.store.advance(run, _S.PROPOSED, actor="tunesmith", plan=plan, revision=1, needs_plan=False)
        run = self.store.advance(run, _S.APPROVED, actor=LEAD, decided_by=LEAD)
        run = self.store.advance(run, _S.SUBMITTING, actor="tunesmith")
        waiting = make_job(started_at=None, running_s=None, stage=JobStage.SCHEDULING)
        return self.store.advance(run, _S.QUEUED, actor="tunesmith", job=waiting).id

    def moved(self, run: Run, *, every_minutes: float = 0) -> Run:
        """The row as the watcher would have it at this minute; its numbers move so rarely at most."""
        share = self.minute() / 60
        if run.is_final or share < STARTED / 60:
            return run
        job = make_job(running_s=round(self.minute()) * 60.0)
        if run.status is _S.QUEUED:
            return self.store.advance(run, _S.RUNNING, actor="tunesmith", job=job)
        if share >= ENDED / 60:
            done = run.progress.model_copy(update={"step": 525, "saved_step": 525, "ended": True})
            return self.store.advance(
                run, _S.SUCCEEDED, actor="tunesmith", report=make_report(), progress=done, job=job
            )
        if share < FIRST / 60 or self.store.now() - run.updated_at < timedelta(minutes=every_minutes):
            return run
        step = max(10, int(525 * share) // 10 * 10)
        points = tuple(Point(step=at, value=3.0 - at / 300) for at in range(10, step + 1, 10))
        saved = 200 if share >= SAVED / 60 else None
        progress = make_progress(step=step, points=points, saved_step=saved)
        return self.store.update(run, progress=progress, job=job) if progress != run.progress else run

    def show(self, run: Run) -> bool:
        """Show it, and note what Slack has now."""
        shown = self.chat.show(run)
        for key in self.store.delivered(run.id):
            self.shown_at.setdefault((run.id, key), self.minute())
        return shown

    def check_bounds(self, bounds: dict[str, float], calls: object) -> None:
        """Every milestone came within so many minutes after the moment when it happened."""
        due = {"started": STARTED, "first-loss": FIRST, "saved": SAVED, "end": ENDED}
        worst = {key: max(self.shown_at[run_id, key] for run_id in self.ids) - at for key, at in due.items()}
        print({key: round(late, 1) for key, late in worst.items()}, calls)
        assert {key: late for key, late in worst.items() if late > bounds[key]} == {}


@pytest.fixture
def store(tmp_path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path / 'hour.db'}", lambda: datetime.now(UTC))
    store.migrate()
    yield store
    store.close()


@pytest.mark.slow
def test_a_recorded_hour_sixty_times_as_fast_keeps_slacks_rates_and_every_milestone_is_in_time(store):
    """The real client over the wire, against the local Slack with its rates on."""
    with BotSlack(rate_limits=True, rate_speed=SPEED) as slack:
        began = time.monotonic()
        # what a call takes on its way varies by milliseconds, which are tenths of a second here
        pace = Pace(monotonic=lambda: time.monotonic() * SPEED, sleep=lambda s: time.sleep(s / SPEED), post_every_s=2.0)
        client = make_client("xoxb-playground", slack.api_url, 10)
        chat = SlackChat(client, store, lambda: datetime.now(UTC), settle=timedelta(0), pace=pace)
        hour = Hour(slack, store, chat, 1, minute=lambda: (time.monotonic() - began) * SPEED / 60)
        run = store.get(hour.ids[0])
        while not (run.is_final and store.is_shown(run)):
            assert hour.minute() < 90
            run = hour.moved(store.get(run.id))
            hour.show(run)
            time.sleep(10 / SPEED)  # a tick of ten seconds
        report = slack.visitor.deliveries()
        assert [error for error in report["errors"] if error["error"] == "ratelimited"] == []
        assert report["calls"]["chat.update"] > 30, "the card was kept alive"
        hour.check_bounds(dict.fromkeys(("started", "first-loss", "saved", "end"), 1.0), report["calls"])
        card, posted = thread(run)[0], slack.visitor.messages(CHANNEL, store.get(run.id).place.thread_ts)[0]
        assert posted["text"] == card.text
        assert [without_id(block) for block in posted["blocks"]] == [without_id(block) for block in card.blocks]


def without_id(block: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in block.items() if name != "block_id"}


class RatedSlack:
    """Slack's side of the wire with its published rates, on a clock that only sleeping moves; keeps the messages."""

    retry_handlers = ()

    def __init__(self, seconds: Seconds) -> None:
        self._seconds = seconds
        self._posts: dict[str, float] = {}
        self._updates: deque[float] = deque()
        self.messages: dict[str, dict[str, Any]] = {}
        self.calls: Counter[str] = Counter()
        self.refused = 0

    def chat_postMessage(self, **message: Any) -> SlackResponse:
        self.calls["chat.postMessage"] += 1
        if self._seconds.now - self._posts.get(message["channel"], -1.0) < 1.0:
            self._refuse("chat.postMessage")
        self._posts[message["channel"]] = self._seconds.now
        ts = f"{self._seconds.now:.6f}"
        self.messages[ts] = message
        return self._answer(200, {"ok": True, "ts": ts})

    def chat_update(self, *, ts: str, **changes: Any) -> SlackResponse:
        self.calls["chat.update"] += 1
        while self._updates and self._seconds.now - self._updates[0] >= 60:
            self._updates.popleft()
        if len(self._updates) >= 50:
            self._refuse("chat.update")
        self._updates.append(self._seconds.now)
        self.messages[ts] |= changes
        return self._answer(200, {"ok": True, "ts": ts})

    def _refuse(self, method: str) -> None:
        self.refused += 1
        answer = self._answer(429, {"ok": False, "error": "ratelimited"})
        raise SlackApiError(f"{method}: ratelimited", answer)

    def _answer(self, status: int, data: dict[str, Any]) -> SlackResponse:
        return SlackResponse(client=self, http_verb="POST", api_url="", req_args={}, data=data,
                             headers={"Retry-After": "5"}, status_code=status)  # fmt: skip


@pytest.mark.slow
def test_two_hundred_runs_at_once_keep_the_same_rates_and_nobody_starves(tmp_path, seconds):
    """All in one channel and all at the same moment; ticks of thirty seconds, an hour of them."""
    began = datetime.now(UTC)
    clock = lambda: began + timedelta(seconds=seconds.now)  # noqa: E731
    store = Store(f"sqlite:///{tmp_path / 'crowd.db'}", clock)
    store.migrate()
    slack = RatedSlack(seconds)
    pace = Pace(monotonic=seconds, sleep=seconds.sleep)
    hour = Hour(slack, store, SlackChat(slack, store, clock, pace=pace), 200, minute=lambda: seconds.now / 60)
    shown: dict[str, int] = {}
    runs = {run_id: store.get(run_id) for run_id in hour.ids}
    step = 0
    while not all(run.is_final and shown.get(run.id) == run.version for run in runs.values()):
        assert seconds.now < 75 * 60, "runs are not shown a quarter of an hour after their end"
        # whoever waited longest comes first, as the store's claims have it
        for run_id in sorted(runs, key=lambda one: shown.get(one, 0)):
            run = runs[run_id] = hour.moved(runs[run_id], every_minutes=5)
            if shown.get(run_id) != run.version and hour.show(run):
                shown[run_id] = run.version
            if run.place.thread_ts is None:
                runs[run_id] = store.get(run_id)
        step += 1
        seconds.now = max(seconds.now, 30.0 * step)
    assert slack.refused == 0
    # one post a second makes 200 cards and 200 approvals in 7.3 minutes, and 200 of each milestone in 3.7
    hour.check_bounds({"started": 12.0, "first-loss": 14.0, "saved": 6.0, "end": 6.0}, slack.calls)
    for run_id in hour.ids:
        card, delivered = thread(store.get(run_id))[0], store.delivered(run_id)["card"]
        assert slack.messages[str(delivered.ts)]["blocks"] == card.blocks
        assert slack.messages[str(delivered.ts)]["text"] == card.text
    store.close()
