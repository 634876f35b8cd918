"""What people wonder about in a thread: other hardware by name and price, their own data, and what nobody foresaw."""

import pytest

from bot.planning import FALLBACK_FLAVORS
from bot.states import RunStatus
from tests.builders import ASKER, BOT, LEAD
from tests.conversations.driver import MODEL

_S = RunStatus
ASK = "Qwen/Qwen3-0.6B on tunesmith-lab/tiny-chat, 1 epoch"


@pytest.fixture
def talk(talk):
    talk.jobs.hardware = list(FALLBACK_FLAVORS)
    return talk


@pytest.fixture
def waiting(talk):
    talk.asks(ASK)
    talk.new()
    return talk


def test_a_bigger_gpu_is_offered_by_name_with_its_price_and_time_and_a_name_chooses_it(waiting):
    here = waiting.run.plan.flavor
    waiting.says("use a bigger gpu")
    [said] = waiting.new()
    assert f"The plan is for `{here.name}`" in said
    larger = [fit for fit in waiting.run.plan.fitting if fit.gpu and fit.memory_gb > here.vram_gb / here.gpus]
    first = min(larger, key=lambda fit: (fit.gpus, fit.price_usd_hour))
    assert (
        f"•  `{first.flavor}`: {first.gpu} with {first.memory_gb:.0f} GB at ${first.price_usd_hour:.2f} an hour" in said
    )
    assert f"Say which, such as `use {first.flavor}`" in said
    assert waiting.run.revision == 1
    waiting.says(f"use {first.flavor}")
    assert (waiting.run.revision, waiting.run.plan.flavor.name) == (2, first.flavor)


@pytest.mark.parametrize(
    ("words", "less"),
    [("use a cheaper gpu", "cost_usd"), ("make it faster", "hours"), ("a faster gpu pls", "hours")],
)
def test_what_is_offered_grants_the_wish(waiting, words, less):
    plan = waiting.run.plan
    waiting.says(words)
    [said] = waiting.new()
    offered = [fit for fit in plan.fitting if f"•  `{fit.flavor}`" in said]
    assert all(getattr(fit, less) < getattr(plan.estimate, less) for fit in offered)
    assert offered or "I know of no hardware" in said


def test_a_bigger_gpu_below_a_failure_is_offered_and_not_the_same_again(talk):
    talk.asks(ASK)
    talk.clicks(talk.button("Approve"), LEAD)
    talk.trains()
    talk.says("cancel")
    talk.pass_minutes(1)
    assert talk.run.is_final
    talk.new()
    talk.says("use a bigger gpu")
    assert any("It also fits on" in said for said in talk.new())
    assert len(talk.store.recent(10)) == 1


def test_data_of_ones_own_are_asked_for_with_the_way_to_bring_them(talk):
    talk.asks(f"fine-tune {MODEL} on our own support tickets")
    assert (talk.status, talk.run.question.field) == (_S.DRAFTING, "dataset")
    asked = talk.new()[-1]
    assert "Where is the data that you speak of?" in asked
    assert "hf upload" in asked
    assert "--repo-type dataset --private" in asked
    talk.says("tunesmith-lab/tiny-chat")
    assert talk.status is _S.PROPOSED


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("why is it so cheap?", "an hour"),
        ("how good will it be?", "Nobody can say before"),
        ("is my data safe?", "never trained on"),
    ],
)
def test_a_question_that_is_clearly_about_the_run_needs_no_mention(waiting, words, answer):
    waiting.says(words)
    [said] = waiting.new()
    assert answer in said
    assert waiting.run.revision == 1


def test_whoever_mentions_the_bot_always_gets_something_of_use(waiting):
    waiting.says(f"<@{BOT}> how about the weather on the moon?")
    [said] = waiting.new()
    assert "The run waits for approval. Expected " in said
    assert "“Why this plan” every sum" in said
    waiting.says(f"<@{BOT}>")
    assert len(waiting.new()) == 1
    assert (waiting.status, waiting.run.revision) == (_S.PROPOSED, 1)


@pytest.mark.parametrize("words", ["what do you think about it?", "shall we have lunch?", "they said it is fine"])
def test_what_colleagues_say_to_each_other_is_not_answered(waiting, words):
    waiting.says(words)
    assert waiting.new() == []


def test_the_card_names_who_switched_and_credits_nobody_else(waiting):
    switch = waiting.button("Switch to")
    waiting.clicks(switch, LEAD)
    assert waiting.run.revision == 2
    card = waiting.messages()[1]["blocks"][1]["text"]["text"]
    assert f"<@{ASKER}> asked, <@{LEAD}> changed it since: “" in card
