"""Runs side by side: of one method and of several, finished, failed and never planned."""

import math
from typing import Any

from bot.models import Method, Point, Run
from bot.states import RunStatus
from handlers.views.compare import comparison
from tests.block_kit import check_blocks
from tests.builders import make_dataset_info, make_diagnosis, make_plan, make_progress, make_report, make_run

_S = RunStatus


def named(name: str, status: RunStatus = _S.SUCCEEDED, **changes: Any) -> Run:
    return make_run(status, id=f"01kaxyz0000000000{name}", **changes)


def rewarded(name: str) -> Run:
    rising = tuple(Point(step=step, value=step / 500) for step in range(10, 200, 10))
    return named(
        name, plan=make_plan(method=Method.GRPO), progress=make_progress(metric="reward", points=rising, step=525),
        report=make_report(before={"eval_loss": 0.0, "eval_reward": 0.1}, after={"eval_loss": 0.0, "eval_reward": 0.5}),
    )  # fmt: skip


def charts(*runs: Run) -> list[tuple[str, list[str]]]:
    drawn = [block for block in comparison(runs).blocks if block["type"] == "data_visualization"]
    return [(block["title"], [series["name"] for series in block["chart"]["series"]]) for block in drawn]


def said(*runs: Run) -> str:
    message = comparison(runs)
    assert check_blocks(message.blocks, "message") == []
    return str([block for block in message.blocks if block["type"] != "data_visualization"])


def test_a_loss_and_a_reward_get_a_chart_each_and_are_not_compared():
    one, two = (
        named("aaaaaaaaa", report=make_report(before={"eval_loss": 2.0}, after={"eval_loss": 1.5})),
        rewarded("bbbbbbbbb"),
    )
    assert charts(one, two) == [("Loss of run aaaaaaaa", ["aaaaaaaa"]), ("Reward of run bbbbbbbb", ["bbbbbbbb"])]
    assert "a loss should fall, a reward should rise" in said(one, two)
    assert "at the end" not in said(one, two)
    assert charts(one, named("ccccccccc")) == [("Loss side by side", ["aaaaaaaa", "cccccccc"])]
    assert "should rise" not in said(one, named("ccccccccc"))


def test_what_differs_between_two_runs_of_a_method_are_dollars_time_and_evaluation_too():
    one = named("aaaaaaaaa", report=make_report(before={"eval_loss": 2.0}, after={"eval_loss": 1.5}))
    two = named(
        "bbbbbbbbb",
        report=make_report(before={"eval_loss": 2.0}, after={"eval_loss": 1.3}, cost_usd=1.3, running_s=3120.0),
    )
    told = said(one, two)
    assert "spent `~$0.65` → `~$1.30`" in told
    assert "ran for `26 min` → `52 min`" in told
    assert "evaluation loss at the end `1.5` → `1.3`" in told
    assert "~$0.65 spent, ~$0.63 expected" in told


def test_runs_of_other_data_are_not_said_to_be_better_or_worse():
    other = named("bbbbbbbbb", plan=make_plan(dataset=make_dataset_info(repo_id="acme/other")))
    assert "Their base models or their data differ" in said(named("aaaaaaaaa"), other)


def test_a_failed_run_says_why_and_how_far_it_came():
    lost = (Point(step=10, value=2.0), Point(step=20, value=math.nan))
    failed = named(
        "bbbbbbbbb", _S.FAILED, diagnosis=make_diagnosis(kind="nan_loss", cause="The loss became NaN."),
        progress=make_progress(step=20, points=lost),
    )  # fmt: skip
    told = said(named("aaaaaaaaa"), failed)
    assert "The loss became NaN." in told
    assert "step 20 of 525" in told
    assert charts(named("aaaaaaaaa"), failed) == [("Loss of run aaaaaaaa", ["aaaaaaaa"])]
    assert "never planned" in said(named("aaaaaaaaa"), named("ccccccccc", _S.REFUSED))
    assert "There is no model named" in said(named("aaaaaaaaa"), named("ccccccccc", _S.REFUSED))


def test_four_runs_with_the_longest_words_fit_into_a_message():
    long = make_diagnosis(cause="<@U1> & " * 200)
    runs = [
        named(f"{letter * 9}", _S.FAILED, diagnosis=long, progress=make_progress(metric="<!here>" * 30))
        for letter in "abcd"
    ]
    assert len(comparison(runs).text) < 4000
    assert said(*runs)
