"""Log lines become progress: ours, transformers' own, cut, doubled and mixed with bars."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.models import Point, Progress
from bot.training import read_progress
from bot.training.progress import MAX_POINTS, MAX_WARNINGS, WARNING_LENGTH, thin


def event(ev: str, t: float = 0.0, **values: Any) -> str:
    return "@@TUNESMITH " + json.dumps({"ev": ev, "t": 1000.0 + t, **values})


def log(step: int, loss: float, **values: Any) -> str:
    t = values.pop("t", 2.0 * step)
    return event("log", t, step=step, epoch=step / 50, metrics={"loss": loss, **values})


BEGIN = event("begin", max_steps=100, epochs=2)
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def test_a_metric_that_is_no_number_is_named_in_words() -> None:
    text = "Not a number in the evaluation at step 60: eval_entropy, eval_mean_token_accuracy, rewards/margins."
    once = read_progress([BEGIN, event("warning", kind="nan", text=text)], Progress())
    said = "Not a number in the evaluation at step 60: entropy, mean token accuracy, rewards margins."
    assert once.warnings == (said,)
    assert read_progress([event("warning", kind="nan", text=text)], once).warnings == (said,)


def test_nothing_read_changes_nothing() -> None:
    before = Progress(step=3, points=(Point(step=3, value=1.0),))
    assert read_progress([], before) == before
    assert read_progress(["Installed 69 packages", "", "Map: 100%|####| 3/3 [00:00<00:00]"], before) == before


def test_a_whole_run_is_read() -> None:
    lines = [
        BEGIN,
        log(10, 3.0, learning_rate=1e-4, num_tokens=500),
        "{'loss': '3', 'epoch': '0.2'}",
        event("save", 15, step=10),
        event("log", 40, step=20, epoch=0.4, metrics={"loss": 1.5, "mean_token_accuracy": 0.7}, tokens_per_second=88.5),
        event("end", 50, step=20, metrics={"train_loss": 2.25, "train_runtime": 50.0, "epoch": 0.4}, commit=COMMIT),
    ]
    assert read_progress(lines, Progress()) == Progress(
        step=20,
        max_steps=100,
        epoch=0.4,
        points=(Point(step=10, value=3.0), Point(step=20, value=1.5)),
        metrics={"mean_token_accuracy": 0.7, "train_loss": 2.25, "train_runtime": 50.0},
        seconds_per_step=2.0,
        tokens_per_second=88.5,
        saved_step=20,
        saved_commit=COMMIT,
        pushed=True,
        ended=True,
    )


def test_overlapping_tails_read_like_one_log() -> None:
    lines = [BEGIN, *(log(step, 5 / step) for step in range(1, 41))]
    whole = read_progress(lines, Progress())
    grown = Progress()
    for end in range(1, len(lines) + 1):
        grown = read_progress(lines[max(0, end - 15) : end], grown)
        assert read_progress(lines[max(0, end - 15) : end], grown) == grown
    assert grown.points == whole.points
    assert (grown.step, grown.epoch, grown.max_steps) == (40, 0.8, 100)
    assert grown.seconds_per_step == pytest.approx(2.0)


@given(cuts=st.lists(st.integers(1, 300), max_size=8))
@settings(max_examples=30, deadline=None)
def test_reading_twice_never_changes_anything(cuts: list[int]) -> None:
    lines = [BEGIN, *(log(step, 5 / step) for step in range(1, 300))]
    progress = Progress()
    for end in sorted(cuts):
        progress = read_progress(lines[:end], progress)
        assert read_progress(lines[:end], progress) == progress
        assert len(progress.points) <= MAX_POINTS


def test_a_job_that_starts_again_begins_a_new_curve() -> None:
    first = read_progress([BEGIN, log(10, 3.0), log(20, 2.0)], Progress())
    again = read_progress([log(20, 2.0), event("begin", 90, max_steps=50, epochs=1), log(5, 4.0, t=100)], first)
    assert again.points == (Point(step=5, value=4.0),)
    assert (again.step, again.max_steps) == (5, 50)


def test_the_curve_of_grpo_is_the_reward() -> None:
    progress = read_progress([BEGIN, log(1, 0.0, reward=0.25, reward_std=0.1), log(2, 0.0, reward=0.5)], Progress())
    assert progress.metric == "reward"
    assert (progress.first, progress.last) == (0.25, 0.5)
    assert "reward" not in progress.metrics


def test_the_curve_keeps_its_ends_and_stays_even() -> None:
    points = thin([Point(step=step, value=step) for step in range(1, 1001)])
    assert len(points) == MAX_POINTS
    assert (points[0].step, points[-1].step) == (1, 1000)
    gaps = [right.step - left.step for left, right in pairwise(points)]
    assert max(gaps) <= 4 * min(gaps)


def test_warnings_are_told_once() -> None:
    line = event("warning", kind="zero_reward_spread", text="All answers get the same reward.")
    once = read_progress([line, BEGIN, line], Progress())
    assert once.warnings == ("All answers get the same reward.",)
    assert read_progress([line], once).warnings == once.warnings


def test_a_warning_is_told_without_secrets() -> None:
    token = "hf_" + "AbCdEfGhIj" * 3
    where = "https://x.example/f?X-Amz-Credential=AKIA12&X-Amz-Signature=deadbeefdeadbeef&partNumber=1"
    line = event("warning", kind="other", text=f"403 for {where} with\n  {token}")
    assert read_progress([BEGIN, line], Progress()).warnings == (
        "403 for https://x.example/f?X-Amz-Credential=***&X-Amz-Signature=***&partNumber=1 with hf_***",
    )


@pytest.mark.parametrize("name", ["Signature", "Policy", "Key-Pair-Id", "sig", "X-Amz-Security-Token"])
def test_what_signs_an_address_is_hidden(name: str) -> None:
    line = event("warning", text=f"GET https://cdn.example/model?Expires=1&{name}=s3cr3t~x_ failed")
    assert read_progress([line], Progress()).warnings == (f"GET https://cdn.example/model?Expires=1&{name}=*** failed",)


def test_two_hundred_failed_pushes_are_one_warning() -> None:
    lines = [
        event("warning", kind="push", text=f"The checkpoint of step {step} was not pushed: 503 (Request ID: r{step})")
        for step in range(10, 2010, 10)
    ]
    progress = Progress()
    for start in range(0, 200, 50):
        progress = read_progress(lines[start : start + 80], progress)
    assert progress.warnings == ("A checkpoint was not pushed at once; it is tried again.",)


def test_a_push_of_the_model_that_is_tried_again_is_one_warning_however_often() -> None:
    lines = [
        event("warning", kind="push", text=f"The model was not pushed yet, trying again: 503 (Request ID: r{number})")
        for number in range(20)
    ]
    assert read_progress(lines, Progress()).warnings == (
        "The trained model was not pushed at once; it is tried again until the time limit.",
    )


def test_a_model_that_is_on_the_hub_is_known_before_the_end() -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    pushed = read_progress([BEGIN, event("pushed", step=9, commit=commit)], Progress())
    assert (pushed.pushed, pushed.ended) == (True, False)
    assert (pushed.step, pushed.saved_step, pushed.saved_commit) == (9, 9, commit)
    ended = read_progress([event("end", step=9, commit=commit, metrics={"train_loss": 1.5})], pushed)
    assert (ended.pushed, ended.ended, ended.metrics) == (True, True, {"train_loss": 1.5})


def test_warnings_are_short_and_few_and_the_first_ones_stay() -> None:
    lines = [event("warning", text=f"{number} " + "y" * 900) for number in range(200)]
    progress = read_progress(lines[:50], Progress())
    assert [warning.split()[0] for warning in progress.warnings] == [str(number) for number in range(MAX_WARNINGS)]
    assert {len(warning) for warning in progress.warnings} == {WARNING_LENGTH}
    assert read_progress(lines[100:], progress).warnings == progress.warnings


def test_a_cut_or_foreign_line_is_passed_over() -> None:
    lines = [BEGIN, log(10, 3.0)[:-9], "@@TUNESMITH {}", '@@TUNESMITH ["ev"]', event("log"), event("log", step="x")]
    assert read_progress(lines, Progress()) == Progress(max_steps=100)


def test_a_bar_before_our_line_does_not_hide_it() -> None:
    lines = [f"Loading weights: 100%|####| 24/24 [00:00<00:00]\r{BEGIN}", log(10, 3.0)]
    assert read_progress(lines, Progress()).points == (Point(step=10, value=3.0),)


def test_pace_needs_two_logs() -> None:
    assert read_progress([BEGIN, log(10, 3.0)], Progress()).seconds_per_step is None


def test_nan_in_a_line_of_ours_is_no_point() -> None:
    line = '@@TUNESMITH {"ev": "log", "t": 5.0, "step": 10, "epoch": 0.1, "metrics": {"loss": NaN, "entropy": 1.5}}'
    progress = read_progress([BEGIN, line], Progress())
    assert progress.points == ()
    assert progress.metrics == {"entropy": 1.5}


def test_printed_lines_of_transformers_5_are_read() -> None:
    lines = [
        "{'loss': '5.812', 'grad_norm': '3.343', 'learning_rate': '2e-05', 'epoch': '0.5'}",
        "{'loss': '4.1', 'grad_norm': '2.5', 'learning_rate': '1e-05', 'epoch': '1'}",
        "{'train_runtime': '8', 'train_samples_per_second': '9', 'train_steps_per_second': '5', "
        "'train_loss': '4.956', 'epoch': '1'}",
    ]
    progress = read_progress(lines, Progress())
    assert progress.points == (Point(step=20, value=5.812), Point(step=40, value=4.1))
    assert (progress.step, progress.max_steps, progress.epoch, progress.ended) == (40, 40, 1.0, True)
    assert progress.metrics["train_loss"] == 4.956
    assert read_progress(lines, progress) == progress


def test_printed_lines_of_transformers_4_are_read_with_their_nan() -> None:
    progress = read_progress(["{'loss': 0.0, 'grad_norm': nan, 'learning_rate': 1e-05, 'epoch': 0.53}"], Progress())
    assert progress.points == (Point(step=1, value=0.0),)
    assert progress.warnings == ("A number of the training became NaN: the model is most likely of no use.",)


def test_the_bar_tells_the_step_of_a_printed_line() -> None:
    lines = [
        "  7%|#         | 10/150 [00:00<00:09, 14.08it/s]\r          \r{'loss': '3.1', 'epoch': '1.2'}",
        " 13%|##        | 20/150 [00:01<00:08, 14.08it/s]\r          \r{'loss': '2.0', 'epoch': '2.5'}",
    ]
    progress = read_progress(lines, Progress())
    assert progress.points == (Point(step=10, value=3.1), Point(step=20, value=2.0))
    assert progress.max_steps == 150


def test_the_bars_of_other_work_are_no_steps() -> None:
    lines = ["Loading weights: 100%|####| 24/24 [00:00<00:00, 10730.55it/s]", "{'loss': '3.1', 'epoch': '1.2'}"]
    progress = read_progress(lines, Progress())
    assert (progress.step, progress.max_steps) == (1, None)


def test_printed_evaluations_are_metrics_and_no_points() -> None:
    lines = ["{'loss': '3.1', 'epoch': '1'}", "{'eval_loss': '2.9', 'eval_runtime': '0.1', 'epoch': '1.5'}"]
    progress = read_progress(lines, Progress())
    assert progress.points == (Point(step=1, value=3.1),)
    assert progress.metrics["eval_loss"] == 2.9


def test_the_last_hour_is_predicted_from_the_pace() -> None:
    progress = read_progress([BEGIN, log(10, 3.0), log(20, 2.0)], Progress())
    assert progress.eta_s == pytest.approx(160.0)


def test_an_evaluation_is_kept_as_before_or_after() -> None:
    lines = [
        BEGIN,
        event("evaluation", step=0, metrics={"eval_loss": 5.5, "eval_runtime": 0.1, "epoch": 0}),
        log(10, 3.0),
        event("evaluation", 30, step=10, metrics={"eval_loss": 2.5, "eval_samples_per_second": 9.0}),
    ]
    progress = read_progress(lines, Progress())
    assert (progress.before, progress.after) == ({"eval_loss": 5.5}, {"eval_loss": 2.5})
    assert read_progress(lines[-1:], progress) == progress
    assert progress.points == (Point(step=10, value=3.0),)


def test_the_summary_brings_samples_memory_and_speed() -> None:
    token = "hf_" + "AbCdEfGhIj" * 3
    sample = {"prompt": "2 + 2?", "base": "x" * 900, "tuned": f"4 {token}"}
    end = event(
        "end", step=9, before={"eval_loss": 3.0}, after={"eval_loss": 1.0}, samples=[sample, {"prompt": 1}, "none"],
        memory_gib={"gpu_allocated": 11.5, "gpu_reserved": 12.25}, tokens_per_second=1234.5,
    )  # fmt: skip
    progress = read_progress([BEGIN, end], Progress())
    assert [(one.prompt, len(one.base), one.tuned) for one in progress.samples] == [("2 + 2?", 300, "4 hf_***")]
    assert progress.memory_gib == {"gpu_allocated": 11.5, "gpu_reserved": 12.25}
    assert progress.tokens_per_second == 1234.5
    assert (progress.before, progress.after) == ({"eval_loss": 3.0}, {"eval_loss": 1.0})


def test_a_checkpoint_is_known_by_its_commit() -> None:
    lines = [BEGIN, event("save", step=10, commit=COMMIT), event("save", step=20, commit="rm -rf /")]
    assert read_progress(lines[:2], Progress()).saved_commit == COMMIT
    progress = read_progress(lines, Progress())
    assert (progress.saved_step, progress.saved_commit) == (20, None)


@pytest.mark.parametrize(("said", "read"), [("deadline", "deadline"), ("signal", "signal"), (7, "signal")])
def test_a_stop_before_the_end_is_no_end(said: Any, read: str) -> None:
    lines = [BEGIN, log(10, 3.0), event("save", step=12, commit=COMMIT), event("stopped", step=12, reason=said)]
    progress = read_progress(lines, Progress())
    assert (progress.stopped, progress.ended, progress.step, progress.saved_commit) == (read, False, 12, COMMIT)


def test_stepping_aside_names_the_other_job() -> None:
    assert read_progress([event("fenced", by="6924b0c0f00dfeed")], Progress()).fenced_by == "6924b0c0f00dfeed"


def test_a_resumed_run_begins_where_the_other_stopped() -> None:
    begin = event("begin", step=40, max_steps=100, epochs=2)
    assert read_progress([begin], Progress()).step == 40
    progress = read_progress([begin, log(41, 2.0)], Progress())
    assert (progress.step, progress.points) == (41, (Point(step=41, value=2.0),))
