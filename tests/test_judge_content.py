"""The judge where the names of columns say little: what texts hold, and how columns relate, decides."""

from typing import Any

import pytest

from bot.models import At, Call, Constant, Expression, Method
from bot.planning import judge, recommend
from bot.planning.formats import Status
from bot.rows import converted

TEXT = {"dtype": "string", "_type": "Value"}
NUMBER = {"dtype": "int64", "_type": "Value"}
BOOL = {"dtype": "bool", "_type": "Value"}
TEXTS = {"_type": "List", "feature": TEXT}
MESSAGES = {"_type": "List", "feature": {"role": TEXT, "content": TEXT}}
ASKED = "How many pens are left when Ann gives five of twelve away?"
LONG = "Because the sum of the two numbers is even, one of them must be odd."
OTHER = "The sum says nothing about any of the two numbers, and so nobody knows."


def call(name: str, *arguments: Expression) -> Call:
    return Call(call=name, to=arguments)


def columns(method: Method, features: dict[str, Any], row: dict[str, Any]) -> dict[str, Expression]:
    """How the rows are made; {} when they cannot be."""
    mapping = judge(features, [row])[method].mapping
    return dict(mapping.columns) if mapping else {}


def made(method: Method, features: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    """The first row that the trainer gets."""
    mapping = judge(features, [row])[method].mapping
    assert mapping is not None
    return converted([row], mapping)[0]


def turn(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def texts(**row: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return dict.fromkeys(row, TEXT), row


@pytest.mark.parametrize(
    ("row", "asks", "answers"),
    [
        ({"0": ASKED, "1": LONG}, "0", "1"),
        ({"col1": LONG, "col2": ASKED}, "col2", "col1"),
        ({"x1": ASKED, "x2": LONG, "x3": "billing", "row_id": "a-1"}, "x1", "x2"),
        ({"Q": ASKED, "A": LONG}, "Q", "A"),
        ({"customer": LONG, "agent": OTHER}, "customer", "agent"),
        ({"ticket": LONG, "resolution": OTHER, "opened": "2024-01-02"}, "ticket", "resolution"),
        ({"prompt": LONG, "label": OTHER}, "prompt", "label"),
        ({"prompt": "[WP] A dragon moves in", "story": LONG}, "prompt", "story"),
        ({"incoming_email": LONG, "outgoing_email": OTHER}, "incoming_email", "outgoing_email"),
    ],
)
def test_a_question_is_known_by_what_it_says_or_who_says_it(row: dict[str, str], asks: str, answers: str) -> None:
    found = columns(Method.SFT, *texts(**row))
    assert found == {"prompt": call("question", asks), "completion": call("reply", answers)}


def test_a_few_odd_rows_change_nothing_and_many_do() -> None:
    features = {"x1": TEXT, "x2": TEXT}
    rows = [{"x1": ASKED, "x2": LONG}] * 9
    assert judge(features, [*rows, {"x1": "Go on.", "x2": "Yes."}])[Method.SFT].fits
    assert not judge(features, [*rows[:5], *[{"x1": LONG, "x2": ASKED}] * 5])[Method.SFT].fits


def test_a_role_that_no_name_tells_is_said() -> None:
    features, row = texts(col1=LONG, col2=ASKED)
    said = "The names do not say what is in `col2` and `col1`: this is read from the texts. Look at the example."
    assert judge(features, [row])[Method.SFT].warnings == (said,)
    features, row = texts(question=ASKED, answer=LONG)
    assert judge(features, [row])[Method.SFT].warnings == ()


@pytest.mark.parametrize(
    "row",
    [
        {"x1": ASKED, "x2": LONG, "x3": "two numbers"},
        {"pros": LONG, "cons": OTHER},
        {"anchor": ASKED, "positive": LONG},
        {"query": ASKED, "document": LONG},
        {"text_a": LONG, "text_b": OTHER},
        {"id": "1", "parent": "2", "hash": "abc"},
    ],
)
def test_texts_of_which_none_answers_the_other_are_refused(row: dict[str, str]) -> None:
    features, row = texts(**row)
    verdicts = judge(features, [row])
    assert not any(verdict.fits for verdict in verdicts.values())
    assert recommend(verdicts, features, [row]) is None


def test_a_versions_text_keeps_what_was_wanted_of_it() -> None:
    features, row = texts(original_text=LONG, rewritten_text=OTHER, instruction="Make it formal")
    assert columns(Method.SFT, features, row) == {
        "prompt": call("question", call("joined", "original_text", "instruction")),
        "completion": call("reply", "rewritten_text"),
    }


USER, ASSISTANT = turn("user", "Q"), turn("assistant", "A")


@pytest.mark.parametrize(
    ("features", "row"),
    [
        ({"user_turns": TEXTS, "bot_turns": TEXTS}, {"user_turns": ["Q", "Q"], "bot_turns": ["A", "A"]}),
        ({"free_messages": TEXTS, "guided_messages": TEXTS}, {"free_messages": ["Q", "Q"],
                                                              "guided_messages": ["A", "A"]}),
        ({"x": MESSAGES, "y": MESSAGES}, {"x": [USER, USER], "y": [ASSISTANT, ASSISTANT]}),
        ({f"turn_{n}": TEXT for n in (1, 2, 3, 4)}, {"turn_1": "Q", "turn_2": "A", "turn_3": "Q", "turn_4": "A"}),
    ],
)  # fmt: skip
def test_two_sides_become_one_conversation(features: dict[str, Any], row: dict[str, Any]) -> None:
    assert made(Method.SFT, features, row) == {"messages": [USER, ASSISTANT, USER, ASSISTANT]}


def test_a_column_for_each_message_is_a_conversation() -> None:
    said = {"from": TEXT, "value": TEXT}
    row = {"0": {"from": "human", "value": "Q"}, "1": {"from": "gpt", "value": "A"}}
    assert made(Method.SFT, {"0": said, "1": said}, row) == {"messages": [USER, ASSISTANT]}


def test_answers_of_two_kinds_to_one_question_are_no_conversation() -> None:
    features = {"question": TEXT, "human_answers": TEXTS, "chatgpt_answers": TEXTS}
    found = made(Method.SFT, features, {"question": "Q", "human_answers": [LONG], "chatgpt_answers": [OTHER]})
    assert found == {"prompt": [USER], "completion": [turn("assistant", LONG)]}


def test_a_message_beside_a_reference_is_a_question_for_reinforcement_learning() -> None:
    features = {"0": {"from": TEXT, "value": TEXT}, "1": {"from": TEXT, "ground_truth": {"value": TEXT}}}
    row = {"0": {"from": "human", "value": "Q"}, "1": {"from": "assistant", "ground_truth": {"value": "7"}}}
    assert made(Method.GRPO, features, row) == {"prompt": [USER], "answer": "7"}
    assert columns(Method.SFT, features, row) == {}


@pytest.mark.parametrize(
    ("features", "row"),
    [
        ({"candidates": TEXTS, "best_idx": NUMBER}, {"candidates": [OTHER, LONG], "best_idx": 1}),
        ({"helpful_response": TEXT, "unhelpful_response": TEXT},
         {"helpful_response": LONG, "unhelpful_response": OTHER}),
        ({"answer_fitting_it": TEXT, "answer_not_fitting_it": TEXT},
         {"answer_not_fitting_it": OTHER, "answer_fitting_it": LONG}),
        ({"model_1": TEXT, "model_2": TEXT, "output_1": TEXT, "output_2": TEXT, "winner": TEXT},
         {"model_1": "small", "model_2": "large", "output_1": OTHER, "output_2": LONG, "winner": "large"}),
        ({"outputs": [{"text": TEXT, "is_chosen": BOOL}]},
         {"outputs": [{"text": OTHER, "is_chosen": False}, {"text": LONG, "is_chosen": True}]}),
    ],
)  # fmt: skip
def test_the_better_answer_is_told_by_a_place_a_negation_a_name_or_a_flag(
    features: dict[str, Any], row: dict[str, Any]
) -> None:
    found = made(Method.DPO, {"question": TEXT, **features}, {"question": "Q", **row})
    assert found == {"prompt": "Q", "chosen": LONG, "rejected": OTHER}


def test_a_place_outside_of_the_list_is_no_place_of_the_best() -> None:
    features = {"question": TEXT, "candidates": TEXTS, "best_idx": NUMBER}
    assert columns(Method.DPO, features, {"question": "Q", "candidates": [OTHER, LONG], "best_idx": 7}) == {}


def test_the_question_that_begins_like_its_answers_is_theirs() -> None:
    features, row = texts(orig_instruction=ASKED, orig_response_A=LONG, orig_response_B=OTHER, orig_preference="A",
                          instruction="Judge these.", output="A")  # fmt: skip
    assert columns(Method.DPO, features, row)["prompt"] == "orig_instruction"


def test_the_steps_that_both_answers_continue_belong_to_the_prompt() -> None:
    features, row = texts(prompt=ASKED, initial_reason_steps="Step 1: there are twelve.", chosen=LONG, rejected=OTHER)
    verdicts = judge(features, [row])
    for method in (Method.DPO, Method.KTO, Method.REWARD):
        mapping = verdicts[method].mapping
        assert mapping is not None
        assert mapping.columns["prompt"] == call("joined", "prompt", "initial_reason_steps")
        assert verdicts[method].status is Status.MAPPABLE
    assert columns(Method.GRPO, features, row) == {"prompt": call("question", "prompt")}


@pytest.mark.parametrize(("said", "label"), [("thumbs up", True), ("👎", False), ("positive", True)])
def test_opinions_in_words_are_labels(said: str, label: bool) -> None:
    features, row = texts(question="Q", reply=LONG, user_feedback=said)
    assert made(Method.KTO, features, row)["label"] is label


def test_other_words_are_no_opinions() -> None:
    assert columns(Method.KTO, *texts(question="Q", reply=LONG, user_feedback="too long")) == {}


def test_a_label_of_0_and_1_beside_a_response_judges_it_and_one_beside_options_does_not() -> None:
    features = {"prompt": TEXT, "response": TEXT, "label": NUMBER}
    assert made(Method.KTO, features, {"prompt": "Q", "response": LONG, "label": 0})["label"] is False
    options = {"question": TEXT, "answer_0": TEXT, "answer_1": TEXT, "answer_2": TEXT, "label": NUMBER}
    row = {"question": "Q", "answer_0": LONG, "answer_1": OTHER, "answer_2": ASKED, "label": 1}
    assert columns(Method.KTO, options, row) == {}


def test_the_column_that_repeats_an_option_is_the_reference() -> None:
    features = {"stem": TEXT, "alternatives": TEXTS, "right": TEXT}
    row = {"stem": ASKED, "alternatives": ["five", "seven"], "right": "seven"}
    assert columns(Method.GRPO, features, row)["answer"] == "right"
    assert "answer" not in columns(Method.GRPO, features, {**row, "right": "eight"})


def test_a_sentence_is_said_and_not_compared() -> None:
    features = {"question": TEXT, "answer": TEXT}
    for answer, method in (("Wires and pipes.", Method.SFT), ("Copper", Method.GRPO)):
        row = {"question": "What is it?", "answer": answer}
        assert recommend(judge(features, [row]), features, [row]) is method


def test_tests_come_before_a_short_solution() -> None:
    features, row = texts(prompt="def add(a, b):", canonical_solution="    return a + b", test="assert add(1, 2) == 3")
    assert columns(Method.GRPO, features, row) == {"prompt": call("question", "prompt"), "checker": "test"}


def test_a_question_may_name_its_answer() -> None:
    features, row = texts(question="Is Arthur's Magazine older, or First for Women?", answer="Arthur's Magazine")
    assert columns(Method.GRPO, features, row) == {"prompt": call("question", "question"), "answer": "answer"}


def test_a_class_beside_the_only_text_is_learned() -> None:
    features = {"sms": TEXT, "label": {"_type": "ClassLabel", "names": ["ham", "spam"]}}
    found = columns(Method.SFT, features, {"sms": LONG, "label": 1})
    assert found["completion"] == call("reply", call("named", "label", Constant(constant=("ham", "spam"))))


def test_an_empty_text_column_does_not_make_rows_ready() -> None:
    features, row = texts(text="", instruction=ASKED, output=LONG)
    assert judge(features, [row])[Method.SFT].status is Status.MAPPABLE


def test_a_place_inside_a_struct_is_read() -> None:
    features = {"data": {"instruction": TEXT, "response": TEXT}}
    found = columns(Method.SFT, features, {"data": {"instruction": "Q", "response": LONG}})
    assert found["prompt"] == call("question", At(at=("data", "instruction")))
