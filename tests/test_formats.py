"""Which methods a dataset serves, column by column."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from bot.errors import UserError
from bot.models import ColumnMapping, Method
from bot.planning.columns import ROLE_MAP, Kind, kind_of
from bot.planning.formats import Status, choose_method, judge, recommend
from tests.builders import make_dataset_info

TEXT = {"dtype": "string", "_type": "Value"}
NUMBER = {"dtype": "int64", "_type": "Value"}
MESSAGES = {"_type": "List", "feature": {"role": TEXT, "content": TEXT}}
TEXTS = {"_type": "List", "feature": TEXT}
SHAREGPT = [{"from": TEXT, "value": TEXT}]

CHAT = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Good morning, what can I do?"}]
OTHER_CHAT = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Go away."}]
LONG = "Because the sum of the two numbers is even, one of them must be odd."


def columns(verdict_of: Method, features: dict[str, Any], row: dict[str, Any]) -> tuple[str, ColumnMapping | None]:
    verdict = judge(features, [row])[verdict_of]
    return verdict.status.value, verdict.mapping


@pytest.mark.parametrize(
    ("features", "row", "status", "kind", "mapped"),
    [
        ({"messages": MESSAGES}, {"messages": CHAT}, "ready", "as_is", {"messages": "messages"}),
        ({"conversation": MESSAGES}, {"conversation": CHAT}, "mappable", "rename", {"messages": "conversation"}),
        ({"text": TEXT}, {"text": LONG}, "ready", "as_is", {"text": "text"}),
        ({"text": TEXT, "labels": NUMBER}, {"text": LONG}, "mappable", "as_is", {"text": "text"}),
        ({"body": TEXT}, {"body": LONG}, "mappable", "rename", {"text": "body"}),
        (
            {"prompt": TEXT, "completion": TEXT}, {"prompt": "Q", "completion": LONG},
            "ready", "as_is", {"prompt": "prompt", "completion": "completion"},
        ),
        (
            {"question": TEXT, "answer": TEXT}, {"question": "Q", "answer": LONG},
            "mappable", "pairs_to_messages", {"prompt": "question", "completion": "answer"},
        ),
        (
            {"instruction": TEXT, "input": TEXT, "output": TEXT, "prompt": TEXT},
            {"instruction": "I", "input": "", "output": LONG, "prompt": "I"},
            "mappable", "pairs_to_messages", {"prompt": "instruction", "completion": "output", "input": "input"},
        ),
        (
            {"system_prompt": TEXT, "question": TEXT, "response": TEXT},
            {"system_prompt": "S", "question": "Q", "response": LONG},
            "mappable", "pairs_to_messages",
            {"prompt": "question", "completion": "response", "system": "system_prompt"},
        ),
        (
            {"conversations": SHAREGPT},
            {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Yes?"}]},
            "mappable", "sharegpt", {"messages": "conversations"},
        ),
        (
            {"messages": MESSAGES},
            {"messages": [{"role": "User", "content": "Hi"}, {"role": "Assistant", "content": "Yes?"}]},
            "mappable", "sharegpt", {"messages": "messages"},
        ),
        ({"chosen": MESSAGES, "rejected": MESSAGES}, {"chosen": CHAT, "rejected": OTHER_CHAT},
         "mappable", "rename", {"messages": "chosen"}),
    ],
)  # fmt: skip
def test_sft_reads(
    features: dict[str, Any], row: dict[str, Any], status: str, kind: str, mapped: dict[str, str]
) -> None:
    found, mapping = columns(Method.SFT, features, row)

    assert found == status
    assert mapping == ColumnMapping.model_validate({"kind": kind, "columns": mapped})


@pytest.mark.parametrize(
    ("features", "row", "status", "kind", "mapped"),
    [
        (
            {"prompt": TEXT, "chosen": TEXT, "rejected": TEXT}, {"prompt": "Q", "chosen": "A", "rejected": "B"},
            "ready", "as_is", {"prompt": "prompt", "chosen": "chosen", "rejected": "rejected"},
        ),
        (
            {"question": TEXT, "chosen": TEXT, "rejected": TEXT}, {"question": "Q", "chosen": "A", "rejected": "B"},
            "mappable", "rename", {"prompt": "question", "chosen": "chosen", "rejected": "rejected"},
        ),
        (
            {"prompt": MESSAGES, "chosen": MESSAGES, "rejected": MESSAGES},
            {"prompt": CHAT[:1], "chosen": CHAT[1:], "rejected": OTHER_CHAT[1:]},
            "ready", "as_is", {"prompt": "prompt", "chosen": "chosen", "rejected": "rejected"},
        ),
        (
            {"chosen": MESSAGES, "rejected": MESSAGES}, {"chosen": CHAT, "rejected": OTHER_CHAT},
            "ready", "implicit_prompt", {"chosen": "chosen", "rejected": "rejected"},
        ),
        (
            {"prompt": TEXT, "chosen": MESSAGES, "rejected": MESSAGES, "score": NUMBER},
            {"prompt": "Hello", "chosen": CHAT, "rejected": OTHER_CHAT, "score": 1},
            "mappable", "implicit_prompt", {"chosen": "chosen", "rejected": "rejected"},
        ),
        (
            {"chosen": TEXT, "rejected": TEXT},
            {"chosen": "Human: how are you? Assistant: fine", "rejected": "Human: how are you? Assistant: no"},
            "ready", "as_is", {"chosen": "chosen", "rejected": "rejected"},
        ),
    ],
)  # fmt: skip
def test_dpo_reads(
    features: dict[str, Any], row: dict[str, Any], status: str, kind: str, mapped: dict[str, str]
) -> None:
    found, mapping = columns(Method.DPO, features, row)

    assert found == status
    assert mapping == ColumnMapping.model_validate({"kind": kind, "columns": mapped})


@pytest.mark.parametrize(
    ("features", "row", "kind", "mapped", "answer"),
    [
        ({"prompt": TEXT}, {"prompt": "Q"}, "prompt_from_question", {"prompt": "prompt"}, None),
        ({"problem": TEXT, "solution": TEXT}, {"problem": "Q", "solution": "4"},
         "prompt_from_question", {"prompt": "problem"}, "solution"),
        ({"question": TEXT, "answer": NUMBER}, {"question": "Q", "answer": 4},
         "prompt_from_question", {"prompt": "question"}, "answer"),
        ({"prompt": MESSAGES, "ground_truth": TEXT}, {"prompt": CHAT[:1], "ground_truth": "4"},
         "rename", {"prompt": "prompt", "answer": "ground_truth"}, "ground_truth"),
        ({"messages": MESSAGES, "answer": TEXT}, {"messages": CHAT[:1], "answer": "4"},
         "rename", {"prompt": "messages", "answer": "answer"}, "answer"),
    ],
)  # fmt: skip
def test_grpo_reads(
    features: dict[str, Any], row: dict[str, Any], kind: str, mapped: dict[str, str], answer: str | None
) -> None:
    _, mapping = columns(Method.GRPO, features, row)

    assert mapping == ColumnMapping.model_validate({"kind": kind, "columns": mapped, "answer": answer})


def test_a_prompt_beside_messages_is_left_out_and_said() -> None:
    verdict = judge({"prompt": TEXT, "messages": MESSAGES}, [{"prompt": "Hello", "messages": CHAT}])[Method.SFT]

    assert verdict.status is Status.MAPPABLE
    assert verdict.mapping == ColumnMapping(kind="as_is", columns={"messages": "messages"})
    assert verdict.warnings[0].startswith("The column `prompt` beside them is left out")


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
        (Method.DPO, {"chosen": TEXT, "rejected": TEXT}, {"chosen": "Yes.", "rejected": "No."},
         "No column holds the question that `chosen` and `rejected` answer."),
        (Method.GRPO, {"question": TEXT, "tests": TEXTS}, {"question": "Q", "tests": ["a"]},
         "`question` has no reference answer beside it that a reward could compare with."),
    ],
)  # fmt: skip
def test_what_would_train_the_wrong_thing_is_refused(
    method: Method, features: dict[str, Any], row: dict[str, Any], reason: str
) -> None:
    verdict = judge(features, [row])[method]

    assert (verdict.status, verdict.mapping, verdict.reason) == (Status.NO, None, reason)


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
    assert not any(verdict.fits for verdict in verdicts.values())
    assert (
        verdicts[Method.SFT].reason == f"Column `{name}` holds images or sound, and Tunesmith trains text models only."
    )


def test_rows_with_gaps_are_counted_and_what_becomes_of_them_is_said() -> None:
    rows = [{"messages": CHAT}, {"messages": []}, {"messages": [{"role": "assistant", "content": None}]}]

    assert judge({"messages": MESSAGES}, rows)[Method.SFT].warnings == (
        "1 of the first 3 rows have no messages in `messages`; they are left out.",
        "1 of the first 3 rows have a message without content in `messages`. Some chat templates make it empty; others"
        " stop the job before its first step. Better take these rows out first.",
    )


def test_a_gap_in_a_message_that_the_script_translates_counts_as_empty() -> None:
    said = [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": None}]
    rows = [{"conversations": said}, {"conversations": None}]

    assert judge({"conversations": SHAREGPT}, rows)[Method.SFT].warnings == (
        "1 of the first 2 rows have no messages in `conversations`; they are left out.",
        "1 of the first 2 rows have a message without content in `conversations`; it counts as empty.",
    )


@pytest.mark.parametrize(
    ("features", "row", "best"),
    [
        ({"messages": MESSAGES}, {"messages": CHAT}, Method.SFT),
        ({"prompt": TEXT, "chosen": TEXT, "rejected": TEXT}, {"prompt": "Q", "chosen": "A", "rejected": "B"},
         Method.DPO),
        ({"question": TEXT, "answer": TEXT}, {"question": "2 + 2?", "answer": "4"}, Method.GRPO),
        ({"question": TEXT, "answer": TEXT}, {"question": "Why?", "answer": LONG}, Method.SFT),
        ({"prompt": TEXT}, {"prompt": "Q"}, Method.GRPO),
        ({"id": NUMBER}, {"id": 1}, None),
    ],
)  # fmt: skip
def test_the_method_that_the_data_was_made_for(
    features: dict[str, Any], row: dict[str, Any], best: Method | None
) -> None:
    assert recommend(judge(features, [row]), [row]) is best


def test_a_named_method_that_does_not_fit_says_what_is_there_and_what_would() -> None:
    dataset = make_dataset_info(features={"text": TEXT}, rows=({"text": LONG},))

    with pytest.raises(UserError) as refusal:
        choose_method(dataset, Method.DPO)

    assert refusal.value.problem == (
        "Dataset `tunesmith-lab/tiny-chat` has columns `text`; DPO needs `chosen` and `rejected`, with or without"
        " `prompt`. No two columns hold a preferred and a rejected answer to the same question."
    )
    assert refusal.value.fix == "Use method=sft with this dataset, or name a dataset that has these columns."


def test_a_dataset_that_fits_nothing_says_what_each_method_needs() -> None:
    dataset = make_dataset_info(features={"image": {"_type": "Image"}, "text": TEXT}, rows=())

    with pytest.raises(UserError) as refusal:
        choose_method(dataset, None)

    assert "has columns `image`, `text`, and none of SFT, DPO and GRPO can train on them" in refusal.value.problem
    assert "GRPO needs `prompt`" in refusal.value.fix


def test_without_sample_rows_the_names_decide() -> None:
    assert judge({"messages": MESSAGES}, [])[Method.SFT].status is Status.READY
    assert judge({"chosen": MESSAGES, "rejected": MESSAGES}, [])[Method.DPO].status is Status.READY


def test_the_script_translates_the_roles_that_the_verdict_promises() -> None:
    source = Path(__file__).parent.parent / "templates" / "scripts" / "base.py.j2"
    written = re.search(r"^ROLES = (\{[^}]*\})", source.read_text(), re.MULTILINE)

    assert written is not None
    assert ast.literal_eval(written[1]) == ROLE_MAP
