"""What the scripts make of a dataset's rows: the script's own code, run on rows that are given, not downloaded."""

from typing import Any

import pytest
from datasets import Dataset, disable_progress_bars

from bot.models import At, Call, ColumnMapping, Plan
from tests.builders import make_request
from tests.script_rows import prepare
from tests.scripts import plans

disable_progress_bars()
PLANS = plans()


def prepared(plan: Plan, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows that the trainer would get."""
    return list(prepare(plan, Dataset.from_list(rows)))


def test_messages_stay_and_other_columns_go() -> None:
    chat = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]
    assert prepared(PLANS["sft"], [{"messages": chat, "prompt": "Hi", "id": 7}]) == [{"messages": chat}]


def test_renamed_columns_carry_the_trainers_names() -> None:
    assert prepared(PLANS["sft_text"], [{"content": "Once.", "title": "A"}]) == [{"text": "Once."}]


def test_pairs_become_a_prompt_and_a_completion() -> None:
    rows = [
        {"instruction": "Translate.", "input": "Haus", "output": "house"},
        {"instruction": "Say hi.", "input": "", "output": "hi"},
    ]
    plan = PLANS["sft_qlora_pairs"].model_copy(update={"request": make_request()})
    assert prepared(plan, rows) == [
        {
            "prompt": [{"role": "user", "content": "Translate.\n\nHaus"}],
            "completion": [{"role": "assistant", "content": "house"}],
        },
        {
            "prompt": [{"role": "user", "content": "Say hi."}],
            "completion": [{"role": "assistant", "content": "hi"}],
        },
    ]


def test_a_number_as_completion_becomes_text_and_zero_is_no_gap() -> None:
    columns = {"prompt": Call(call="question", to=("q",)), "completion": Call(call="reply", to=("label",))}
    plan = PLANS["sft"].model_copy(update={"mapping": ColumnMapping(columns=columns)})
    assert prepared(plan, [{"q": "1 - 1?", "label": 0}]) == [
        {
            "prompt": [{"role": "user", "content": "1 - 1?"}],
            "completion": [{"role": "assistant", "content": "0"}],
        }
    ]


def test_sharegpt_roles_are_translated_and_the_system_prompt_leads() -> None:
    turns = [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Ho"}]
    plan = PLANS["sft_lora_sharegpt"]
    assert prepared(plan, [{"conversations": turns, "system": "Be brief."}]) == [
        {
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "Hi"},
                {"role": "assistant", "content": "Ho"},
            ]
        }
    ]


def test_transcripts_are_cut_into_turns_by_the_job_too() -> None:
    mapping = ColumnMapping(columns={"messages": Call(call="transcript", to=("chat",))})
    plan = PLANS["sft"].model_copy(update={"mapping": mapping})
    assert prepared(plan, [{"chat": "Human: Hi\n\nAssistant: Ho"}, {"chat": "no talk"}]) == [
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]}
    ]


def test_a_value_inside_a_column_is_reached_and_its_absence_leaves_the_row_out() -> None:
    columns = {"prompt": "question", "answer": At(at=("answers", "text", 0))}
    plan = PLANS["grpo"].model_copy(update={"mapping": ColumnMapping(columns=columns)})
    rows = [{"question": "Who?", "answers": {"text": ["Ann"]}}, {"question": "Why?", "answers": {"text": []}}]
    assert prepared(plan, rows) == [{"prompt": "Who?", "answer": "Ann"}]


def test_rows_that_break_a_condition_are_left_out() -> None:
    columns = {"prompt": "prompt", "completion": "completion"}
    mapping = ColumnMapping(columns=columns, keep=(Call(call="true", to=("label",)),))
    plan = PLANS["sft"].model_copy(update={"mapping": mapping})
    good = {"prompt": "Hi", "completion": "Ho"}
    assert prepared(plan, [good | {"label": True}, {"prompt": "Hi", "completion": "No", "label": False}]) == [good]


def test_pairs_that_do_not_begin_alike_are_left_out() -> None:
    def said(word: str, answer: str) -> list[dict[str, str]]:
        return [{"role": "user", "content": word}, {"role": "assistant", "content": answer}]

    good = {"chosen": said("Hi", "Ho"), "rejected": said("Hi", "No")}
    bad = {"chosen": said("Hi", "Ho"), "rejected": said("Hi!", "No")}
    assert prepared(PLANS["dpo_lora_implicit"], [good | {"prompt": "Hi"}, bad | {"prompt": "Hi"}]) == [good]


def test_a_question_becomes_a_prompt_and_keeps_its_reference() -> None:
    rows = [{"question": "1 + 1?", "answer": "#### 2", "level": 1}]
    assert prepared(PLANS["grpo"], rows) == [
        {"prompt": [{"role": "user", "content": "1 + 1?"}], "answer": "#### 2"},
    ]


def test_a_ready_prompt_takes_its_reference_along_under_the_name_of_the_reward() -> None:
    mapping = ColumnMapping(columns={"prompt": "prompt", "answer": "solution"})
    plan = PLANS["grpo"].model_copy(update={"mapping": mapping})
    assert prepared(plan, [{"prompt": "1 + 1?", "solution": "2"}]) == [{"prompt": "1 + 1?", "answer": "2"}]


def test_preferences_lose_nothing_but_other_columns() -> None:
    row = {"prompt": "Q", "chosen": "good", "rejected": "bad"}
    assert prepared(PLANS["dpo"], [{**row, "score": 1.0}]) == [row]


def test_rows_with_an_empty_column_are_dropped() -> None:
    rows = [{"content": "one"}, {"content": ""}, {"content": None}]
    assert prepared(PLANS["sft_text"], rows) == [{"text": "one"}]


def test_no_row_left_stops_the_run_with_a_clear_word(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="No rows are left to train on: every row lacks something that is needed"):
        prepared(PLANS["sft_text"], [{"content": ""}])
    assert '"ev": "warning"' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("limits", "count"),
    [
        ({"max_samples": 3}, 3),
        ({"sample_fraction": 0.25}, 5),
        ({"sample_fraction": 0.5, "max_samples": 4}, 4),
        ({"sample_fraction": 0.001}, 1),
        ({"max_samples": 1000}, 20),
    ],
)
def test_a_sample_is_as_large_as_asked_and_always_the_same(limits: dict[str, Any], count: int) -> None:
    plan = PLANS["sft_text"].model_copy(update={"request": make_request(**limits)})
    rows = [{"content": f"text {number}"} for number in range(20)]
    first = prepared(plan, rows)
    assert len(first) == count
    assert first == prepared(plan, rows)
    assert first != [{"text": f"text {number}"} for number in range(count)]  # not just the head of the file
