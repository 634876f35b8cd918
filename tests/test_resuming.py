"""Going on from a checkpoint, in words: orders are read, talk is left alone, and only where a run is over."""

import time

import pytest

from bot.intake import parse
from bot.intake.commands import Nothing, Retry, ThreadContext
from tests.builders import make_request


def read(words: str, state: str = "failed"):
    return parse(words, thread=ThreadContext(state=state, plan=make_request()))


@pytest.mark.parametrize(
    "words",
    [
        "resume", "Resume!", "please resume it", "can you resume?", "resume training", "continue from the checkpoint",
        "pick up where it stopped", "carry on from where it left off", "ok go on", "resume from the last checkpoint",
        "let's continue the run", "weitermachen bitte", "reprends", "reanuda", "继续训练", "再開して",
    ],
)  # fmt: skip
def test_an_order_to_go_on_is_read_in_the_thread_of_a_run_that_ended_without_a_model(words):
    assert read(words) == Retry(resume=True)
    assert read(words, "awaiting_approval") != Retry(resume=True)
    assert read(words, "succeeded") != Retry(resume=True)


@pytest.mark.parametrize(
    ("words", "step"),
    [
        ("resume from step 400", 400),
        ("continue from step 1,200 please", 1200),
        ("go on from the checkpoint of step 64", 64),
        ("resume at step 8", 8),
    ],
)
def test_the_step_that_is_named_is_kept(words, step):
    assert read(words) == Retry(resume=True, step=step)


def test_a_change_beside_it_is_kept_so_that_it_can_be_refused():
    assert read("resume with lr 1e-5") == Retry(resume=True, changes={"learning_rate": 1e-5})


@pytest.mark.parametrize(
    "words",
    [
        "don't resume", "how do I resume?", "should we resume?", "let's continue this tomorrow",
        "resume writing the docs", "continue the discussion in the other channel",
        "go on, what happened then?", "if it fails again, resume",
    ],
)  # fmt: skip
def test_talk_is_no_order(words):
    assert not isinstance(read(words), Retry)


def test_the_command_takes_a_run_and_a_request_that_begins_like_it_stays_one():
    assert parse("/finetune resume 7qk2m9xa") == Retry(run="7QK2M9XA", resume=True)
    assert parse("/finetune resume") == Retry(resume=True)
    assert not isinstance(parse("/finetune continue training acme/x on acme/y, 2 epochs"), Retry)
    assert isinstance(parse("resume"), Nothing)


def test_a_long_text_that_begins_like_an_order_is_read_fast():
    before = time.perf_counter()
    for words in ("please " * 60 + "resume", "resume " + "the last checkpoint " * 40, "resume from " * 50):
        read(words[:380])
    assert time.perf_counter() - before < 1
