"""Whether a run learned anything: said in one sentence, and never more surely than its held-back rows allow."""

import math

import pytest

from bot.models import Method, Point
from bot.training import Outcome, outcome
from tests.builders import make_plan, make_progress, make_report


def judged(method: Method = Method.SFT, *, rows: int = 200, before=None, after=None) -> Outcome:
    plan = make_plan(method=method, eval_rows=rows)
    return outcome(plan, make_report(before=before or {}, after=after or {}), make_progress())


def test_a_loss_that_fell_means_that_it_learned():
    found = judged(before={"eval_loss": 2.31}, after={"eval_loss": 1.87})
    assert found == Outcome(
        level="better",
        text="It learned: on 200 rows that it did not train on, the loss fell from 2.31 to 1.87 (19 % lower).",
    )


def test_a_loss_that_rose_means_that_it_knows_its_examples_by_heart():
    found = judged(before={"eval_loss": 1.5}, after={"eval_loss": 1.8})
    assert found.level == "worse"
    assert "rose from 1.5 to 1.8" in found.text
    assert "fewer epochs or a lower learning rate" in found.text


@pytest.mark.parametrize(
    ("rows", "new", "level"),
    [
        (200, 1.99, "same"),
        (200, 1.97, "better"),
        (4, 1.97, "same"),
        (4, 1.95, "same"),
        (4, 1.8, "better"),
        (200, 2.01, "same"),
    ],
)
def test_the_fewer_rows_the_more_it_takes(rows, new, level):
    assert judged(rows=rows, before={"eval_loss": 2.0}, after={"eval_loss": new}).level == level


@pytest.mark.parametrize(
    ("rows", "new", "level"), [(8, 0.6, "same"), (400, 0.6, "better"), (400, 0.1, "worse"), (400, 0.33, "same")]
)
def test_a_reward_of_few_questions_is_within_noise(rows, new, level):
    found = judged(Method.GRPO, rows=rows, before={"eval_reward": 0.31, "eval_loss": 0.0}, after={"eval_reward": new})
    assert found.level == level
    assert ("within noise" in found.text) == (level == "same")


def test_a_reward_that_hardly_varies_is_told_from_noise_by_its_own_spread():
    numbers = {"eval_reward_std": 0.02}
    found = judged(Method.GRPO, rows=8, before={"eval_reward": 0.3} | numbers, after={"eval_reward": 0.4} | numbers)
    assert found.text == "It learned: on 8 questions that it did not train on, the mean reward rose from 0.3 to 0.4."


@pytest.mark.parametrize(
    ("rows", "right", "level"), [(100, 0.63, "better"), (20, 0.63, "same"), (100, 0.55, "same"), (100, 0.3, "worse")]
)
@pytest.mark.parametrize(
    ("method", "name"), [(Method.DPO, "eval_rewards/accuracies"), (Method.REWARD, "eval_accuracy")]
)
def test_pairs_are_compared_with_a_coin(method, name, rows, right, level):
    found = judged(method, rows=rows, before={"eval_loss": 0.69, name: 0.0}, after={"eval_loss": 0.6, name: right})
    assert found.level == level
    assert f"of {rows} pairs" in found.text


def test_preferences_without_their_accuracy_are_judged_by_the_loss():
    assert judged(Method.DPO, before={"eval_loss": 0.69}, after={"eval_loss": 0.6}).level == "better"
    assert judged(Method.KTO, before={"eval_loss": 0.5}, after={"eval_loss": 0.499}).level == "same"


@pytest.mark.parametrize("after", [{}, {"eval_loss": math.nan}, {"eval_loss": math.inf}])
def test_what_was_not_measured_twice_is_not_judged(after):
    found = judged(before={"eval_loss": 2.0}, after=after)
    assert found.level == "unknown"
    assert "the loss went from 2.21 (step 10) to 1.51" in found.text


def test_without_held_back_rows_nothing_is_claimed():
    plan = make_plan(eval_rows=0)
    one = make_progress(points=(Point(step=7, value=2.0),))
    assert outcome(plan, make_report(), one).text == (
        "I cannot say how much better it is: no rows were held back to measure it. Try it yourself."
    )
