"""What finished runs teach: robust, careful with one run, and never about other runs than those alike."""

import math
from datetime import timedelta

import pytest

from bot.models import Method, PastRun, Tuning
from bot.planning.learning import Lesson, learn, size_class
from tests.builders import NOW, make_model_info, make_past_run

MODEL = make_model_info()


def lesson(*past: PastRun, flavor: str = "l4x1") -> Lesson:
    return learn(past, MODEL, Method.SFT, Tuning.FULL, flavor)


def runs(*speeds: float) -> list[PastRun]:
    """Runs that were so many times as fast as predicted."""
    return [make_past_run(run_id=str(n), measured_tokens_per_s=1000 * speed) for n, speed in enumerate(speeds)]


def test_without_past_runs_nothing_is_corrected() -> None:
    assert lesson() == Lesson()


def test_one_run_alone_moves_the_prediction_by_less_than_half() -> None:
    found = lesson(*runs(0.5))

    assert 0.5 < found.speed < 1
    assert math.log(found.speed) > 0.5 * math.log(0.5)
    assert (found.runs, found.spread) == (1, None)


def test_several_runs_that_agree_decide_and_narrow_the_range() -> None:
    found = lesson(*runs(0.5, 0.52, 0.5, 0.48, 0.5, 0.51))

    assert found.speed == pytest.approx(0.5**0.8, rel=0.02)
    assert found.spread is not None
    assert found.spread < 1.3
    assert found.runs == 6


def test_one_odd_run_among_several_changes_little() -> None:
    steady, odd = lesson(*runs(0.8, 0.8, 0.8, 0.8)), lesson(*runs(0.8, 0.8, 0.8, 3.0))

    assert odd.speed == pytest.approx(steady.speed, rel=0.01)
    assert lesson(*runs(0.8, 0.8, 0.8, 0.001)).runs == 3


def test_runs_that_disagree_leave_the_range_wide() -> None:
    agreeing, not_agreeing = lesson(*runs(0.9, 1.0, 1.1)), lesson(*runs(0.5, 1.0, 2.0))

    assert agreeing.spread is not None
    assert not_agreeing.spread is not None
    assert agreeing.spread < 2 < not_agreeing.spread


@pytest.mark.parametrize(
    "other",
    [
        {"model_type": "llama"},
        {"parameters": 8_000_000_000},
        {"method": Method.DPO},
        {"tuning": Tuning.LORA},
        {"flavor": "a100-large"},
    ],
)
def test_other_kinds_of_runs_teach_nothing_about_speed(other: dict[str, object]) -> None:
    past = [make_past_run(run_id=str(n), measured_tokens_per_s=500.0, **other) for n in range(4)]

    assert (lesson(*past).runs, lesson(*past).speed) == (0, 1.0)


def test_start_up_is_learned_from_every_run_on_the_flavor() -> None:
    past = [
        make_past_run(run_id=str(n), model_type="llama", measured_startup_min=3.0, measured_tokens_per_s=None)
        for n in range(4)
    ]

    found = lesson(*past)

    assert found.startup_min == pytest.approx(6 * 0.5 ** (4 / 5.5), abs=0.1)
    assert lesson(*past[:1]).startup_min is None
    assert lesson(*past, flavor="h200").startup_min is None


def test_memory_is_corrected_upwards_freely_and_downwards_hardly() -> None:
    more = [make_past_run(run_id=str(n), measured_memory_gib=13.0) for n in range(6)]
    less = [make_past_run(run_id=str(n), measured_memory_gib=6.0) for n in range(6)]

    assert lesson(*more).memory == pytest.approx(1.3**0.8, rel=0.01)
    assert lesson(*less).memory == 0.95


def test_only_the_newest_runs_count() -> None:
    old = [
        make_past_run(run_id=f"o{n}", measured_tokens_per_s=500.0, ended_at=NOW - timedelta(days=30)) for n in range(20)
    ]

    assert lesson(*old, *runs(*[1.0] * 20)).speed == 1.0


def test_sizes_fall_into_classes() -> None:
    assert [size_class(int(billions * 1e9)) for billions in (0.1, 0.6, 1.7, 4, 8, 14, 32, 70)] == list(range(8))
