"""What the scripts make of a dataset's rows: the script's own code, run on rows that are given, not downloaded."""

import ast
from typing import Any

import pytest
from datasets import Dataset, disable_progress_bars

from bot.models import ColumnMapping, Method, Plan
from bot.training import render_script
from tests.builders import make_request
from tests.scripts import plans

disable_progress_bars()
PLANS = plans()


def prepared(plan: Plan, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Run the script down to where the model is loaded; returns the rows that the trainer would get."""
    tree = ast.parse(render_script(plan))
    *top, guarded = tree.body
    assert isinstance(guarded, ast.If)
    kept = [node for node in top if isinstance(node, ast.Assign | ast.FunctionDef)]
    for node in guarded.body[1:]:
        if isinstance(node, ast.Assign) and "AutoTokenizer" in ast.unparse(node):
            break
        if "no_gpu" not in ast.unparse(node):
            kept.append(node)
    asked: list[Any] = []

    def load_dataset(*names: str, **options: str) -> Dataset:
        asked.extend([names, options])
        return Dataset.from_list(rows)

    world: dict[str, Any] = {"load_dataset": load_dataset, "json": __import__("json"), "sys": __import__("sys")}
    world["time"], world["re"] = __import__("time"), __import__("re")
    exec(compile(ast.Module(kept, []), "train.py", "exec"), world)
    assert asked == [
        (plan.dataset.repo_id, plan.dataset.config),
        {"split": plan.split, "revision": plan.dataset.sha},
    ]
    return list(world["dataset"])


def rewards(plan: Plan) -> dict[str, Any]:
    """The script's functions, by name."""
    tree = ast.parse(render_script(plan))
    kept = [node for node in tree.body if isinstance(node, ast.Assign | ast.FunctionDef)]
    world: dict[str, Any] = {"re": __import__("re")}
    exec(compile(ast.Module(kept, []), "train.py", "exec"), world)
    return world


def test_messages_stay_and_other_columns_go() -> None:
    chat = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]
    assert prepared(PLANS["sft"], [{"messages": chat, "prompt": "Hi", "id": 7}]) == [{"messages": chat}]


def test_renamed_columns_carry_the_trainers_names() -> None:
    assert prepared(PLANS["sft_text"], [{"content": "Once.", "title": "A"}]) == [{"text": "Once."}]


def test_pairs_become_a_users_and_an_assistants_turn() -> None:
    rows = [
        {"instruction": "Translate.", "input": "Haus", "output": "house"},
        {"instruction": "Say hi.", "input": "", "output": "hi"},
    ]
    plan = PLANS["sft_qlora_pairs"].model_copy(update={"request": make_request()})
    assert prepared(plan, rows) == [
        {
            "messages": [
                {"role": "user", "content": "Translate.\n\nHaus"},
                {"role": "assistant", "content": "house"},
            ]
        },
        {"messages": [{"role": "user", "content": "Say hi."}, {"role": "assistant", "content": "hi"}]},
    ]


def test_a_number_as_completion_becomes_text_and_zero_is_no_gap() -> None:
    mapping = ColumnMapping(kind="pairs_to_messages", columns={"prompt": "question", "completion": "label"})
    features = {"question": {"dtype": "string", "_type": "Value"}, "label": {"dtype": "int64", "_type": "Value"}}
    plan = PLANS["sft"]
    plan = plan.model_copy(
        update={"mapping": mapping, "dataset": plan.dataset.model_copy(update={"features": features})}
    )
    assert prepared(plan, [{"question": "1 - 1?", "label": 0}]) == [
        {"messages": [{"role": "user", "content": "1 - 1?"}, {"role": "assistant", "content": "0"}]}
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


def test_a_question_becomes_a_prompt_and_keeps_its_reference() -> None:
    rows = [{"question": "1 + 1?", "answer": "#### 2", "level": 1}]
    assert prepared(PLANS["grpo"], rows) == [
        {"prompt": [{"role": "user", "content": "1 + 1?"}], "answer": "#### 2"},
    ]


def test_without_a_chat_template_a_question_stays_a_text() -> None:
    plan = PLANS["grpo"]
    bare = plan.model_copy(update={"model": plan.model.model_copy(update={"has_chat_template": False})})
    assert prepared(bare, [{"question": "1 + 1?", "answer": "2"}]) == [{"prompt": "1 + 1?", "answer": "2"}]


def test_a_ready_prompt_takes_its_reference_along_under_the_name_of_the_reward() -> None:
    mapping = ColumnMapping(kind="as_is", columns={"prompt": "prompt"}, answer="solution")
    plan = PLANS["grpo"].model_copy(update={"mapping": mapping})
    assert prepared(plan, [{"prompt": "1 + 1?", "solution": "2"}]) == [{"prompt": "1 + 1?", "answer": "2"}]


def test_preferences_lose_nothing_but_other_columns() -> None:
    row = {"prompt": "Q", "chosen": "good", "rejected": "bad"}
    assert prepared(PLANS["dpo"], [{**row, "score": 1.0}]) == [row]
    assert prepared(PLANS["dpo_lora_implicit"], [row]) == [{"chosen": "good", "rejected": "bad"}]


def test_rows_with_an_empty_column_are_dropped() -> None:
    rows = [{"content": "one"}, {"content": ""}, {"content": None}]
    assert prepared(PLANS["sft_text"], rows) == [{"text": "one"}]


def test_no_row_left_stops_the_run_with_a_clear_word(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="No rows are left to train on: every row has an empty column"):
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


@pytest.mark.parametrize(
    ("completion", "reference", "reward"),
    [
        ("3 + 4 = 7\n#### 7", "3 + 4 = 7\n#### 7", 1.0),
        ("It is 7.", "#### 7", 1.0),
        ("It is 1,234.50 in all", "1234.5", 1.0),
        ("\\boxed{-3} after 9 steps", "-3", 1.0),
        ("7 apples, no, 8", "7", 0.0),
        ("no number", "7", 0.0),
        ("The answer is Paris.", "Paris", 1.0),
        ("The answer is Rome.", "Paris", 0.0),
        ("anything", "", 0.0),
        ("It is 7.", ["seven", "7"], 1.0),
        ("It is 8.", 8, 1.0),
    ],
)
def test_the_reward_compares_what_two_texts_conclude(completion: str, reference: Any, reward: float) -> None:
    reward_function = rewards(PLANS["grpo"])["correct_answer"]
    assert reward_function(completions=[completion], answer=[reference], prompts=["?"], trainer_state=None) == [reward]
    message = [{"role": "assistant", "content": completion}]
    assert reward_function(completions=[message], answer=[reference]) == [reward]


def test_good_form_is_worth_less_than_a_right_answer_and_does_not_reward_silence() -> None:
    good_form = rewards(PLANS["grpo"])["good_form"]
    given = good_form(
        completions=["#### 7", "#### 8", "", "1 2 3"],
        completion_ids=[[1] * 5, [1] * 512, [1], [1] * 9],
        answer=["#### 7"] * 4,
    )
    assert given == pytest.approx([0.2, 0.1, 0.1, 0.1])


def test_without_a_reference_form_is_all_that_counts() -> None:
    plan = PLANS["grpo_form_only"]
    assert plan.method is Method.GRPO
    good_form = rewards(plan)["good_form"]
    assert good_form(completions=["yes", " ", "long"], completion_ids=[[1], [1], [1] * 256]) == [1.0, 0.0, 0.0]
