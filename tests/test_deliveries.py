"""What is remembered of messages."""

import pytest
from sqlalchemy.exc import IntegrityError

from bot.models import Delivered
from storage.store import Store
from tests.builders import (
    NOW,
)
from tests.databases import record
from tests.fakes import FakeClock


def test_a_message_is_begun_and_then_delivered(store: Store, clock: FakeClock) -> None:
    run = record(store)
    assert store.delivered(run.id) == {}

    store.begin_post(run.id, "card")
    assert store.delivered(run.id) == {"card": Delivered(key="card", ts=None, digest="", posting_since=NOW)}
    store.set_delivered(run.id, "card", ts="1.1", digest="abc")
    store.set_delivered(run.id, "result", ts="1.2", digest="def")

    assert store.delivered(run.id) == {
        "card": Delivered(key="card", ts="1.1", digest="abc", posting_since=None),
        "result": Delivered(key="result", ts="1.2", digest="def", posting_since=None),
    }
    store.set_delivered(run.id, "card", ts="1.1", digest="xyz")
    assert store.delivered(run.id)["card"].digest == "xyz"
    assert store.get(run.id) == run


def test_a_post_with_an_open_outcome_keeps_its_time(store: Store, clock: FakeClock) -> None:
    run = record(store)
    store.begin_post(run.id, "card")
    clock.pass_minutes(3)
    store.begin_post(run.id, "card")
    assert store.delivered(run.id)["card"].posting_since == NOW

    store.set_delivered(run.id, "card", ts="1.1", digest="abc")
    store.begin_post(run.id, "card")

    assert store.delivered(run.id)["card"] == Delivered(key="card", ts="1.1", digest="abc", posting_since=clock.now)


def test_messages_belong_to_their_run(store: Store) -> None:
    one, two = record(store, "Ev1"), record(store, "Ev2")
    store.set_delivered(one.id, "card", ts="1.1", digest="abc")

    assert store.delivered(two.id) == {}
    with pytest.raises(IntegrityError):
        store.begin_post("0" * 26, "card")
