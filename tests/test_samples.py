"""Sample rows on their way to the tokenizer: what is tokenized, what comes back, what the plan keeps of it."""

import ast
from typing import Any

import pytest

from bot.models import Counted, Method, Passage
from bot.planning import choose_method
from bot.planning.samples import PLAIN_TEMPLATE, Sample, counted_lengths, example_of, take_sample
from bot.training import render_script
from tests.builders import make_dataset_info, make_model_info, make_plan

TEXT = {"dtype": "string", "_type": "Value"}
MESSAGES = {"_type": "List", "feature": {"role": TEXT, "content": TEXT}}
MODEL = make_model_info(chat_template="{{ messages }}", special_tokens={"eos_token": "</s>"})
HI, HO = {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}


def sample(row: dict[str, Any], features: dict[str, Any], method: Method, **model: Any) -> Sample:
    dataset = make_dataset_info(features=features, rows=(row,))
    return take_sample(MODEL.model_copy(update=model), dataset, choose_method(dataset, method))


def test_messages_go_through_the_models_own_template() -> None:
    taken = sample({"messages": [HI, HO]}, {"messages": MESSAGES}, Method.SFT)

    assert taken.rows == ((Passage(messages=(HI, HO)),),)
    assert (taken.template, taken.readable) == ("{{ messages }}", True)


def test_running_text_ends_with_the_end_of_text_and_needs_no_template() -> None:
    taken = sample(
        {"text": "Once upon a time."}, {"text": TEXT}, Method.SFT, has_chat_template=True, chat_template=None
    )

    assert taken.passages == [Passage(text="Once upon a time.</s>")]
    assert (taken.template, taken.readable) == (None, True)


def test_both_answers_of_a_pair_are_measured_with_the_question() -> None:
    row = {"prompt": "Hi", "chosen": " Ho", "rejected": " ?"}
    taken = sample(row, dict.fromkeys(row, TEXT), Method.DPO)

    assert taken.passages == [Passage(text="Hi Ho</s>"), Passage(text="Hi ?</s>")]


def test_a_prompt_of_reinforcement_learning_opens_the_answer() -> None:
    taken = sample({"question": "2 + 2?", "answer": "4"}, {"question": TEXT, "answer": TEXT}, Method.GRPO)

    assert taken.passages == [Passage(messages=({"role": "user", "content": "2 + 2?"},), ask=True)]


def test_a_model_without_a_template_gets_the_scripts_plain_one() -> None:
    taken = sample({"messages": [HI, HO]}, {"messages": MESSAGES}, Method.SFT, has_chat_template=False)

    assert (taken.template, taken.readable) == (PLAIN_TEMPLATE, True)


def test_messages_cannot_be_read_when_the_templates_text_is_not_known() -> None:
    assert not sample({"messages": [HI, HO]}, {"messages": MESSAGES}, Method.SFT, chat_template=None).readable


def test_the_plain_template_that_rows_are_measured_with_is_the_scripts() -> None:
    script = ast.parse(render_script(make_plan(model=make_model_info(has_chat_template=False))))
    values = {
        node.targets[0].id: node.value
        for node in script.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }

    assert ast.literal_eval(values["CHAT_TEMPLATE"]).strip() == PLAIN_TEMPLATE.replace("\\n", "\n").strip()


def test_the_longer_answer_of_each_pair_counts() -> None:
    pair = (Passage(text="a"), Passage(text="b"))
    lengths = counted_lengths(Sample(rows=(pair, pair), template=None), Counted(lengths=(3, 9, 20, 4)))

    assert lengths is not None
    assert (lengths.sequences, lengths.per_row, lengths.counted) == ((9, 20), 2, True)
    assert lengths.sample(10) is not None


@pytest.mark.parametrize("counted", [None, Counted(), Counted(problem="no")])
def test_what_was_not_counted_is_not_made_up(counted: Counted | None) -> None:
    assert counted_lengths(Sample(rows=((Passage(text="a"),),), template=None), counted) is None
    assert example_of(counted) == ""


def test_a_plan_keeps_the_beginning_and_the_end_of_a_long_example() -> None:
    example = example_of(Counted(lengths=(1,), shown=("a" * 5000 + "THE END",)))

    assert example.startswith("a" * 900)
    assert example.endswith("THE END")
    assert "[... 3,707 characters ...]" in example
    assert example_of(Counted(lengths=(1,), shown=("short",))) == "short"


def test_a_sample_tells_its_median_its_tail_and_what_is_cut() -> None:
    row = (Passage(text="a"),)
    lengths = counted_lengths(Sample(rows=(row,) * 4, template=None), Counted(lengths=(100, 200, 300, 400)))
    assert lengths is not None
    told = lengths.sample(250)

    assert told is not None
    assert (told.rows, told.mean, told.median, told.p95, told.longest) == (4, 250.0, 300, 400, 400)
    assert (told.rows_cut, told.tokens_cut) == (0.5, 0.2)
