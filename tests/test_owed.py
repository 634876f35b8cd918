"""What was promised is answered after a restart, late rather than never, and once."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.errors import Transient
from handlers.owed import LEASE, Owed
from storage.store import Store
from tests.bot_slack import BotSlack
from tests.builders import ASKER, BOT, CHANNEL, TEAM
from tests.fakes import FakeClock
from tests.scripted_slack import ScriptedSlack
from tests.shown_runs import shown_runs
from tests.signed_slack import SignedSlack

WORDS = "imagine Qwen/Qwen3-0.6B talking in the voice of tunesmith-lab/tiny-chat"
EVENT = {"type": "app_mention", "channel": CHANNEL, "user": ASKER, "text": f"<@{BOT}> {WORDS}", "ts": "1795510901.0001"}
SOURCE = f"message:{CHANNEL}:{EVENT['ts']}"


# --- the store, on both databases


def test_a_message_is_owed_until_it_is_settled(store: Store, clock: FakeClock) -> None:
    assert store.next_owed() is None
    assert store.owe(SOURCE, EVENT, lease=LEASE)
    assert not store.owe(SOURCE, EVENT, lease=LEASE)
    assert store.next_owed() == clock.now + LEASE

    store.settle(SOURCE)

    assert store.next_owed() is None
    assert not store.owe(SOURCE, EVENT, lease=LEASE), "a redelivery after the answer"


def test_what_nobody_works_on_any_more_is_taken_by_one(store: Store) -> None:
    store.owe(SOURCE, EVENT, lease=timedelta(0))
    store.owe("message:other", EVENT, lease=LEASE)

    assert store.take_owed(lease=LEASE) == {SOURCE: EVENT}
    assert store.take_owed(lease=LEASE) == {}


# --- the real app


@pytest.fixture(scope="module")
def slack() -> Iterator[BotSlack]:
    with BotSlack() as local:
        yield local


@pytest.fixture
def sqlite(tmp_path: Any, clock: FakeClock) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path / 'owed.db'}", clock)
    store.migrate()
    yield store
    store.close()


class Model:
    """A language model that answers the same always, or is stopped while it thinks."""

    name = "acme/reader"

    def __init__(self, answer: str) -> None:
        self.answer = answer
        self.asked = 0

    def complete(self, instructions: str, message: str, schema: dict[str, Any]) -> str:
        self.asked += 1
        return self.answer


def wait_for(condition: Callable[[], object]) -> None:
    until = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def start(slack: BotSlack, store: Store, clock: FakeClock, answers: ScriptedSlack, model: Model | None) -> SignedSlack:
    return SignedSlack(slack, store, clock, answers, language_model=model)


def test_a_restart_reads_again_what_the_process_before_it_promised(slack, sqlite, clock):
    parent = slack.visitor.say(ASKER, CHANNEL, f"<@{BOT}> {WORDS}")
    sqlite.owe(f"message:{CHANNEL}:{parent}", EVENT | {"ts": parent}, lease=LEASE)
    clock.now += LEASE
    found = Model(json.dumps({"intent": "request", "model": "Qwen/Qwen3-0.6B", "dataset": "tunesmith-lab/tiny-chat"}))
    with ScriptedSlack() as answers:
        start(slack, sqlite, clock, answers, found)
        wait_for(lambda: sqlite.next_owed() is None)
    [run] = sqlite.recent()
    assert (run.request.model, run.request.read_by, run.requester) == ("Qwen/Qwen3-0.6B", "acme/reader", ASKER)
    assert (run.place.team_id, run.place.thread_ts, found.asked) == (TEAM, parent, 1)


def test_without_a_model_the_readers_own_answer_is_given(slack, sqlite, clock):
    parent = slack.visitor.say(ASKER, CHANNEL, f"<@{BOT}> {WORDS}")
    sqlite.owe(f"message:{CHANNEL}:{parent}", EVENT | {"ts": parent}, lease=timedelta(0))
    with ScriptedSlack() as answers:
        start(slack, sqlite, clock, answers, None)
        wait_for(lambda: sqlite.next_owed() is None)
    assert sqlite.recent() == []
    [said] = [message["text"] for message in slack.visitor.messages(CHANNEL, parent) if message["user"] == BOT]
    assert said.startswith("I did not understand that")


def test_a_message_is_owed_from_the_acknowledgement_until_its_answer_and_answered_once(slack, sqlite, clock):
    owed: list[object] = []

    class Looking(Model):
        def complete(self, instructions: str, message: str, schema: dict[str, Any]) -> str:
            owed.append(sqlite.next_owed())
            return super().complete(instructions, message, schema)

    model = Looking('{"intent": "nothing"}')
    parent = slack.visitor.say(ASKER, CHANNEL, f"<@{BOT}> {WORDS}")
    with ScriptedSlack() as answers:
        desk = start(slack, sqlite, clock, answers, model)
        for kind in ("app_mention", "message", "app_mention"):
            desk.message(f"<@{BOT}> {WORDS}", kind=kind, ts=parent)
        wait_for(lambda: model.asked and sqlite.next_owed() is None)
    assert (owed, model.asked) == ([clock.now + LEASE], 1)
    assert len([message for message in slack.visitor.messages(CHANNEL, parent) if message["user"] == BOT]) == 1


def test_after_a_bug_it_is_owed_no_longer(sqlite):
    sqlite.owe(SOURCE, EVENT, lease=LEASE)

    def broken(_: dict[str, Any]) -> None:
        raise ZeroDivisionError

    Owed(sqlite, broken).answer(SOURCE, EVENT)
    assert sqlite.next_owed() is None


def test_what_the_silent_database_held_back_is_answered_without_a_restart(sqlite, clock):
    sqlite.owe(SOURCE, EVENT, lease=LEASE)
    tries: list[dict[str, Any]] = []

    def silent_at_first(event: dict[str, Any]) -> None:
        tries.append(event)
        clock.now += LEASE
        if len(tries) < 3:
            raise Transient("no database")

    Owed(sqlite, silent_at_first).answer(SOURCE, EVENT)
    wait_for(lambda: sqlite.next_owed() is None)
    assert tries == [EVENT] * 3


def test_a_database_that_is_silent_when_the_answer_was_given_is_told_later(sqlite, clock, tmp_path):
    class Silent(Store):
        looks = 0

        def settle(self, source_id: str) -> None:
            if not served[1:]:
                raise Transient("no database")
            super().settle(source_id)

        def next_owed(self) -> datetime | None:
            self.looks += 1
            if self.looks == 1:
                raise Transient("no database")
            return super().next_owed()

    served: list[dict[str, Any]] = []

    def serve(event: dict[str, Any]) -> None:
        served.append(event)
        clock.now += LEASE

    store = Silent(f"sqlite:///{tmp_path / 'owed.db'}", clock)
    store.owe(SOURCE, EVENT, lease=LEASE)
    Owed(store, serve).answer(SOURCE, EVENT)
    wait_for(lambda: sqlite.next_owed() is None)
    assert served == [EVENT, EVENT]
    store.close()


def test_the_words_of_a_refused_command_are_in_the_form_after_a_restart(tmp_path):
    with shown_runs(tmp_path) as before:
        assert before.command("Qwen/Qwen3-0.6B on tunesmith-lab/tiny-chat with ppo, 3 epochs")
    with shown_runs(tmp_path) as after:
        after.command("")
        form = after.visitor.wait_for(lambda: after.visitor.views(ASKER))[-1]
    assert "You typed" in json.dumps(form["blocks"])
    assert "tunesmith-lab/tiny-chat" in json.dumps(form["blocks"])
