"""The judge and what lies beside the texts: numbered options, parses, annotators' remarks, tools, votes, ids."""

import json
from typing import Any

import pytest

from bot.models import Expression, Method
from bot.planning import judge, recommend
from bot.planning.columns import feature_of
from bot.planning.formats import Status
from bot.planning.verdict import Verdict
from bot.rows import converted

ASKED = "How many pens are left when Ann gives five of twelve away?"
LONG = "Because the sum of the two numbers is even, one of them must be odd."
OTHER = "The sum says nothing about any of the two numbers, and so nobody knows."
CLASSES = {"_type": "ClassLabel", "names": ["no", "yes", "unclear"]}
CALL = json.dumps({"name": "weather", "arguments": {"city": "Rome"}})
TOOL = {"name": "weather", "parameters": {"city": {"type": "string"}}}
TALK = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": ASKED}]
SOLVED = "Twelve less five is seven, so that seven pens are left: \\boxed{7}"


def verdicts(row: dict[str, Any], **features: Any) -> dict[Method, Verdict]:
    return judge({name: feature_of(value) for name, value in row.items()} | features, [row])


def best(row: dict[str, Any], **features: Any) -> Method | None:
    every = {name: feature_of(value) for name, value in row.items()} | features
    return recommend(judge(every, [row]), every, [row])


def made(method: Method, row: dict[str, Any], **features: Any) -> dict[str, Any]:
    """The first row that the trainer gets."""
    mapping = verdicts(row, **features)[method].mapping
    assert mapping is not None
    return converted([row], mapping)[0]


def asked(method: Method, row: dict[str, Any], **features: Any) -> str:
    """What the user's turn says."""
    return str(made(method, row, **features)["prompt"][-1]["content"])


@pytest.mark.parametrize(
    ("names", "right", "letter"),
    [
        (("mc_answer1", "mc_answer2", "mc_answer3"), {"correct_answer_num": "2"}, "B"),
        (("poss_option_1", "poss_option_2", "poss_option_3"), {"right_option_number": 3}, "C"),
        (("mcChoiceA", "mcChoiceB", "mcChoiceC"), {"gold_label": "A"}, "A"),
    ],
)
def test_options_under_longer_names_are_shown_with_letters(
    names: tuple[str, ...], right: dict[str, Any], letter: str
) -> None:
    row = {"question": ASKED, **dict(zip(names, ("six", "seven", "eight"), strict=True)), **right}

    assert best(row) is Method.GRPO
    assert asked(Method.GRPO, row) == f"{ASKED}\n\nA. six\nB. seven\nC. eight"
    assert made(Method.GRPO, row)["answer"] == letter


def test_two_answers_under_longer_names_are_no_options() -> None:
    row = {"question": ASKED, "written_answer_a": LONG, "written_answer_b": OTHER, "winner": "a"}

    assert made(Method.DPO, row) == {"prompt": ASKED, "chosen": LONG, "rejected": OTHER}


def test_wrong_answers_alone_are_no_options() -> None:
    row = {"question": ASKED, "correct_answer": "7", **{f"incorrect_answer_{n}": str(n) for n in range(1, 4)}}

    assert asked(Method.GRPO, row) == ASKED


@pytest.mark.parametrize("derived", ["premise_binary_parse", "premise_tokenized", "lemmatized_premise"])
def test_what_a_program_made_of_a_text_is_no_part_of_the_prompt(derived: str) -> None:
    row = {"premise": LONG, derived: f"( {LONG} )", "hypothesis": OTHER, "label": 1}

    assert asked(Method.SFT, row, label=CLASSES) == f"{LONG}\n\n{OTHER}"


@pytest.mark.parametrize(
    "remark", [{"required_knowledge": "One must know numbers well."}, {"evidence": "[]"}, {"facts": "{}"}]
)
def test_what_an_annotator_says_of_a_question_is_no_part_of_the_prompt(remark: dict[str, str]) -> None:
    assert asked(Method.SFT, {"question": ASKED, "answer": LONG, **remark}) == ASKED


@pytest.mark.parametrize(
    "tools", [{"tool": json.dumps(TOOL)}, {"functions": json.dumps([TOOL])}, {"available_tools": [TOOL]}]
)
def test_tools_under_other_names_are_taken_along(tools: dict[str, Any]) -> None:
    row = {"query": "How is the weather in Rome today?", **tools, "answer": CALL}

    assert json.loads(made(Method.SFT, row)["tools"]) == [TOOL]
    assert made(Method.GRPO, row)["checker"] == CALL


