"""Whole plans: what is in them, what the check list says, what two of them differ in."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from bot.amounts import about, ceiling, duration, money, rough
from bot.errors import Unclear, UserError
from bot.models import DatasetInfo, Method, Plan, TrainingRequest
from bot.planning import (
    FALLBACK_FLAVORS,
    Limits,
    default_output_name,
    default_output_names,
    make_plan,
    plan_differences,
    plan_lines,
)
from bot.training import render_script
from tests.builders import make_dataset_info, make_model_info

FIXTURES = Path(__file__).parent.parent / "bot" / "playground" / "fixtures" / "datasets"
TEXT = {"dtype": "string", "_type": "Value"}
MESSAGES = {"_type": "List", "feature": {"role": TEXT, "content": TEXT}}
QWEN3_0_6B = make_model_info()
TINY = make_model_info(
    repo_id="tunesmith-lab/tiny-qwen3",
    parameters=96_640,
    layers=2,
    hidden_size=64,
    intermediate_size=112,
    heads=4,
    kv_heads=2,
    head_dim=16,
    vocab_size=448,
)


def plan(
    said: dict[str, Any] | None = None, *, model: Any = QWEN3_0_6B, dataset: DatasetInfo | None = None, **facts: Any
) -> Plan:
    dataset = dataset or make_dataset_info()
    request = TrainingRequest(model=model.repo_id, dataset=dataset.repo_id, **(said or {}))
    defaults = {
        "model": model,
        "dataset": dataset,
        "flavors": FALLBACK_FLAVORS,
        "namespace": "tunesmith-lab",
        "limits": Limits(max_ceiling_usd=200),
    }
    return make_plan(request, **(defaults | facts))


def tiny_dataset(name: str, features: dict[str, Any]) -> DatasetInfo:
    rows = [json.loads(line) for line in (FIXTURES / name / "train.jsonl").read_text().splitlines()]
    return make_dataset_info(
        repo_id=f"tunesmith-lab/{name}", features=features, rows=tuple(rows[:50]), splits={"train": len(rows)}
    )


def texts(made: Plan, level: str) -> list[str]:
    return [check.text for check in made.checks if check.level == level]


def test_a_plan_of_the_demo_fits_the_free_minutes_of_a_cpu() -> None:
    chat = plan(model=TINY, dataset=tiny_dataset("tiny-chat", {"messages": MESSAGES}))

    assert (chat.method, chat.flavor.name, chat.precision, chat.dtype) == (Method.SFT, "cpu-basic", "fp32", "float32")
    assert (chat.estimate.steps, chat.arguments.learning_rate, chat.arguments.max_length) == (60, 0.002, 64)
    assert (chat.timeout_s, chat.ceiling_usd) == (2400, 0.01)
    assert texts(chat, "warning") == []


@pytest.mark.parametrize(
    ("name", "columns", "method", "plain"),
    [
        ("tiny-preferences", ("prompt", "chosen", "rejected"), Method.DPO, True),
        ("tiny-math", ("question", "answer"), Method.GRPO, False),
    ],
)
def test_the_demos_data_decides_the_method(name: str, columns: tuple[str, ...], method: Method, plain: bool) -> None:
    made = plan(model=TINY, dataset=tiny_dataset(name, dict.fromkeys(columns, TEXT)))

    assert (made.method, made.mapping.unchanged) == (method, plain)
    assert made.estimate.steps == {Method.DPO: 60, Method.GRPO: 51}[method]
    assert made.defaulted["method"].startswith("what the dataset serves: ")


def test_the_check_list_reads_as_a_colleague_would_write_it() -> None:
    rows = tuple({"messages": [{"role": "user", "content": "x" * 350}, {"role": "assistant", "content": "y" * 34_650}]}
                 for _ in range(4))  # fmt: skip
    made = plan({"max_length": 1024}, dataset=make_dataset_info(rows=rows, splits={"train": 47_800}))
    option = next(option for option in made.options if option.max_length)
    assert option.estimate is not None
    hours = about(option.estimate.hours * 3600)
    where = f" on {option.flavor}" if option.flavor != made.flavor.name else ""
    longer = f"cost about ${option.estimate.cost_usd:.2f} and take {hours}{where}"

    assert [(check.level, check.text) for check in made.checks] == [
        ("ok", "The dataset fits SFT as it is. Conversations in `messages`."),
        (
            "ok",
            f"47,800 rows of split train, {made.eval_rows} of them held back to evaluate: about"
            f" {rough(made.estimate.tokens)} tokens in {made.estimate.steps:,} optimizer steps.",
        ),
        (
            "warning",
            "About 90 % of the tokens are cut off at 1,024 tokens, in 100 % of the 4 sample rows (guessed from their"
            " characters, for lack of a tokenizer): what a cut row ends with is never learned. 16,384 tokens a row"
            f" would keep 100 % and {longer}.",
        ),
        (
            "ok",
            f"Needs about {made.estimate.memory_gib:.1f} GiB of the {made.estimate.usable_gib:.1f} GiB that the"
            f" {made.flavor.gpu} offers (predicted).",
        ),
        (
            "ok",
            f"The Hub stops the job after {duration(made.timeout_s)}:"
            " 1.5 times the upper estimate and 20 minutes, rounded up.",
        ),
        (
            "ok",
            f"tunesmith-lab pays: {money(made.flavor.price_usd_hour)} an hour, at most {ceiling(made.ceiling_usd)}"
            " until the job is stopped.",
        ),
        ("ok", "The repository tunesmith-lab/Qwen3-0.6B-tiny-chat is new."),
        (
            "info",
            "4 checkpoints of about 3.6 GB each go to the Hub while it trains; they are removed once the model is"
            " there.",
        ),
        ("info", "The model's license is apache-2.0."),
        ("info", "The dataset's license is mit."),
    ]


def test_the_ceiling_is_what_the_timeout_costs_and_above_the_estimate() -> None:
    made = plan({"epochs": 3})

    assert made.ceiling_usd == pytest.approx(made.flavor.price_usd_hour * made.timeout_s / 3600, abs=0.01)
    assert made.ceiling_usd > made.estimate.cost_high_usd > made.estimate.cost_usd > made.estimate.cost_low_usd
    assert made.timeout_s > made.estimate.hours_high * 3600


def test_unknown_row_counts_are_said_and_a_number_is_assumed() -> None:
    made = plan(dataset=make_dataset_info(splits={"train": None}))

    assert made.rows is None
    assert texts(made, "warning")[0].startswith(
        "The Hub does not know how many rows split train has; time and cost assume 10,000: about "
    )
    assert made.estimate.steps == math.ceil((10_000 - made.eval_rows) / 16)


@pytest.mark.parametrize(
    ("said", "rows"),
    [
        ({}, 4200),
        ({"max_samples": 100}, 100),
        ({"max_samples": 9000}, 4200),
        ({"sample_fraction": 0.1}, 420),
        ({"sample_fraction": 0.5, "max_samples": 1000}, 1000),
    ],
)
def test_rows_are_those_that_the_script_takes(said: dict[str, Any], rows: int) -> None:
    assert plan(said).rows == rows


def test_everything_that_was_chosen_has_a_reason_and_nothing_that_was_said() -> None:
    said = {"epochs": 2.0, "learning_rate": 1e-4, "hardware": "a10g-large", "output_repo": "mine", "private": False}
    made = plan(said)

    assert set(made.defaulted).isdisjoint(said)
    assert set(made.defaulted) == {
        "method", "dataset_config", "split", "lora", "batch_size", "grad_accum", "lr_scheduler", "warmup_ratio",
        "weight_decay", "optimizer", "max_length", "packing", "gradient_checkpointing", "save_steps", "seed",
    }  # fmt: skip
    assert all(made.defaulted.values())
    assert (made.output_repo, made.private, made.flavor.name) == ("tunesmith-lab/mine", False, "a10g-large")


def test_a_family_is_said_and_its_member_chosen() -> None:
    assert plan({"hardware": "a10g"}).defaulted["hardware"] == "the cheapest of this family"


# --- output


@pytest.mark.parametrize(
    ("model", "dataset", "method", "name"),
    [
        ("Qwen/Qwen3-0.6B", "open-r1/codeforces-cots", Method.SFT, "Qwen3-0.6B-codeforces-cots-sft"),
        ("Qwen/Qwen3-0.6B", "open-r1/codeforces-cots", None, "Qwen3-0.6B-codeforces-cots"),
        ("a/-x..y--z.", "b/ü ö.git", None, "x.y-z"),
    ],
)
def test_the_output_is_named_after_what_went_in(model: str, dataset: str, method: Method | None, name: str) -> None:
    assert default_output_name(model, dataset, method).startswith(name)


def test_names_stay_within_the_hubs_limit() -> None:
    names = default_output_names("a/" + "m" * 80, "b/" + "d" * 80, Method.SFT)

    assert names[0] == default_output_name("a/" + "m" * 80, "b/" + "d" * 80, Method.SFT)
    assert {len(name) for name in names} == {96}
    assert len(set(names)) == 29


def test_a_default_name_that_is_taken_gets_the_first_free_number() -> None:
    made = plan(taken={"tunesmith-lab/Qwen3-0.6B-tiny-chat", "tunesmith-lab/Qwen3-0.6B-tiny-chat-2"})

    assert made.output_repo == "tunesmith-lab/Qwen3-0.6B-tiny-chat-3"
    assert made.defaulted["output_repo"] == "Qwen3-0.6B-tiny-chat exists already, so a number was added"
    assert texts(made, "warning") == []


def test_a_name_that_is_taken_elsewhere_is_free_here() -> None:
    assert plan(taken={"acme/Qwen3-0.6B-tiny-chat"}).output_repo == "tunesmith-lab/Qwen3-0.6B-tiny-chat"


def test_when_all_default_names_are_taken_somebody_is_asked_for_one() -> None:
    names = default_output_names("Qwen/Qwen3-0.6B", "tunesmith-lab/tiny-chat", None)

    with pytest.raises(Unclear) as question:
        plan(taken={f"tunesmith-lab/{name}" for name in names})

    assert question.value.field == "output_repo"
    assert question.value.problem == "What shall the new model be called?"
    assert question.value.fix == (
        "tunesmith-lab has Qwen3-0.6B-tiny-chat, Qwen3-0.6B-tiny-chat-2 and so on up to Qwen3-0.6B-tiny-chat-29"
        " already. Answer here with another name, such as output=my-model."
    )


def test_a_named_output_that_exists_is_kept_and_another_name_offered() -> None:
    for named in ("tunesmith-lab/mine", "mine"):
        made = plan({"output_repo": named}, taken={"tunesmith-lab/mine"}, existing_private=True)

        assert made.output_repo == "tunesmith-lab/mine"
        assert texts(made, "warning") == [
            "tunesmith-lab/mine exists already: its files would get a new version, so an approver must agree who did"
            " not ask for it. To keep it as it is, name another, such as tunesmith-lab/mine-2."
        ]


# --- what a careful person would want to know


@pytest.mark.parametrize(
    ("said", "model", "dataset", "warning"),
    [
        ({"eval_steps": 10}, {}, {},
         "You asked for evaluation while training (eval_steps); the script does not do that yet."),
        ({"beta": 0.2}, {}, {}, "beta has no meaning for SFT and is left out."),
        ({}, {"license": "llama3.2"}, {},
         "The model's license is llama3.2: read what it allows before you publish the result."),
        ({}, {}, {"license": "cc-by-nc-4.0"},
         "The dataset's license is cc-by-nc-4.0: read what it allows before you publish the result."),
        ({"max_samples": 100}, {}, {},
         "Only 7 optimizer steps: the model will hardly change. More epochs may help."),
        ({}, {}, {"rows": ()},
         "No sample row could be read: the format is judged by the names of the columns alone."),
    ],
)  # fmt: skip
def test_warnings(said: dict[str, Any], model: dict[str, Any], dataset: dict[str, Any], warning: str) -> None:
    made = plan(said, model=make_model_info(**model), dataset=make_dataset_info(**dataset))

    assert warning in texts(made, "warning")


def test_notes() -> None:
    made = plan(
        {"hardware": "t4-small", "max_samples": 500},
        model=make_model_info(has_chat_template=False, gated="auto"),
        namespace="acme",
    )

    assert texts(made, "info") == [
        "T4 has no bfloat16: it computes in fp16 over 4-byte weights.",
        "4 checkpoints of about 7.2 GB each go to the Hub while it trains; they are removed once the model is there.",
        "The model's license is apache-2.0.",
        "The model is gated, and our token has access.",
        "The dataset's license is mit.",
    ]


PAIR = {"instruction": "Say hi.", "output": "Hello, and good morning to all of you who came here today."}
PREFERENCE = {
    side: [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": side}] for side in ("chosen", "rejected")
}


@pytest.mark.parametrize(
    ("features", "row", "talks"),
    [
        ({"messages": MESSAGES}, {"messages": PREFERENCE["chosen"]}, True),
        (dict.fromkeys(PAIR, TEXT), PAIR, True),
        ({"conversations": {"_type": "List", "feature": {"from": TEXT, "value": TEXT}}},
         {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Ho"}]}, True),
        (dict.fromkeys(PREFERENCE, MESSAGES), PREFERENCE, True),
        ({"prompt": MESSAGES, "answer": TEXT}, {"prompt": PREFERENCE["chosen"][:1], "answer": "Ho"}, True),
        ({"question": TEXT, "answer": TEXT}, {"question": "2 + 2?", "answer": "4"}, True),
        ({"prompt": TEXT, "chosen": TEXT, "rejected": TEXT}, {"prompt": "Q", "chosen": "A", "rejected": "B"}, False),
        ({"text": TEXT}, {"text": "Once upon a time."}, False),
    ],
)  # fmt: skip
def test_a_chat_template_that_the_script_adds_is_a_warning_and_no_other_is(
    features: dict[str, Any], row: dict[str, Any], talks: bool
) -> None:
    base = make_model_info(repo_id="Qwen/Qwen3-0.6B-Base", has_chat_template=False)
    dataset = make_dataset_info(features=features, rows=(row,))
    told = (
        "Qwen/Qwen3-0.6B-Base has no chat template, and these rows are conversations: the script adds a plain one, in"
        " which each turn begins with its role. If the model has an -Instruct sibling on the Hub, use that: it knows"
        " turns already."
    )
    made = plan(model=base, dataset=dataset)

    assert [text for text in texts(made, "warning") if "template" in text] == ([told] if talks else [])
    assert ("CHAT_TEMPLATE" in render_script(made)) is talks
    assert not any("template" in text for text in texts(plan(dataset=dataset), "warning"))


@pytest.mark.parametrize(
    ("said", "problem", "fix"),
    [
        ({"optimizer": "adam9"}, "There is no optimizer `adam9`.", "Choose one of adamw_torch_fused, "),
        ({"optimizer": "adamw_8bit"}, "Optimizer `adamw_8bit` needs bitsandbytes", "Add 4-bit, or choose one of "),
        ({"lr_scheduler": "sine"}, "There is no schedule `sine`.", "Choose one of cosine, linear, "),
        ({"load_in_4bit": True, "lora": False}, "4-bit weights cannot be trained themselves", "Say lora with 4-bit"),
        ({"method": "dpo"}, "Dataset `tunesmith-lab/tiny-chat` has columns `messages`; DPO needs", "Use method=sft"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_fix(said: dict[str, Any], problem: str, fix: str) -> None:
    with pytest.raises(UserError) as refusal:
        plan(said)

    assert refusal.value.problem.startswith(problem)
    assert refusal.value.fix.startswith(fix)


# --- two plans, and one as text


def test_two_plans_differ_in_what_was_changed_and_what_follows_from_it() -> None:
    old, new = plan({"epochs": 1.0, "hardware": "l4x1"}), plan({"epochs": 2.0, "hardware": "l4x1", "lora": True})

    assert plan_differences(old, new)[:6] == [
        ("trains", "all weights", "LoRA"),
        ("LoRA rank", "none", "16"),
        ("LoRA alpha", "none", "32"),
        ("LoRA dropout", "none", "0"),
        ("epochs", "1", "2"),
        ("steps", f"{old.estimate.steps}", f"{2 * old.estimate.steps}"),
    ]
    assert plan_differences(old, old) == []


def test_amounts_of_a_difference_read_as_on_the_card() -> None:
    old = plan({"learning_rate": 2e-5, "hardware": "l4x1", "budget_usd": 5.0})
    new = old.model_copy(
        update={
            "arguments": old.arguments.model_copy(update={"learning_rate": 1e-4}),
            "estimate": old.estimate.model_copy(update={"cost_usd": 0.004}),
            "ceiling_usd": 2.2501,
            "request": old.request.model_copy(update={"budget_usd": 1240.0}),
        }
    )

    assert plan_differences(old, new) == [
        ("learning rate", "2e-5", "1e-4"),
        ("budget", "$5.00", "$1,240"),
        ("expected cost", f"~${old.estimate.cost_usd:.2f}", "under $0.01"),
        ("cost at most", f"${old.ceiling_usd:.2f}", "$2.26"),
    ]


def test_the_same_facts_make_the_same_plan() -> None:
    assert plan({"epochs": 2.0}).digest == plan({"epochs": 2.0}).digest
    assert plan({"epochs": 2.0}).digest != plan({"epochs": 3.0}).digest


def test_a_plan_reads_in_a_terminal() -> None:
    lines = plan_lines(plan({"hardware": "t4-small"}))

    assert lines[0].startswith("SFT of Qwen/Qwen3-0.6B on tunesmith-lab/tiny-chat (default, split train, 4,200 rows)")
    assert lines[1].startswith("  trains all weights in fp16 on t4-small, 250 steps, 1 epoch, ")
    assert lines[2].endswith(" min), start-up of about 6 min included; a prediction: no run like this one is known yet")
    assert lines[3].startswith("  at most $")
    assert "  Other ways" in lines
    assert lines.index("Why this plan") < lines.index("  The model") < lines.index("  Memory") < lines.index("  Cost")
