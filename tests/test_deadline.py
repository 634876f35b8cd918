"""When a script stops for its time limit, and how long it tries to push: the script's own code on a clock of ours."""

import ast
import signal
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from statistics import mean
from types import SimpleNamespace
from typing import Any

import pytest

from bot.models.job import ENDING_S, PUSH_BYTES_S
from bot.planning.price import tightest_timeout
from bot.training import render_script
from tests.scripts import plans

_WANTED = {
    "Checkpoints", "bytes_of", "seconds_left", "is_too_late_to_compare", "is_refusal", "push_until_it_is_there",
}  # fmt: skip
#: Bytes of weights and of AdamW's moments: Qwen3-8B in bfloat16, Qwen3-0.6B in float32, its adapters of rank 16.
SIZES = [(16.4e9, 32.8e9), (2.4e9, 4.8e9), (40e6, 80e6)]


class Refused(Exception):
    """Stands for the client's error: it has the Hub's answer."""

    def __init__(self, status: int) -> None:
        super().__init__(f"{status} from the Hub")
        self.response = SimpleNamespace(status_code=status)


class Script:
    """The parts of a rendered script that look at the time, started at second 0."""

    def __init__(self, timeout_s: float, weights: float = 0, moments: float = 0, *, plan: str = "sft") -> None:
        self.now, self.slept = 0.0, list[float]()
        self.reports = list[str]()
        tree = ast.parse(render_script(plans()[plan]))
        tree.body = [node for node in tree.body if getattr(node, "name", "") in _WANTED]
        self.names: dict[str, Any] = {
            "STARTED": 0.0, "TIMEOUT": timeout_s, "TrainerCallback": object, "HfHubHTTPError": Refused, "mean": mean,
            "deque": deque, "threading": threading, "ThreadPoolExecutor": ThreadPoolExecutor,
            "time": SimpleNamespace(time=lambda: self.now, sleep=self._sleep),
            "signal": SimpleNamespace(signal=lambda *_: None, SIGTERM=signal.SIGTERM),
            "report": lambda _, **said: self.reports.append(said["text"]),
        }  # fmt: skip
        exec(compile(tree, "train.py", "exec"), self.names)
        self.checkpoints = self.names["Checkpoints"](None, None)
        self.checkpoints.weights, self.checkpoints.moments = weights, moments

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def step(self, seconds: float) -> None:
        self.now += seconds
        self.checkpoints.steps.append(seconds)

    def train(self, steps: int, seconds: float) -> int:
        """Train until the end or until the time is up; returns the steps that are done."""
        for step in range(1, steps):
            self.step(seconds)
            if self.checkpoints.time_is_up(steps - step):
                return step
        self.step(seconds)
        return steps


@pytest.mark.parametrize(("weights", "moments"), SIZES)
@pytest.mark.parametrize(("steps", "seconds"), [(40, 90.0), (1000, 3.0), (30_000, 0.5)])
def test_the_tightest_time_limit_that_a_plan_may_have_is_enough_for_all_steps(
    weights: float, moments: float, steps: int, seconds: float
) -> None:
    startup = 600.0
    timeout = tightest_timeout((startup + steps * seconds) / 3600, weights)
    script = Script(timeout, weights, moments)
    script.now = startup
    assert script.train(steps, seconds) == steps
    assert script.now + 2 * weights / PUSH_BYTES_S <= timeout - ENDING_S


@pytest.mark.parametrize(("weights", "moments"), SIZES)
def test_a_training_that_is_too_long_stops_with_the_time_to_save_and_push_twice_as_slowly(
    weights: float, moments: float
) -> None:
    script = Script(2 * 3600, weights, moments)
    script.now = 600
    script.train(10_000, 5.0)
    left = 2 * 3600 - ENDING_S - script.now
    needed = 2 * (weights + moments) / PUSH_BYTES_S
    assert needed - 1 <= left < needed + 2 * 5.0


def test_the_first_step_warms_up_and_says_nothing_of_the_others() -> None:
    script = Script(3600, *SIZES[0])
    script.now = 300
    script.step(400)
    script.step(2)
    assert not script.checkpoints.time_is_up(1000)


