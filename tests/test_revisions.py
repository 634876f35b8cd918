"""Changes of a plan in its thread: absolute, relative, and answers to the bot's question."""

from typing import Any

import pytest

from bot.intake import parse
from bot.intake.commands import Nothing, Refusal, Reject, Revise, ThreadContext
from bot.models import Method, TrainingRequest

PLAN = TrainingRequest(
    model="Qwen/Qwen3-0.6B",
    dataset="trl-lib/Capybara",
    method=Method.SFT,
    hardware="t4-small",
    lora=False,
    epochs=2,
    learning_rate=2e-5,
    batch_size=4,
    max_length=2048,
    budget_usd=5,
)

CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("halve the batch size", {"batch_size": 2}),
    ("half the batch", {"batch_size": 2}),
    ("1/2 the lr", {"learning_rate": 1e-5}),
    ("double the epochs", {"epochs": 4}),
    ("double the epochs to 5", {"epochs": 5}),
    ("double the time limit to 4 hours", {"max_hours": 4}),
    ("twice the context length", {"max_length": 4096}),
    ("triple the batch", {"batch_size": 12}),
    ("10x the lr", {"learning_rate": 2e-4}),
    ("lower lr 10x", {"learning_rate": 2e-6}),
    ("lr two times smaller", {"learning_rate": 1e-5}),
    ("lower the lr by a factor of 10", {"learning_rate": 2e-6}),
    ("divide the learning rate by 2", {"learning_rate": 1e-5}),
    ("increase the batch size by 4", {"batch_size": 8}),
    ("reduce lr by 50%", {"learning_rate": 1e-5}),
    ("two more epochs", {"epochs": 4}),
    ("one epoch less", {"epochs": 1}),
    ("add another epoch", {"epochs": 3}),
    ("+1 epoch", {"epochs": 3}),
    ("train twice as long", {"epochs": 4}),
    ("raise the budget by $5", {"budget_usd": 10}),
    ("add $2 to the budget", {"budget_usd": 7}),
    ("halbiere die Lernrate", {"learning_rate": 1e-5}),
    ("double le nombre d'époques", {"epochs": 4}),
    ("duplica las épocas", {"epochs": 4}),
    ("学习率减半", {"learning_rate": 1e-5}),
    ("バッチサイズを2倍にして", {"batch_size": 8}),
    ("make it DPO", {"method": "dpo"}),
    ("swap sft for dpo", {"method": "dpo"}),
    ("use lora instead", {"lora": True}),
    ("no lora please", {"lora": False}),
    ("make it private", {"private": True}),
    ("don't make it public", {"private": True}),
    ("actually, 3 epochs", {"epochs": 3}),
    ("change lr from 2e-5 to 1e-5", {"learning_rate": 1e-5}),
    ("2e-5 is too high, use 1e-5", {"learning_rate": 1e-5}),
    ("use 1e-5 as learning rate", {"learning_rate": 1e-5}),
    ("t4 is too slow, use l40s", {"hardware": "l40s"}),
    ("switch from t4-small to l4x1", {"hardware": "l4x1"}),
    ("can you use an a10g-large?", {"hardware": "a10g-large"}),
    ("push it to my-org/x instead", {"output_repo": "my-org/x"}),
    ("swap the dataset for HuggingFaceH4/ultrachat_200k, train_sft split",
     {"dataset": "HuggingFaceH4/ultrachat_200k", "split": "train_sft"}),
    ("use gemma 3 270m instead of qwen", {"model": "gemma 3 270m"}),
    ("epochs=3 lr=1e-5", {"epochs": 3, "learning_rate": 1e-5}),
    ("改成3轮", {"epochs": 3}),
    ("lr is too high, divide it by 10", {"learning_rate": 2e-6}),
    ("drop the lr by 10x", {"learning_rate": 2e-6}),
    ("lr /= 2", {"learning_rate": 1e-5}),
    ("batch 8 -> 16", {"batch_size": 16}),
    ("budget +$5", {"budget_usd": 10}),
    ("increase lr tenfold", {"learning_rate": 2e-4}),
    ("a quarter of the batch size", {"batch_size": 1}),
    ("double both the batch size and the epochs", {"batch_size": 8, "epochs": 4}),
    ("die Lernrate bitte halbieren", {"learning_rate": 1e-5}),
    ("把 epoch 数翻倍", {"epochs": 4}),
    ("same lr, but three epochs", {"epochs": 3}),
    ("just one epoch is fine", {"epochs": 1}),
    ("t4 is too slow, l4 please", {"hardware": "l4"}),
    ("isn't t4 too slow? use l4", {"hardware": "l4"}),
    ("don't use the t4, take an l4", {"hardware": "l4"}),
    ("replace capybara with no_robots", {"dataset": "no_robots"}),
    ("wrong dataset, it's acme/tickets-v3", {"dataset": "acme/tickets-v3"}),
    ("rename to acme/my-model", {"output_repo": "acme/my-model"}),
    ("context 4k", {"max_length": 4096}),
    ("train on 25% only", {"sample_fraction": 0.25}),
    ("switch from lora to full fine-tuning", {"lora": False}),
    ("Budget auf 10 Dollar erhöhen", {"budget_usd": 10}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "changes"), CHANGES, ids=[case[0] for case in CHANGES])
