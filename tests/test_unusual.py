"""Settings far from the usual are said before they cost anything, with the usual value and what is likely to happen."""

from typing import Any

import pytest

from bot.models import Method
from tests.builders import make_dataset_info, make_model_info
from tests.test_plan import TINY, plan, texts

BIG = make_model_info(repo_id="acme/big", parameters=7_000_000_000)
PAIRS = make_dataset_info(
    features={name: {"dtype": "string", "_type": "Value"} for name in ("prompt", "chosen", "rejected")},
    rows=({"prompt": "2 + 2?", "chosen": "4", "rejected": "5"},),
)


def warned(said: dict[str, Any], word: str, **facts: Any) -> list[str]:
    return [text for text in texts(plan(said, **facts), "warning") if word in text]


@pytest.mark.parametrize(
    ("said", "facts", "usual", "times"),
    [
        ({"learning_rate": 0.1}, {}, "2e-5", "5,000 times 2e-5"),
        ({"learning_rate": 4e-4}, {}, "2e-5", "20 times 2e-5"),
        ({"learning_rate": 0.01, "lora": True}, {}, "2e-4", "50 times 2e-4"),
        ({"learning_rate": 0.01}, {"model": BIG}, "2e-4", "50 times 2e-4"),
        ({"learning_rate": 2e-4, "method": Method.DPO}, {"dataset": PAIRS}, "5e-7", "400 times 5e-7"),
        ({"learning_rate": 1.0}, {"model": TINY}, "0.002", "500 times 0.002"),
    ],
)
def test_a_learning_rate_far_above_the_usual_is_warned_of(said, facts, usual, times):
    [words] = warned(said, "Learning rate", **facts)
    assert times in words
    assert "rises or becomes NaN" in words
    assert words.endswith(f"Say lr={usual} unless you know better.")


def test_a_learning_rate_far_below_the_usual_teaches_nothing():
    [words] = warned({"learning_rate": 1e-8}, "Learning rate")
    assert "2,000 times lower than 2e-5" in words
    assert "learns next to nothing" in words


@pytest.mark.parametrize("rate", [1e-6, 1e-5, 5e-5, 2e-4])
def test_learning_rates_of_published_recipes_are_no_news(rate):
    assert warned({"learning_rate": rate}, "Learning rate") == []


def test_what_nobody_named_is_never_far_from_the_usual():
    assert texts(plan(model=TINY), "warning") == []
    assert texts(plan(), "warning") == []


@pytest.mark.parametrize("said", [{"epochs": 40}, {"max_steps": 10_500}])
def test_many_passes_over_the_same_rows_are_learned_by_heart(said):
    [words] = warned(said, "by heart")
    assert "rows 40 times" in words or "rows 42 times" in words


@pytest.mark.parametrize("said", [{"epochs": 3}, {"epochs": 10}, {"max_steps": 500}])
def test_a_few_passes_are_no_news(said):
    assert warned(said, "by heart") == []


def test_a_batch_larger_than_the_data_is_warned_of():
    few = make_dataset_info(splits={"train": 40})
    [words] = warned({"batch_size": 8, "grad_accum": 16}, "One optimizer step takes", dataset=few)
    assert "128 rows, and there are only 40" in words
    assert warned({"batch_size": 4}, "One optimizer step takes", dataset=few) == []


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"warmup_ratio": 0.9}, "warmup_ratio 0.9 is far from the usual 0.03 to 0.1"),
        ({"weight_decay": 5}, "weight_decay 5 is far from"),
        ({"lora": True, "lora_dropout": 0.9}, "lora_dropout 0.9 is far from"),
        ({"lora": True, "lora_r": 8, "lora_alpha": 1024}, "LoRA alpha 1,024 is 128 times the rank"),
    ],
)
def test_other_settings_far_from_the_usual_are_named_with_the_usual(said, words):
    assert len(warned(said, words)) == 1


def test_a_beta_is_judged_by_its_method():
    assert warned({"beta": 50, "method": Method.DPO}, "beta 50 is far from the usual 0.1 to 0.5", dataset=PAIRS)
    assert not warned({"beta": 0.1, "method": Method.DPO}, "far from", dataset=PAIRS)
    assert not warned({"beta": 50}, "far from")
