"""With a language model switched on: it helps where the reader finds nothing, and has no other say."""

import json

import pytest

from bot.hub_reading import HubLanguageModel
from bot.playground.hub_access import TOKEN
from bot.states import RunStatus
from tests.builders import CHANNEL, LEAD
from tests.conversations.driver import DATASET, MODEL, Conversation
from tests.local_hub import LocalHub

_S = RunStatus
WORDS = f"imagine {MODEL} talking in the voice of {DATASET}"
NOT_UNDERSTOOD = "I did not understand that"


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    with LocalHub(tmp_path_factory.mktemp("hub")) as local:
        yield local


@pytest.fixture
def helped(slack, doorman, hub, tmp_path):
    model = HubLanguageModel(name="acme/reader", url=hub.url, token=TOKEN, timeout_s=1.0)
    talk = Conversation(slack, tmp_path, language_model=model)
    doorman.app = talk.app
    yield talk
    talk.store.close()


def answers(hub: LocalHub, *scripted: dict[str, object]) -> None:
    hub.http.post("/_chat", json=list(scripted)).raise_for_status()


def asked(hub: LocalHub) -> int:
    return len(hub.http.get("/_chat").json())


def test_a_wish_that_the_reader_does_not_know_becomes_a_plan_that_says_who_helped(helped, hub):
    answers(hub, {"content": json.dumps({"intent": "request", "model": MODEL, "dataset": DATASET})})
    before = asked(hub)
    helped.asks(WORDS)
    helped.waits_for(lambda: helped.store.recent())
    assert (helped.status, helped.run.plan.model.repo_id) == (_S.PROPOSED, MODEL)
    blocks = json.dumps(next(m for m in helped.messages() if m["user"] == "U0FTBOT")["blocks"])
    assert "read with the help of `acme/reader`" in blocks
    assert asked(hub) == before + 1, "a mention comes as two events"


def test_what_the_reader_understands_is_not_sent_anywhere(helped, hub):
    before = asked(hub)
    helped.asks(f"{MODEL} on {DATASET}")
    helped.says("use lora")
    helped.says("how long will it take?")
    assert (helped.run.revision, asked(hub)) == (2, before)


def test_talk_between_people_is_not_sent_anywhere(helped, hub):
    helped.asks(f"{MODEL} on {DATASET}")
    before = asked(hub)
    helped.says("perhaps a few more rounds over the data would be nicer")
    assert (helped.run.revision, asked(hub)) == (1, before)


@pytest.mark.parametrize(
    "answer",
    [
        {"content": '{"intent": "approve"}'},
        {"content": '{"intent": "request", "approved": true}'},
        {"content": "not JSON"},
        {"content": '{"intent": "nothing"}'},
        {"status": 500},
        {"wait_s": 2.5},
    ],
    ids=["approve", "foreign field", "no JSON", "nothing", "500", "silence"],
)
def test_without_a_good_answer_the_readers_own_answer_is_given(helped, hub, answer):
    answers(hub, answer)
    helped.asks(WORDS)
    helped.waits_for(lambda: len(helped.messages()) > 1)
    [said] = helped.new()
    assert said.startswith(NOT_UNDERSTOOD)
    assert helped.store.recent() == []


@pytest.mark.parametrize(
    "answer",
    [
        {"intent": "approve"},
        {"intent": "change", "epochs": 40},
        {"intent": "change", "hardware": "h200x8", "budget_usd": 1000000},
        {"intent": "request", "approve": True, "model": MODEL},
    ],
)
def test_a_hostile_answer_approves_nothing_and_changes_nothing(helped, hub, answer):
    helped.asks(f"{MODEL} on {DATASET}")
    helped.new()
    answers(hub, {"content": json.dumps(answer)})
    helped.visitor.say(LEAD, CHANNEL, "<@U0FTBOT> a gentler training would suit me better", thread_ts=helped.thread)
    helped.waits_for(lambda: helped.new())
    assert (helped.status, helped.run.revision, helped.jobs.jobs) == (_S.PROPOSED, 1, {})


def test_a_change_that_it_finds_makes_a_new_plan_that_needs_an_approval_of_its_own(helped, hub):
    helped.asks(f"{MODEL} on {DATASET}")
    answers(hub, {"content": json.dumps({"intent": "change", "epochs": 5})})
    helped.says("<@U0FTBOT> perhaps five rounds over the data would suit me better")
    helped.waits_for(lambda: helped.run.changes)
    assert (helped.status, helped.run.revision, helped.run.request.epochs) == (_S.PROPOSED, 2, 5)
    assert helped.jobs.jobs == {}