def test_a_slow_start_stops_no_run_after_one_step_that_could_be_finished() -> None:
    script = Script(1200, *SIZES[0])  # a checkpoint takes 492 s: too late for one
    script.now = 660
    script.step(60)
    assert not script.checkpoints.time_is_up(10)
    script.step(5)
    assert not script.checkpoints.time_is_up(9)
    script.now = 1200
    script.checkpoints.steps.pop()
    assert script.checkpoints.time_is_up(10)


def test_one_step_that_leaves_no_time_for_another_and_a_checkpoint_is_the_last() -> None:
    script = Script(7200, *SIZES[1])  # a checkpoint takes 72 s
    script.now = 7200 - ENDING_S - 1200
    script.step(1100)
    assert script.checkpoints.time_is_up(10)


def test_what_comes_before_the_first_step_is_no_step() -> None:
    script = Script(3600)
    script.now = 700  # samples and an evaluation
    script.checkpoints.on_step_begin(None, None, None)
    assert script.checkpoints.step_ended == 700
    script.step(3)
    script.now = 800
    script.checkpoints.on_step_begin(None, None, None)
    assert script.checkpoints.step_ended == 700, "later steps are counted with what lies between them"


def test_what_was_measured_replaces_the_guess() -> None:
    early, late = Script(7200, *SIZES[1]), Script(7200, *SIZES[1])
    early.checkpoints.pace = 4 / PUSH_BYTES_S
    assert early.train(10_000, 5.0) < late.train(10_000, 5.0) - 50


def test_what_is_too_late_to_stop_and_can_be_finished_is_finished() -> None:
    script = Script(3600, *SIZES[0])  # the model takes 164 s to push, a checkpoint 492 s
    for _ in range(5):
        script.step(10)
    script.now = 3600 - ENDING_S - 300
    assert not script.checkpoints.time_is_up(10)  # 100 s of steps and 164 s: only just
    script.now += 40
    assert script.checkpoints.time_is_up(10)


@pytest.mark.parametrize(("rank", "stops"), [(0, True), (1, False)])
def test_of_several_processes_the_one_that_pushes_decides_that_the_time_is_up(rank: int, stops: bool) -> None:
    script = Script(3600, *SIZES[0], plan="sft_fsdp_resumed")
    script.names |= {
        "RANK": rank, "largest": int, "shutil": SimpleNamespace(disk_usage=lambda _: SimpleNamespace(free=1e15)),
    }  # fmt: skip
    for _ in range(3):
        script.step(10)
    script.now = 3000
    control = SimpleNamespace(should_save=False, should_training_stop=False)
    script.checkpoints.on_step_end(None, SimpleNamespace(global_step=4, max_steps=1000), control)
    assert (control.should_save, control.should_training_stop) == (stops, stops)


def test_the_model_is_compared_only_if_that_ends_in_time() -> None:
    script = Script(3600)
    signals = SimpleNamespace(measured={"before": {"eval_runtime": 300.0}})
    script.now = 3600 - ENDING_S - 301
    assert not script.names["is_too_late_to_compare"](signals)
    script.now += 2
    assert script.names["is_too_late_to_compare"](signals)
    signals.measured["before"] = {}
    assert not script.names["is_too_late_to_compare"](signals)


def test_a_push_is_tried_again_with_longer_pauses_as_long_as_there_is_time() -> None:
    script, left = Script(900), iter(range(7))

    def push() -> str:
        if next(left) < 6:
            raise ConnectionError("no route")
        return "commit"

    assert script.names["push_until_it_is_there"]("The model", push) == "commit"
    assert script.slept == [5, 10, 20, 40, 60, 60]
    assert script.reports[0] == "The model was not pushed yet, trying again: no route"


def test_a_push_is_given_up_at_the_time_limit() -> None:
    script = Script(900)

    def push() -> None:
        raise Refused(503)

    with pytest.raises(Refused):
        script.names["push_until_it_is_there"]("The model", push)
    assert 840 <= script.now <= 900


@pytest.mark.parametrize("status", [401, 402, 403, 404, 413, 422])
def test_a_definite_refusal_is_not_asked_again(status: int) -> None:
    script = Script(900)

    def push() -> None:
        raise Refused(status)

    with pytest.raises(Refused):
        script.names["push_until_it_is_there"]("The model", push)
    assert script.slept == []