def test_a_column_called_tool_that_describes_none_is_left_out() -> None:
    assert "tools" not in made(Method.SFT, {"query": ASKED, "tool": '{"name": "hammer"}', "answer": LONG})


def test_a_preamble_is_no_prompt_where_another_column_says_the_task() -> None:
    row = {"prompt": "import math\n", "completion": "x = 1", "query": ASKED, "response": LONG}

    assert asked(Method.SFT, row) == ASKED
    assert verdicts(row)[Method.SFT].status is Status.MAPPABLE
    told = {"prompt": 'import math\ndef f():\n    """Count the pens."""\n', "completion": "    return 1"}
    assert verdicts(told | {"query": ASKED, "response": LONG})[Method.SFT].status is Status.READY


@pytest.mark.parametrize(
    "beside",
    [
        {"quality": [{"user_id": "u1", "value": "4"}], "generation_model": ["m"]},
        {"user_names": ["ann"], "assistant_models": ["m"]},
    ],
)
def test_ids_and_names_of_models_are_no_turns(beside: dict[str, Any]) -> None:
    assert asked(Method.SFT, {"input": ASKED, **beside, "generations": [LONG]}) == ASKED


@pytest.mark.parametrize(
    "votes",
    [
        {"preference": "B is much better"},
        {"annotations": [{"pref": "B-is-better"}, {"pref": "A-is-better"}, {"pref": "B-is-slightly-better"}]},
        {"by": [{"style_pref": "A-is-better", "overall_pref": "answer_b is slightly better"}]},
    ],
)
def test_votes_in_words_choose_the_better_answer(votes: dict[str, Any]) -> None:
    row = {"text": ASKED, "answer_a": LONG, "answer_b": OTHER, **votes}

    assert best(row) is Method.DPO
    assert made(Method.DPO, row) == {"prompt": ASKED, "chosen": OTHER, "rejected": LONG}
    assert made(Method.SFT, row)["completion"][0]["content"] == OTHER


@pytest.mark.parametrize("votes", ["A, because it is better", "It is better"])
def test_remarks_choose_nothing(votes: str) -> None:
    row = {"text": ASKED, "answer_a": LONG, "answer_b": OTHER, "votes": [{"overall_pref": votes}]}

    assert not verdicts(row)[Method.DPO].fits


def test_a_conversation_and_a_text_that_answers_it_are_judged_together() -> None:
    row = {"prompt": TALK, "completion": LONG, "label": True}
    reply: Expression | list[dict[str, str]] = [{"role": "assistant", "content": LONG}]

    assert best(row) is Method.KTO
    assert made(Method.KTO, row) == {"prompt": TALK, "completion": reply, "label": True}
    sft = verdicts(row)[Method.SFT].mapping
    assert sft is not None
    assert converted([row], sft) == [{"prompt": TALK, "completion": reply}]
    assert converted([row | {"label": False}], sft) == []


def test_an_instruction_that_is_empty_in_the_sample_stands_before_its_input() -> None:
    row = {"instruction": "", "input": ASKED, "output": LONG}
    mapping = verdicts(row)[Method.SFT].mapping

    assert mapping is not None
    assert (
        converted([row | {"instruction": "Be brief."}], mapping)[0]["prompt"][0]["content"] == f"Be brief.\n\n{ASKED}"
    )
    assert asked(Method.SFT, row) == ASKED


def test_solutions_that_were_collected_for_their_thoughts_are_imitated() -> None:
    assert best({"question": ASKED, "solution": SOLVED}) is Method.GRPO
    assert best({"question": ASKED, "solution": SOLVED, "cot_type": "math"}) is Method.SFT


def test_a_message_that_only_calls_a_tool_gets_an_empty_text() -> None:
    said = {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "weather"}}]}
    no = {"role": "assistant", "content": LONG, "tool_calls": None}
    row = {"prompt": TALK, "chosen": [said], "rejected": [no]}
    turns = {"_type": "List", "feature": {"role": feature_of(""), "content": feature_of(""), "tool_calls": []}}

    assert made(Method.DPO, row, chosen=turns, rejected=turns) == row | {"chosen": [said | {"content": ""}]}
    assert verdicts(row, chosen=turns, rejected=turns)[Method.DPO].status is Status.MAPPABLE
    spoken = row | {"chosen": [no | {"content": OTHER}]}
    assert verdicts(spoken, chosen=turns, rejected=turns)[Method.DPO].status is Status.READY
