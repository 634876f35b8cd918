"""Which methods a dataset serves, column by column."""

import ast
from pathlib import Path
from typing import Any

import pytest

from bot.models import At, Call, ColumnMapping, Constant, Expression, Method
from bot.planning.columns import Kind, kind_of
from bot.planning.formats import Status, judge, recommend

TEXT = {"dtype": "string", "_type": "Value"}
NUMBER = {"dtype": "int64", "_type": "Value"}
BOOL = {"dtype": "bool", "_type": "Value"}
MESSAGES = {"_type": "List", "feature": {"role": TEXT, "content": TEXT}}
TEXTS = {"_type": "List", "feature": TEXT}
NUMBERS = {"_type": "List", "feature": NUMBER}
SHAREGPT = [{"from": TEXT, "value": TEXT}]

CHAT = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Good morning, what can I do?"}]
OTHER_CHAT = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Go away."}]
LONG = "Because the sum of the two numbers is even, one of them must be odd."


def call(name: str, *arguments: Expression) -> Call:
    return Call(call=name, to=arguments)


def verdict(method: Method, features: dict[str, Any], row: dict[str, Any]) -> tuple[str, dict[str, Expression]]:
    found = judge(features, [row])[method]
    return found.status.value, found.mapping.columns if found.mapping else {}


