"""Prompts and answers that are plain texts: turns for a model with a chat template, unless something speaks for not."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset, Features

from bot.intake import parse
from bot.intake.commands import NewRequest
from bot.models import Method, ModelInfo, Plan, TrainingRequest
from bot.planning import FALLBACK_FLAVORS, Limits, choose_format, judge, make_plan
from bot.rows import convert, converted, holds_messages
from tests.accuracy.schemas import read_cases
from tests.builders import make_dataset_info, make_model_info
from tests.script_rows import prepare

CORPORA = Path(__file__).parent / "accuracy" / "corpora"
TEXT = {"dtype": "string", "_type": "Value"}
CHAT = make_model_info(chat_template="{{ messages }}")
BASE = make_model_info(repo_id="acme/base", has_chat_template=False)
QUESTION = {"prompt": "Name a colour of the sky.", "completion": "Blue."}
PAIR = {"prompt": "Name a colour of the sky.", "chosen": "Blue.", "rejected": "The sky has no colour at all."}


def plan(row: Mapping[str, str], *, model: ModelInfo = CHAT, **said: Any) -> Plan:
    dataset = make_dataset_info(features=dict.fromkeys(row, TEXT), rows=(dict(row),) * 4)
    return make_plan(
        TrainingRequest(model=model.repo_id, dataset=dataset.repo_id, **said),
        model=model,
        dataset=dataset,
        flavors=FALLBACK_FLAVORS,
        namespace="tunesmith-lab",
        limits=Limits(max_ceiling_usd=200),
    )


def said_of_template(made: Plan) -> list[str]:
    return [check.text for check in made.checks if "chat_template" in check.text or "chat template" in check.text]


def first_row(made: Plan) -> dict[str, Any] | None:
    return convert(made.dataset.rows[0], made.mapping)


def test_questions_and_answers_become_turns_and_the_card_says_how_to_keep_them_bare() -> None:
    made = plan(QUESTION)

    assert first_row(made) == {
        "prompt": [{"role": "user", "content": "Name a colour of the sky."}],
        "completion": [{"role": "assistant", "content": "Blue."}],
    }
    why = "plain texts become turns, as when people talk to it; to train on bare texts, say chat_template=no"
    assert made.defaulted["chat_template"] == why
    assert said_of_template(made) == [f"The model's chat template is used: {why}."]


def test_both_answers_of_a_pair_become_turns() -> None:
    made = plan(PAIR)

    assert made.method is Method.DPO
    assert first_row(made) == {
        "prompt": [{"role": "user", "content": "Name a colour of the sky."}],
        "chosen": [{"role": "assistant", "content": "Blue."}],
        "rejected": [{"role": "assistant", "content": "The sky has no colour at all."}],
    }


def test_whoever_wants_bare_texts_gets_them() -> None:
    made = plan(QUESTION, chat_template=False)

    assert first_row(made) == QUESTION
    assert "chat_template" not in made.defaulted
    assert said_of_template(made) == ["The model's chat template is left out: as you said."]


def test_a_model_without_a_chat_template_reads_bare_texts() -> None:
    made = plan(QUESTION, model=BASE)

    assert first_row(made) == QUESTION
    assert said_of_template(made) == []


@pytest.mark.parametrize(
    ("prompt", "completion", "why"),
    [
        ("Once upon a time there was", " a king.", "each answer goes on where its prompt ends"),
        ("def add(a, b):\n", "    return a + b", "each answer goes on where its prompt ends"),
        ("\n\nHuman: Which colour?\n\nAssistant:", "Blue.", "the texts say who speaks"),
        ("### Instruction:\nName a colour.\n\n### Response:\n", "Blue.", "the texts say who speaks"),
        ("<|im_start|>user\nWhich colour?<|im_end|>", "Blue.", "the texts say who speaks"),
        ("Human: Which colour?", "Assistant: Blue.", "the texts say who speaks"),
    ],
)
def test_texts_that_are_no_turns_stay_as_they_are_unless_somebody_insists(
    prompt: str, completion: str, why: str
) -> None:
    row = {"prompt": prompt, "completion": completion}
    made = plan(row)

    assert first_row(made) == row
    assert said_of_template(made) == [
        f"The model's chat template is left out: {why}; to use it all the same, say chat_template=yes."
    ]
    assert holds_messages(plan(row, chat_template=True).mapping, made.dataset.features)


def test_a_question_that_quotes_a_speaker_is_still_a_question() -> None:
    made = plan({"prompt": "Who says this?\nHuman: I am.\nDecide.", "completion": "A human."})
    assert holds_messages(made.mapping, made.dataset.features)


def test_where_messages_are_given_the_wish_has_no_meaning_and_the_plan_says_so() -> None:
    dataset = make_dataset_info()
    asked = TrainingRequest(model=CHAT.repo_id, dataset=dataset.repo_id, chat_template=False)
    made = make_plan(
        asked, model=CHAT, dataset=dataset, flavors=FALLBACK_FLAVORS, namespace="a", limits=Limits(max_ceiling_usd=200)
    )

    assert said_of_template(made) == [
        "chat_template has no meaning for these rows: messages go through one, and nothing else does."
    ]


@pytest.mark.parametrize("row", [QUESTION, PAIR], ids=["question", "pair"])
def test_the_script_makes_the_rows_that_the_plan_shows(row: dict[str, str]) -> None:
    made = plan(row)
    rows = prepare(made, Dataset.from_list([row] * 3, features=Features.from_dict(made.dataset.features)))

    assert rows[0] == first_row(made)


@pytest.mark.parametrize("corpus", ["schemas", "own_schemas"])
def test_whether_rows_hold_messages_is_told_from_the_mapping_as_from_the_rows(corpus: str) -> None:
    wrong = []
    for case in read_cases(CORPORA / f"{corpus}.jsonl"):
        for method, verdict in judge(case["features"], case["rows"]).items():
            if verdict.mapping is None:
                continue
            made = converted(case["rows"], verdict.mapping)
            cells = [cell for row in made for name, cell in row.items() if name not in ("answer", "checker")]
            talks = any(isinstance(cell, list) and cell and isinstance(cell[0], dict) for cell in cells)
            if made and talks != holds_messages(verdict.mapping, case["features"]):
                wrong.append((case["id"], method))
    assert wrong == []


def test_no_text_of_the_corpora_breaks_the_decision() -> None:
    tried = 0
    for case in read_cases(CORPORA / "own_schemas.jsonl"):
        dataset = make_dataset_info(features=case["features"], rows=tuple(case["rows"]))
        for method, verdict in judge(case["features"], case["rows"]).items():
            if verdict.fits and case["rows"]:
                found = choose_format(TrainingRequest(method=method, chat_template=True), CHAT, dataset)
                assert found.mapping is not None
                assert converted(case["rows"], found.mapping)
                tried += 1
    assert tried > 200


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("chat_template=no", False),
        ("--no-chat-template", False),
        ("without the chat template", False),
        ("chat_template=yes", True),
        ("2 epochs", None),
    ],
)
def test_the_wish_can_be_typed(words: str, wanted: bool | None) -> None:
    command = parse(f"/finetune Qwen/Qwen3-0.6B on trl-lib/tldr, {words}")

    assert isinstance(command, NewRequest)
    assert command.request.chat_template is wanted