def test_a_change_is_resolved_against_the_plan(text: str, changes: dict[str, Any]) -> None:
    assert parse(text, thread=ThreadContext(state="awaiting_approval", plan=PLAN)) == Revise(changes=changes)


@pytest.mark.parametrize(
    "text",
    ["lr 2e-5 seems too high imo", "3 epochs is overkill", "would lora be better here?", "should we use lora?",
     "i used lr 1e-5 last time and it diverged", "maybe 3 epochs would be enough", "you could also use lora",
     "is 2e-5 a good lr?",
     "2 epochs took 3 hours last time", "lora is all you need", "the a100s were all busy yesterday"],
)  # fmt: skip
def test_talk_about_values_changes_nothing(text: str) -> None:
    assert parse(text, thread=ThreadContext(state="awaiting_approval", plan=PLAN)) == Nothing()


def test_a_relative_change_of_what_the_plan_does_not_name_is_asked_back() -> None:
    thread = ThreadContext(state="awaiting_approval", plan=TrainingRequest(model="a/b", dataset="c/d"))
    command = parse("double the learning rate", thread=thread)
    assert isinstance(command, Refusal)
    assert command.fix == "Say the value that you want for lr."


def test_a_batch_of_one_cannot_be_halved() -> None:
    thread = ThreadContext(state="awaiting_approval", plan=PLAN.model_copy(update={"batch_size": 1}))
    command = parse("halve the batch size", thread=thread)
    assert isinstance(command, Refusal)
    assert (command.reason, command.intent) == ("invalid_value", "revise")


ANSWERS: list[tuple[str, str, dict[str, Any] | None]] = [
    ("dataset", "trl-lib/Capybara", {"dataset": "trl-lib/Capybara"}),
    ("dataset", "capybara", {"dataset": "capybara"}),
    ("dataset", "use acme/foo please", {"dataset": "acme/foo"}),
    ("dataset", "the Capybara dataset", {"dataset": "Capybara"}),
    ("dataset", "acme/qwen-distill-traces", {"dataset": "acme/qwen-distill-traces"}),
    ("dataset", "<https://huggingface.co/datasets/openai/gsm8k>", {"dataset": "openai/gsm8k"}),
    ("dataset", "gsm8k, config main", {"dataset": "gsm8k", "dataset_config": "main"}),
    ("model", "qwen3 1.7b", {"model": "qwen3 1.7b"}),
    ("model", "smollm2-360m, with lora", {"model": "smollm2-360m", "lora": True}),
    ("method", "dpo", {"method": "dpo"}),
    ("method", "supervised", {"method": "sft"}),
    ("dataset", "good question", None),
    ("dataset", "one sec", None),
    ("dataset", "thanks", None),
    ("dataset", "not sure yet", None),
    ("dataset", "which one is better?", None),
    ("model", "sounds good", None),
]


@pytest.mark.parametrize(("asked", "text", "changes"), ANSWERS, ids=[f"{case[0]}: {case[1]}" for case in ANSWERS])
def test_the_bots_question_is_answered_by_a_bare_value(asked: str, text: str, changes: dict[str, Any] | None) -> None:
    known = TrainingRequest(model="Qwen/Qwen3-0.6B") if asked == "dataset" else TrainingRequest(dataset="a/b")
    command = parse(text, thread=ThreadContext(state="needs_info", plan=known, asked=asked))
    assert command == (Nothing() if changes is None else Revise(changes=changes))


def test_a_question_can_be_declined() -> None:
    assert isinstance(parse("nvm", thread=ThreadContext(state="needs_info", plan=PLAN, asked="dataset")), Reject)
