"""Questions in a run's thread get one short right answer; decisions out of turn hear why nothing was decided."""

import pytest

from bot.states import RunStatus
from tests.builders import ASKER, LEAD

_S = RunStatus
ASK = "Qwen/Qwen3-0.6B on tunesmith-lab/tiny-chat, 1 epoch"


@pytest.fixture
def waiting(talk):
    talk.asks(ASK)
    talk.new()
    return talk


@pytest.fixture
def training(talk):
    talk.asks(ASK)
    talk.clicks(talk.button("Approve"), LEAD)
    talk.trains()
    assert talk.status is _S.RUNNING
    talk.new()
    return talk


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("what gpu does it use", "`a10g-large` · 1 × A10G · $1.50 an hour"),
        ("what is lora", "LoRA trains a small adapter beside the model"),
        ("who can approve?", "the person who asked may approve, or an approver. Approvers: <@U0LEAD>."),
        ("how many epochs?", "1 epoch · "),
        ("what's the learning rate?", "Learning rate: `2e-5`. I chose it:"),
        ("is it private?", "private"),
        ("where will the model be saved?", "In `tunesmith-lab/"),
        ("when does it expire?", "The plan expires"),
        ("what happens if I approve?", "At the end this thread gets the link to the model."),
    ],
)
def test_a_question_about_a_plan_gets_one_short_answer(waiting, question, answer):
    waiting.says(question)
    [said] = waiting.new()
    assert answer in said
    assert len(said) < 420
    assert (waiting.status, waiting.run.revision) == (_S.PROPOSED, 1)


def test_how_long_and_how_much_follow_the_run_through_its_life(talk):
    talk.asks(ASK)
    talk.new()
    plan = talk.run.plan
    talk.says("how long will it take?")
    talk.says("how much does it cost?")
    time, price = talk.new()
    assert "It is stopped after" in time
    assert price.startswith("Expected ")
    assert f"at most ${plan.ceiling_usd:.2f}" in price
    talk.clicks(talk.button("Approve"), LEAD)
    talk.trains()
    talk.new()
    talk.says("how long?")
    talk.says("how much did it cost")
    time, price = talk.new()
    assert "to go" in time
    assert "so far. It costs at most" in price


def test_an_explanation_says_what_this_run_has(waiting):
    waiting.says("what's an epoch?")
    [said] = waiting.new()
    assert said.startswith("An epoch is one pass through all rows")
    assert "In this run: 1 epoch" in said


def test_a_price_with_a_change_in_it_tells_how_to_see_it(waiting):
    waiting.says("how much would 5 epochs cost?")
    [said] = waiting.new()
    assert "That is for the plan as it stands. Say it as a change to see the price with epochs `5`" in said
    assert waiting.run.revision == 1


def test_reject_on_a_job_that_trains_says_how_to_stop_it_and_stops_nothing(training):
    training.says("reject")
    [told] = training.told(ASKER)
    assert "is training already." in told
    assert "To stop it, write `cancel`" in told
    assert (training.status, training.run.cancel_requested_by) == (_S.RUNNING, None)


def test_approve_on_a_job_that_trains_says_why_not(training):
    training.says("approve", LEAD)
    [told] = training.told(LEAD)
    assert "There is nothing left to approve" in told


@pytest.mark.parametrize("words", ["yes", "no", "ok", "approved, nice", "nope, not yet"])
def test_what_people_say_to_each_other_while_it_trains_decides_nothing_and_is_not_answered(training, words):
    training.says(words)
    assert (training.status, training.new(), training.told(ASKER)) == (_S.RUNNING, [], [])


def test_reject_before_there_is_a_plan_drops_the_request(talk):
    talk.asks("fine-tune Qwen/Qwen3-0.6B")
    talk.says("reject")
    assert talk.status is _S.CANCELED


def test_what_is_said_to_the_bot_and_means_nothing_is_answered_with_what_would(waiting):
    waiting.says("<@U0FTBOT> abracadabra hocus")
    [said] = waiting.new()
    assert said.startswith("I did not understand that. The run waits for approval. Expected")
    waiting.says("<@U0FTBOT> thanks!")
    assert waiting.new() == []


def test_a_word_is_explained_outside_of_threads_too(talk):
    talk.asks("what is qlora?")
    [said] = talk.new()
    assert said.startswith("QLoRA is LoRA on a base model that is held in 4 bits")


def test_a_question_about_a_run_outside_of_its_thread_asks_for_the_thread(talk):
    talk.asks("what gpu does it use?")
    [said] = talk.new()
    assert "I cannot tell which run you mean" in said
