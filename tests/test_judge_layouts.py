"""The judge on layouts in which several columns belong together: versions, options, traces, speakers, media."""

from typing import Any

import pytest

from bot.models import Method
from bot.planning import judge, recommend
from bot.planning.formats import Status
from bot.rows import converted
from tests.accuracy.schemas import said

TEXT = {"dtype": "string", "_type": "Value"}
NUMBER = {"dtype": "int64", "_type": "Value"}
BOOL = {"dtype": "bool", "_type": "Value"}
BYTES = {"dtype": "binary", "_type": "Value"}
TEXTS = {"_type": "List", "feature": TEXT}
NUMBERS = {"_type": "List", "feature": NUMBER}
MESSAGES = {"_type": "List", "feature": {"role": TEXT, "content": TEXT}}
LONG = "Because the sum of the two numbers is even, one of them must be odd."
OTHER = "The sum says nothing about any of the two numbers, and so nobody knows."
ASKED = "How many pens are left when Ann gives five of twelve away?"


def turn(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


CHAT = [turn("user", ASKED), turn("assistant", LONG)]
OTHER_CHAT = [turn("user", ASKED), turn("assistant", OTHER)]


def texts(**row: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Columns of texts, or of lists of them, with one row."""
    return {name: TEXTS if isinstance(value, list) else TEXT for name, value in row.items()}, row


def best(features: dict[str, Any], *rows: dict[str, Any]) -> tuple[str | None, dict[str, str]]:
    """The recommended method, and from which columns its rows are made."""
    verdicts = judge(features, rows)
    method = recommend(verdicts, features, rows)
    mapping = verdicts[method].mapping if method else None
    return (method.value if method else None), (said(mapping) if mapping else {})


def made(method: Method, features: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    mapping = judge(features, [row])[method].mapping
    assert mapping is not None
    return converted([row], mapping)[0]


@pytest.mark.parametrize(
    ("row", "prompt", "completion"),
    [
        ({"toxic_text": OTHER, "neutral_text": LONG}, "toxic_text", "neutral_text"),
        ({"draft": OTHER, "revisions": [LONG, OTHER]}, "draft", "revisions[0]"),
        ({"complex_sentence": OTHER, "simple_sentence_1": LONG, "simple_sentence_2": ASKED}, "complex_sentence",
         "simple_sentence_1+simple_sentence_2"),
        ({"before": OTHER, "after": LONG, "instruction_short": "Say it better"}, "before+instruction_short", "after"),
        ({"text_en": OTHER, "text_de": LONG}, "text_en", "text_de"),
        ({"java": "int list() { return 1; }\n", "python": "def list(): return 1 + 0\n"}, "java", "python"),
        ({"keywords": "dog, park, ball", "sentence": LONG}, "keywords", "sentence"),
        ({"description": ASKED, "patient": OTHER, "doctor": LONG}, "patient", "doctor"),
        ({"question_title": "Pens of Ann", "question_body": ASKED, "answer": LONG}, "question_title+question_body",
         "answer"),
        ({"query": ASKED, "completion": OTHER, "response": LONG}, "query", "response"),
        ({"problem": ASKED, "deepseek_reasoning": OTHER, "deepseek_solution": LONG, "solution": OTHER}, "problem",
         "deepseek_reasoning+deepseek_solution"),
        ({"user": ASKED, "assistant": LONG, "reasoning": OTHER}, "user", "reasoning+assistant"),
        ({"plot": OTHER, "question": ASKED, "answer": LONG}, "plot+question", "answer"),
        ({"title": "Pens of Ann", "body": ASKED, "accepted_answer": LONG}, "title+body", "accepted_answer"),
        ({"text": OTHER, "question": ASKED, "answer": LONG}, "text+question", "answer"),
        ({"diff": "--- a/x.py\n+import re and more", "message": LONG}, "diff", "message"),
        ({"code": "def f(): return 1 + 0\n", "summary": LONG}, "code", "summary"),
        ({"premise": OTHER, "hypothesis": LONG, "gold_label": "neutral"}, "premise+hypothesis", "gold_label"),
        ({"instruction": ASKED, "knowledge": OTHER, "response": LONG}, "instruction", "response"),
        ({"claim": ASKED, "evidence": OTHER, "label": "refuted"}, "evidence+claim", "label"),
    ],
)  # fmt: skip
def test_what_belongs_together_is_found_by_its_names(row: dict[str, Any], prompt: str, completion: str) -> None:
    assert best(*texts(**row)) == ("sft", {"prompt": prompt, "completion": completion})


def test_pieces_of_a_passage_stand_before_the_question_and_examples_of_a_task_do_not() -> None:
    pieces = {"_type": "List", "feature": {"title": TEXT, "text": TEXT}}
    features = {"paragraphs": pieces, "question": TEXT, "answer": TEXT}
    row = {"paragraphs": [{"title": "Ann", "text": "Ann has seven pens."}], "question": ASKED, "answer": "seven pens"}

    assert best(features, row) == ("sft", {"prompt": "paragraphs+question", "completion": "answer"})

    examples = {"_type": "List", "feature": {"input": TEXT, "output": TEXT}}
    features = {"prompt": TEXT, "examples": examples, "solution": TEXT}
    row = {"prompt": ASKED, "examples": [{"input": "1", "output": "2"}], "solution": LONG}
    assert best(features, row) == ("sft", {"prompt": "prompt", "completion": "solution"})


@pytest.mark.parametrize(("place", "letter"), [(0, "A"), (2, "C")])
def test_a_list_of_answers_beside_the_place_of_the_right_one_is_an_exam(place: int, letter: str) -> None:
    features = {"question": TEXT, "answers": TEXTS, "correct_answer_id": NUMBER}
    row = {"question": ASKED, "answers": ["five", "six", "seven"], "correct_answer_id": place}

    assert best(features, row) == ("grpo", {"prompt": "question+answers", "answer": "correct_answer_id"})
    assert made(Method.GRPO, features, row)["answer"] == letter


def test_options_that_hold_the_answer_are_shown() -> None:
    row = {"query": ASKED, "candidates": ["five", "seven"], "answer": "seven"}

    assert best(*texts(**row)) == ("grpo", {"prompt": "query+candidates", "answer": "answer"})
    assert best(*texts(**{**row, "answer": "eight"}))[1]["prompt"] == "query"


def test_one_answer_against_several_is_paired_with_the_first() -> None:
    row = {"prompt": ASKED, "chosen": LONG, "rejected": [OTHER, "I do not know."]}

    assert best(*texts(**row)) == ("dpo", {"prompt": "prompt", "chosen": "chosen", "rejected": "rejected[0]"})


def test_answers_in_structs_are_paired_by_the_label() -> None:
    answer = {"text": TEXT, "model": TEXT}
    features = {"question": TEXT, "response_a": answer, "response_b": answer, "winner": TEXT}
    row = {
        "question": ASKED,
        "response_a": {"text": OTHER, "model": "x"},
        "response_b": {"text": LONG, "model": "y"},
        "winner": "b",
    }

    assert best(features, row)[0] == "dpo"
    assert made(Method.DPO, features, row)["chosen"] == LONG


def test_what_can_be_tested_is_a_task_and_the_start_of_a_program_no_solution() -> None:
    features = {"description": TEXT, "starter_code": TEXT, "official_tests": TEXTS}
    row = {"description": ASKED, "starter_code": "def pens(given):\n    ...", "official_tests": ["assert pens(5) == 7"]}

    assert best(features, row) == ("grpo", {"prompt": "description", "answer": "official_tests"})


@pytest.mark.parametrize(("verdict", "chosen"), [("A>B", LONG), ("[[A>>B]]", LONG), ("B>A", OTHER), ("A<B", OTHER)])
def test_a_comparison_of_two_answers_says_which_is_better(verdict: str, chosen: str) -> None:
    features, row = texts(prompt=ASKED, response_A=LONG, response_B=OTHER, label=verdict)

    assert made(Method.DPO, features, row)["chosen"] == chosen


def test_a_tie_in_a_comparison_is_left_out() -> None:
    features, row = texts(prompt=ASKED, response_A=LONG, response_B=OTHER, label="A>B")
    tie = {**row, "label": "A=B"}
    mapping = judge(features, [row, tie])[Method.DPO].mapping

    assert mapping is not None
    assert len(converted([row, tie], mapping)) == 1


def test_real_answers_beat_generated_ones_only_after_the_same_question() -> None:
    features = {"real": MESSAGES, "generated": MESSAGES}
    elsewhere = [turn("user", "Something else?"), turn("assistant", OTHER)]

    assert best(features, {"real": CHAT, "generated": OTHER_CHAT}) == (
        "dpo",
        {"chosen": "real", "rejected": "generated"},
    )
    assert best(features, {"real": CHAT, "generated": elsewhere})[0] == "sft"


@pytest.mark.parametrize(
    ("choices", "method"), [([LONG, OTHER], "dpo"), (["yes", "no"], "grpo"), ([LONG, OTHER, ASKED], "grpo")]
)
def test_one_marked_of_two_sentences_is_a_preference_and_of_options_the_answer(choices: list[str], method: str) -> None:
    features = {"question": TEXT, "targets": {"choices": TEXTS, "labels": NUMBERS}}
    labels = [1, *[0] * (len(choices) - 1)]

    assert best(features, {"question": ASKED, "targets": {"choices": choices, "labels": labels}})[0] == method


def test_scores_of_the_sentences_of_a_source_compare_no_answers() -> None:
    features = {"source": TEXTS, "scores": NUMBERS, "target": TEXTS}
    row = {"source": [LONG, OTHER], "scores": [1, 2], "target": ["They were counted, and one of them was odd."]}

    assert best(features, row) == ("sft", {"prompt": "source", "completion": "target[0]"})


@pytest.mark.parametrize(
    "label", [{"_type": "ClassLabel", "names": ["0", "1"]}, {"_type": "ClassLabel", "names": ["no", "yes"]}, NUMBER]
)
def test_a_label_says_whether_a_sentence_answers_a_question(label: dict[str, Any]) -> None:
    features = {"question": TEXT, "answer": TEXT, "label": label}
    row = {"question": ASKED, "answer": LONG, "label": 1}

    assert best(features, row)[0] == "kto"
    assert made(Method.KTO, features, row)["label"] is True
    assert judge(features, [{**row, "label": 0}])[Method.SFT].mapping is None


def test_what_classes_the_question_or_the_tone_is_no_reference() -> None:
    features, row = texts(prompt=ASKED, response=LONG, prompt_harm_label="harmful", response_refusal_label="refusal")
    grpo = judge(features, [row])[Method.GRPO].mapping

    assert grpo is not None
    assert set(grpo.columns) == {"prompt"}
    features = {"question": TEXT, "answers": TEXTS, "no_answer": BOOL}
    assert judge(features, [{"question": ASKED, "answers": [LONG], "no_answer": False}])[Method.GRPO].mapping is None


def test_messages_beat_texts_that_they_were_made_of() -> None:
    features = {"prompt": TEXT, "completion": TEXT, "messages": MESSAGES}
    generator = {"prompt": "Write a chat about pens.", "completion": f"User: {ASKED}\n\nAI: {LONG}", "messages": CHAT}
    same = {"prompt": ASKED, "completion": LONG, "messages": CHAT}

    assert best(features, generator) == ("sft", {"messages": "messages"})
    assert judge(features, [generator])[Method.SFT].status is Status.MAPPABLE
    assert best(features, same) == ("sft", {"prompt": "prompt", "completion": "completion"})


def test_a_text_under_an_open_conversation_is_its_system_prompt() -> None:
    features = {"messages": MESSAGES, "document": TEXT, "answers": TEXTS}
    row = {"messages": [turn("user", ASKED)], "document": OTHER, "answers": [LONG]}

    assert best(features, row)[0] == "sft"
    assert made(Method.SFT, features, row) == {
        "prompt": [turn("system", OTHER), turn("user", ASKED)],
        "completion": [turn("assistant", LONG)],
    }


def test_a_dialogue_system_that_answers_is_the_assistant() -> None:
    features = {"turns": {"_type": "List", "feature": {"speaker": TEXT, "utterance": TEXT}}}
    row = {"turns": [{"speaker": "USER", "utterance": ASKED}, {"speaker": "SYSTEM", "utterance": LONG}]}

    assert made(Method.SFT, features, row) == {"messages": CHAT}


def test_flags_say_who_speaks() -> None:
    features = {"chat": {"_type": "List", "feature": {"message": TEXT, "is_human": BOOL}}}
    row = {"chat": [{"message": ASKED, "is_human": True}, {"message": LONG, "is_human": False}]}

    assert made(Method.SFT, features, row) == {"messages": CHAT}


def test_messages_in_parts_are_joined_and_not_ready() -> None:
    parts = {"_type": "List", "feature": {"type": TEXT, "text": TEXT}}
    features = {"messages": {"_type": "List", "feature": {"role": TEXT, "content": parts}}}
    row = {
        "messages": [{"role": each["role"], "content": [{"type": "text", "text": each["content"]}]} for each in CHAT]
    }

    assert judge(features, [row])[Method.SFT].status is Status.MAPPABLE
    assert made(Method.SFT, features, row) == {"messages": CHAT}


@pytest.mark.parametrize(("first", "second"), [("User 1", "User 2"), ("Patient", "Doctor"), ("#Person1#", "#Person2#")])
def test_a_talk_of_two_speakers_is_a_transcript(first: str, second: str) -> None:
    features, row = texts(topic="pens", conversation=f"{first}: {ASKED}\n{second}: {LONG}")

    assert made(Method.SFT, features, row) == {"messages": CHAT}


def test_a_list_of_properties_is_no_transcript() -> None:
    features, row = texts(no="1", details="Model: a pen with blue ink\nSupport: five years from the shop that sold it")

    assert best(features, row) == ("sft", {"text": "details"})


def test_an_empty_system_prompt_is_no_gap() -> None:
    row = {"messages": [turn("system", ""), *CHAT]}

    assert judge({"messages": MESSAGES}, [row])[Method.SFT].status is Status.READY
    assert judge({"messages": MESSAGES}, [{"messages": [turn("user", ""), CHAT[1]]}])[Method.SFT].mapping is None


@pytest.mark.parametrize(
    ("features", "row"),
    [
        ({"caption": TEXT, "jpg_0": BYTES}, {"caption": LONG, "jpg_0": "/9j/4AAQ"}),
        (
            {"question": TEXT, "answer": TEXT, "image_path": TEXT},
            {"question": ASKED, "answer": LONG, "image_path": "a/1.PNG"},
        ),
        (
            {"text": TEXT, "picture_png": {"bytes": BYTES, "path": TEXT}},
            {"text": LONG, "picture_png": {"bytes": "x", "path": "a"}},
        ),
    ],
)
def test_pictures_that_are_not_declared_as_such_are_refused(features: dict[str, Any], row: dict[str, Any]) -> None:
    verdicts = judge(features, [row])

    assert not any(verdict.fits for verdict in verdicts.values())
    assert "images or sound" in verdicts[Method.SFT].reason


def test_the_address_of_a_picture_beside_a_text_is_no_picture() -> None:
    assert best(*texts(text=LONG, image_url="https://example.org/a.jpg")) == ("sft", {"text": "text"})


def test_tags_and_labels_in_two_languages_make_no_pairs() -> None:
    assert best(*texts(title="News", text=LONG, keywords="pens, Ann")) == ("sft", {"text": "text"})
    assert best(*texts(text=LONG, label_en="a pen", label_de="ein Stift")) == ("sft", {"text": "text"})


@pytest.mark.parametrize(
    ("features", "row", "why"),
    [
        ({"task": TEXT, "steps": TEXTS, "label": NUMBER}, {"task": ASKED, "steps": ["a", "b"], "label": 1}, "step"),
        ({"personality": TEXTS, "candidates": TEXTS}, {"personality": ["I like it."], "candidates": [LONG, OTHER]},
         "`candidates` lists answers"),
        ({"question_id": TEXT, "category": TEXT}, {"question_id": "q-1", "category": "pens"}, "No column"),
    ],
)  # fmt: skip
def test_what_says_too_little_is_refused(features: dict[str, Any], row: dict[str, Any], why: str) -> None:
    assert best(features, row) == (None, {})
    assert why in judge(features, [row])[Method.SFT].reason


def test_a_text_is_ready_when_the_others_were_put_together_to_it() -> None:
    row = {"instruction": ASKED, "output": LONG, "text": f"### Task:\n{ASKED}\n### Answer:\n{LONG}"}
    other = {**row, "text": "Ann has a box of twelve pens, and she gives five of them away."}
    features = dict.fromkeys(row, TEXT)

    assert judge(features, [row])[Method.SFT].status is Status.READY
    assert judge(features, [other])[Method.SFT].status is Status.MAPPABLE


def test_a_riddle_that_answers_itself_is_running_text_and_a_question_is_not() -> None:
    assert best(*texts(no="1", joke="Why did the hen cross the road? To get to the other side.")) == (
        "sft",
        {"text": "joke"},
    )
    assert best(*texts(no="1", riddle_me="Why did the hen cross the road at noon?")) == (None, {})


def test_a_paraphrase_beside_a_text_is_not_ready() -> None:
    features, row = texts(text=ASKED, paraphrase="How many pens has Ann?")

    assert judge(features, [row])[Method.SFT].status is Status.MAPPABLE
    assert (
        judge(*(lambda made: (made[0], [made[1]]))(texts(text=ASKED, label="pens")))[Method.SFT].status is Status.READY
    )