@pytest.mark.parametrize(
    ("features", "row", "status", "columns"),
    [
        ({"messages": MESSAGES}, {"messages": CHAT}, "ready", {"messages": "messages"}),
        ({"conversation": MESSAGES}, {"conversation": CHAT}, "mappable", {"messages": "conversation"}),
        ({"text": TEXT}, {"text": LONG}, "ready", {"text": "text"}),
        ({"text": TEXT, "labels": NUMBER}, {"text": LONG, "labels": 0},
         "mappable", {"prompt": call("question", "text"), "completion": call("reply", "labels")}),
        ({"body": TEXT}, {"body": LONG}, "mappable", {"text": "body"}),
        (
            {"prompt": TEXT, "completion": TEXT}, {"prompt": "Q", "completion": LONG},
            "ready", {"prompt": "prompt", "completion": "completion"},
        ),
        (
            {"question": TEXT, "answer": TEXT}, {"question": "Q", "answer": LONG},
            "mappable", {"prompt": call("question", "question"), "completion": call("reply", "answer")},
        ),
        (
            {"instruction": TEXT, "input": TEXT, "output": TEXT, "prompt": TEXT},
            {"instruction": "I", "input": "", "output": LONG, "prompt": "I"},
            "mappable",
            {"prompt": call("question", call("joined", "instruction", "input")), "completion": call("reply", "output")},
        ),
        (
            {"system_prompt": TEXT, "question": TEXT, "response": TEXT},
            {"system_prompt": "S", "question": "Q", "response": LONG},
            "mappable",
            {"prompt": call("question", "question", "system_prompt"), "completion": call("reply", "response")},
        ),
        (
            {"conversations": SHAREGPT},
            {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Yes?"}]},
            "mappable", {"messages": call("translated", "conversations")},
        ),
        (
            {"conversations": SHAREGPT},
            {"conversations": [{"from": "user", "value": "Hi"}, {"from": "assistant", "value": "Yes?"}]},
            "ready", {"messages": call("translated", "conversations")},
        ),
        (
            {"messages": MESSAGES},
            {"messages": [{"role": "User", "content": "Hi"}, {"role": "Assistant", "content": "Yes?"}]},
            "mappable", {"messages": call("translated", "messages")},
        ),
        ({"chosen": MESSAGES, "rejected": MESSAGES}, {"chosen": CHAT, "rejected": OTHER_CHAT},
         "mappable", {"messages": "chosen"}),
        ({"chat": TEXT}, {"chat": "USER: Hi there\n\nASSISTANT: Good morning to you"},
         "mappable", {"messages": call("transcript", "chat")}),
        ({"dialog": TEXTS}, {"dialog": ["Hi there", "Good morning"]},
         "mappable", {"messages": call("alternated", "dialog")}),
        ({"messages": TEXT}, {"messages": '[{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]'},
         "mappable", {"messages": call("parsed", "messages")}),
        (
            {"messages": MESSAGES, "tools": TEXT}, {"messages": CHAT, "tools": '[{"name": "search"}]'},
            "ready", {"messages": "messages", "tools": call("toolset", "tools")},
        ),
        (
            {"context": TEXT, "question": TEXT, "answers": {"text": TEXTS}},
            {"context": LONG, "question": "Who?", "answers": {"text": ["Ann", "Anna"]}},
            "mappable",
            {
                "prompt": call("question", call("joined", "context", "question")),
                "completion": call("reply", call("at", At(at=("answers", "text")), Constant(constant=0))),
            },
        ),
        (
            {"text": TEXT, "label": {"_type": "ClassLabel", "names": ["bad", "good"]}}, {"text": LONG, "label": 1},
            "ready",
            {"prompt": call("question", "text"),
             "completion": call("reply", call("named", "label", Constant(constant=("bad", "good"))))},
        ),
        (
            {"email": TEXT, "department": TEXT}, {"email": LONG, "department": "billing"},
            "mappable", {"prompt": call("question", "email"), "completion": call("reply", "department")},
        ),
        (
            {"Frage": TEXT, "Antwort": TEXT}, {"Frage": "Warum?", "Antwort": LONG},
            "mappable", {"prompt": call("question", "Frage"), "completion": call("reply", "Antwort")},
        ),
    ],
)  # fmt: skip
def test_sft_reads(
    features: dict[str, Any], row: dict[str, Any], status: str, columns: dict[str, Expression]
) -> None:  # fmt: skip
    assert verdict(Method.SFT, features, row) == (status, columns)


BY_LABEL = {
    "prompt": "prompt",
    "chosen": call("by_label", "winner", Constant(constant="a"), "answer_a", Constant(constant="b"), "answer_b"),
    "rejected": call("by_label", "winner", Constant(constant="a"), "answer_b", Constant(constant="b"), "answer_a"),
}
SCORES = call("each", "completions", Constant(constant="score"))
ANSWERS = call("each", "completions", Constant(constant="text"))


@pytest.mark.parametrize(
    ("features", "row", "status", "columns"),
    [
        (
            {"prompt": TEXT, "chosen": TEXT, "rejected": TEXT}, {"prompt": "Q", "chosen": "A", "rejected": "B"},
            "ready", {"prompt": "prompt", "chosen": "chosen", "rejected": "rejected"},
        ),
        (
            {"question": TEXT, "chosen": TEXT, "rejected": TEXT}, {"question": "Q", "chosen": "A", "rejected": "B"},
            "mappable", {"prompt": "question", "chosen": "chosen", "rejected": "rejected"},
        ),
        (
            {"prompt": MESSAGES, "chosen": MESSAGES, "rejected": MESSAGES},
            {"prompt": CHAT[:1], "chosen": CHAT[1:], "rejected": OTHER_CHAT[1:]},
            "ready", {"prompt": "prompt", "chosen": "chosen", "rejected": "rejected"},
        ),
        (
            {"chosen": MESSAGES, "rejected": MESSAGES}, {"chosen": CHAT, "rejected": OTHER_CHAT},
            "ready", {"chosen": "chosen", "rejected": "rejected"},
        ),
        (
            {"prompt": TEXT, "chosen": MESSAGES, "rejected": MESSAGES, "score": NUMBER},
            {"prompt": "Hello", "chosen": CHAT, "rejected": OTHER_CHAT, "score": 1},
            "mappable", {"chosen": "chosen", "rejected": "rejected"},
        ),
        (
            {"chosen": TEXT, "rejected": TEXT},
            {"chosen": "Human: how are you? Assistant: fine", "rejected": "Human: how are you? Assistant: no"},
            "ready", {"chosen": "chosen", "rejected": "rejected"},
        ),
        (
            {"prompt": TEXT, "answer_a": TEXT, "answer_b": TEXT, "winner": TEXT},
            {"prompt": "Q", "answer_a": "A", "answer_b": "B", "winner": "b"}, "mappable", BY_LABEL,
        ),
        (
            {"prompt": TEXT, "completions": [{"text": TEXT, "score": NUMBER}]},
            {"prompt": "Q", "completions": [{"text": "A", "score": 1}, {"text": "B", "score": 9}]},
            "mappable",
            {"prompt": "prompt", "chosen": call("best", SCORES, ANSWERS), "rejected": call("worst", SCORES, ANSWERS)},
        ),
        (
            {"messages": MESSAGES, "preferred": TEXT, "dispreferred": TEXT},
            {"messages": CHAT[:1], "preferred": "A", "dispreferred": "B"},
            "mappable",
            {"prompt": call("opened", "messages"), "chosen": call("reply", "preferred"),
             "rejected": call("reply", "dispreferred")},
        ),
    ],
)  # fmt: skip
def test_dpo_and_reward_models_read(
    features: dict[str, Any], row: dict[str, Any], status: str, columns: dict[str, Expression]
) -> None:
    assert verdict(Method.DPO, features, row) == (status, columns)
    assert verdict(Method.REWARD, features, row) == (status, columns)


@pytest.mark.parametrize(
    ("features", "row", "status", "columns"),
    [
        (
            {"prompt": TEXT, "completion": TEXT, "label": BOOL}, {"prompt": "Q", "completion": "A", "label": False},
            "ready", {"prompt": "prompt", "completion": "completion", "label": "label"},
        ),
        (
            {"prompt": TEXT, "response": TEXT, "is_safe": BOOL}, {"prompt": "Q", "response": "A", "is_safe": True},
            "mappable",
            {"prompt": call("question", "prompt"), "completion": call("reply", "response"), "label": "is_safe"},
        ),
        (
            {"messages": MESSAGES, "thumbs_up": BOOL}, {"messages": CHAT, "thumbs_up": True},
            "mappable",
            {"prompt": call("before_answer", "messages"), "completion": call("last_answer", "messages"),
             "label": "thumbs_up"},
        ),
        ({"prompt": TEXT, "chosen": TEXT, "rejected": TEXT}, {"prompt": "Q", "chosen": "A", "rejected": "B"},
         "ready", {"prompt": "prompt", "chosen": "chosen", "rejected": "rejected"}),
    ],
)  # fmt: skip
def test_kto_reads(
    features: dict[str, Any], row: dict[str, Any], status: str, columns: dict[str, Expression]
) -> None:  # fmt: skip
    assert verdict(Method.KTO, features, row) == (status, columns)


@pytest.mark.parametrize(
    ("features", "row", "status", "columns"),
    [
        ({"prompt": TEXT}, {"prompt": "Q"}, "ready", {"prompt": call("question", "prompt")}),
        ({"prompt": TEXT, "answer": TEXT}, {"prompt": "Q", "answer": "4"}, "ready",
         {"prompt": call("question", "prompt"), "answer": "answer"}),
        ({"problem": TEXT, "solution": TEXT}, {"problem": "Q", "solution": "4"}, "mappable",
         {"prompt": call("question", "problem"), "answer": "solution"}),
        ({"question": TEXT, "answer": TEXT}, {"question": "Q", "answer": f"{LONG}\n#### 7"}, "mappable",
         {"prompt": call("question", "question"), "answer": call("final", "answer")}),
        ({"prompt": MESSAGES, "ground_truth": TEXT}, {"prompt": CHAT[:1], "ground_truth": "4"}, "ready",
         {"prompt": "prompt", "answer": "ground_truth"}),
        ({"prompt": MESSAGES, "reward_model": {"ground_truth": TEXT}},
         {"prompt": CHAT[:1], "reward_model": {"ground_truth": "4"}}, "ready",
         {"prompt": "prompt", "answer": At(at=("reward_model", "ground_truth"))}),
        ({"messages": MESSAGES, "answer": TEXT}, {"messages": CHAT[:1], "answer": "4"}, "mappable",
         {"prompt": "messages", "answer": "answer"}),
        ({"question": TEXT, "tests": TEXTS}, {"question": "Q", "tests": ["assert f(1) == 2"]}, "mappable",
         {"prompt": call("question", "question"), "checker": "tests"}),
        (
            {"question": TEXT, "choices": TEXTS, "answer": NUMBER},
            {"question": "Q", "choices": ["red", "blue"], "answer": 0},
            "mappable",
            {"prompt": call("question", call("joined", "question", call("lettered", "choices"))),
             "answer": call("letter", "answer", Constant(constant=0))},
        ),
        (
            {"sentence": TEXT, "option1": TEXT, "option2": TEXT, "answer": TEXT},
            {"sentence": "_ won.", "option1": "Ann", "option2": "Bob", "answer": "2"},
            "mappable",
            {"prompt": call("question", call("joined", "sentence", call("lettered", "option1", "option2"))),
             "answer": call("letter", "answer", Constant(constant=1))},
        ),
    ],
)  # fmt: skip
def test_grpo_reads(
    features: dict[str, Any], row: dict[str, Any], status: str, columns: dict[str, Expression]
) -> None:  # fmt: skip
    assert verdict(Method.GRPO, features, row) == (status, columns)


def test_numbers_alone_are_a_puzzle_whose_task_is_missing() -> None:
    found = judge({"nums": NUMBERS, "target": NUMBER}, [{"nums": [1, 2], "target": 3}])[Method.GRPO]

    assert found.example == {"prompt": [{"role": "user", "content": "nums: [1, 2]\ntarget: 3"}], "answer": 3}
    assert found.warnings == (
        "No column says what to do with these numbers: write the task into a system prompt first.",
    )


def test_a_prompt_beside_messages_is_left_out_and_said() -> None:
    found = judge({"prompt": TEXT, "messages": MESSAGES}, [{"prompt": "Hello", "messages": CHAT}])[Method.SFT]

    assert found.status is Status.MAPPABLE
    assert found.mapping == ColumnMapping(columns={"messages": "messages"})
    assert found.warnings[0].startswith("The column `prompt` beside them is left out")


@pytest.mark.parametrize(
    ("method", "features", "row", "reason"),
    [
        (Method.SFT, {"messages": MESSAGES}, {"messages": CHAT[:1]},
         "`messages` holds no turn of the assistant, so there is no answer to imitate."),
        (Method.SFT, {"messages": MESSAGES}, {"messages": [*CHAT, {"role": "narrator", "content": "x"}]},
         "`messages` has turns by `narrator`, and no chat template knows such a role."),
        (Method.SFT, {"conversations": SHAREGPT},
         {"conversations": [{"from": "oracle", "value": "x"}, {"from": "gpt", "value": "y"}]},
         "`conversations` has turns by `oracle`, and no chat template knows such a role."),
        (Method.SFT, {"problem": TEXT}, {"problem": "Q"},
         "`problem` asks, and no column answers: there is nothing to imitate."),
        (Method.SFT, {"message_id": TEXT, "parent_id": TEXT, "role": TEXT, "text": TEXT},
         {"message_id": "b", "parent_id": "a", "role": "assistant", "text": LONG},
         "Each row is one message (`parent_id` says where it belongs): conversations must be rebuilt first."),
        (Method.KTO, {"prompt": TEXT, "completions": TEXTS, "labels": [BOOL]},
         {"prompt": "Q", "completions": ["a", "b"], "labels": [True, False]},
         "`labels` judges each step of a solution: that is for a process reward model."),
        (Method.DPO, {"chosen": TEXT, "rejected": TEXT}, {"chosen": "Yes.", "rejected": "No."},
         "No column holds the question that `chosen` and `rejected` answer."),
        (Method.DPO, {"query": TEXT, "positive": TEXT, "negative": TEXT},
         {"query": "Q", "positive": "a", "negative": "b"},
         "No two columns hold a preferred and a rejected answer to the same question."),
        (Method.DPO, {"prompt": TEXT, "answer_a": TEXT, "answer_b": TEXT},
         {"prompt": "Q", "answer_a": "a", "answer_b": "b"},
         "No two columns hold a preferred and a rejected answer to the same question."),
        (Method.GRPO, {"question": TEXT, "answer": TEXT}, {"question": "Q", "answer": LONG},
         "Beside `question` there is no reference answer that a reward could compare with."),
        (Method.KTO, {"prompt": TEXT, "completion": TEXT}, {"prompt": "Q", "completion": "A"},
         "No column says of each answer whether it is a good one."),
    ],
)  # fmt: skip
def test_what_would_train_the_wrong_thing_is_refused(
    method: Method, features: dict[str, Any], row: dict[str, Any], reason: str
) -> None:
    found = judge(features, [row])[method]

    assert (found.status, found.mapping, found.reason) == (Status.NO, None, reason)


@pytest.mark.parametrize(
    ("name", "feature"),
    [
        ("photo", {"_type": "Image"}),
        ("clips", {"_type": "List", "feature": {"_type": "Audio", "sampling_rate": 16000}}),
        ("part", {"picture": {"_type": "Image"}}),
        ("image", TEXT),
    ],
)
def test_pictures_and_sound_fit_no_method(name: str, feature: Any) -> None:
    verdicts = judge({name: feature, "messages": MESSAGES}, [{"messages": CHAT}])

    assert kind_of(name, feature) is Kind.MEDIA
    assert not any(found.fits for found in verdicts.values())
    assert (
        verdicts[Method.SFT].reason == f"Column `{name}` holds images or sound, and Tunesmith trains text models only."
    )


def test_rows_with_gaps_are_left_out_counted_and_explained() -> None:
    rows = [{"messages": CHAT}, {"messages": []}, {"messages": [{"role": "assistant", "content": None}]}]
    found = judge({"messages": MESSAGES}, rows)[Method.SFT]

    assert found.warnings == (
        "2 of the first 3 rows have no answer, or a message without content: they are left out.",
    )  # fmt: skip
    assert found.example == {"messages": CHAT}


def test_a_tie_is_left_out() -> None:
    features = {"prompt": TEXT, "answer_a": TEXT, "answer_b": TEXT, "winner": TEXT}
    row = {"prompt": "Q", "answer_a": "A", "answer_b": "B"}
    found = judge(features, [row | {"winner": "b"}, row | {"winner": "tie"}])[Method.DPO]

    assert found.example == {"prompt": "Q", "chosen": "B", "rejected": "A"}
    assert found.warnings == ("1 of the first 2 rows do not say which answer is better: they are left out.",)


def test_a_mapping_that_leaves_no_sample_row_is_refused() -> None:
    found = judge({"question": TEXT, "answer": TEXT}, [{"question": "", "answer": LONG}])[Method.SFT]

    assert not found.fits


@pytest.mark.parametrize(
    ("features", "row", "best"),
    [
        ({"messages": MESSAGES}, {"messages": CHAT}, Method.SFT),
        ({"prompt": TEXT, "chosen": TEXT, "rejected": TEXT}, {"prompt": "Q", "chosen": "A", "rejected": "B"},
         Method.DPO),
        ({"prompt": TEXT, "response": TEXT, "is_safe": BOOL}, {"prompt": "Q", "response": LONG, "is_safe": True},
         Method.KTO),
        ({"problem": TEXT, "solution": TEXT, "correct": BOOL}, {"problem": "Q", "solution": LONG, "correct": True},
         Method.SFT),
        ({"question": TEXT, "answer": TEXT}, {"question": "2 + 2?", "answer": "4"}, Method.GRPO),
        ({"question": TEXT, "answer": TEXT}, {"question": "2 + 2?", "answer": f"{LONG}\n#### 4"}, Method.GRPO),
        ({"query": TEXT, "response": TEXT}, {"query": "2 + 2?", "response": f"{LONG}\n#### 4"}, Method.SFT),
        ({"problem": TEXT, "solution": TEXT, "answer": TEXT}, {"problem": "Q", "solution": LONG, "answer": "4"},
         Method.GRPO),
        ({"question": TEXT, "answer": TEXT}, {"question": "Why?", "answer": LONG}, Method.SFT),
        ({"prompt": TEXT}, {"prompt": "Q"}, Method.GRPO),
        ({"id": NUMBER}, {"id": 1}, None),
    ],
)  # fmt: skip
def test_the_method_that_the_data_was_made_for(
    features: dict[str, Any], row: dict[str, Any], best: Method | None
) -> None:
    assert recommend(judge(features, [row]), features, [row]) is best


def test_without_sample_rows_the_names_decide() -> None:
    assert judge({"messages": MESSAGES}, [])[Method.SFT].status is Status.READY
    assert judge({"chosen": MESSAGES, "rejected": MESSAGES}, [])[Method.DPO].status is Status.READY


def test_what_is_copied_into_scripts_imports_only_what_scripts_import() -> None:
    source = (Path(__file__).parents[1] / "bot/rows/functions.py").read_text(encoding="utf-8")
    imports = [ast.unparse(node) for node in ast.parse(source).body if isinstance(node, ast.Import | ast.ImportFrom)]

    assert imports == ["import json", "import re"]
