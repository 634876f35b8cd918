"""What mappings make of rows, and that the script makes the same of them."""

import json
from pathlib import Path
from typing import Any

import pytest

from bot.models import At, Call, ColumnMapping, Constant, Expression
from bot.planning import judge
from bot.rows import call_of, convert, functions, holds_messages, lacks, needs_regex, row_functions
from bot.training.render import literal
from tests.accuracy.schemas import read_cases

CORPORA = Path(__file__).parent / "accuracy" / "corpora"
ASKED, SAID = {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}


def call(name: str, *arguments: Expression) -> Call:
    return Call(call=name, to=arguments)


def as_script(mapping: ColumnMapping) -> dict[str, Any]:
    """Execute what a script would hold: the functions alone, with the imports of a script."""
    world: dict[str, Any] = {"json": json, "re": __import__("re")} if needs_regex(mapping) else {"json": json}
    exec(row_functions(mapping), world)
    return world


@pytest.mark.parametrize("corpus", ["schemas.jsonl", "own_schemas.jsonl"])
def test_the_script_makes_of_every_row_what_the_planner_shows(corpus: str) -> None:
    tried = 0
    for case in read_cases(CORPORA / corpus):
        for verdict in judge(case["features"], case["rows"]).values():
            if verdict.mapping is None:
                continue
            world = as_script(verdict.mapping)
            for row in case["rows"]:
                if lacks(row, verdict.mapping):
                    continue
                tried += 1
                made = {
                    target: eval(call_of(value, literal), world, {"row": row})
                    for target, value in verdict.mapping.columns.items()
                }
                assert made == convert(row, verdict.mapping), case["id"]
                assert all(eval(call_of(value, literal), world, {"row": row}) for value in verdict.mapping.keep)
    assert tried > 100


def test_a_script_holds_only_the_functions_that_its_mapping_needs() -> None:
    mapping = ColumnMapping(columns={"prompt": call("question", "q"), "completion": call("reply", At(at=("a", "b")))})

    assert [name for name in vars(functions) if f"def {name}(" in row_functions(mapping)] == [
        "at", "written", "question", "reply",
    ]  # fmt: skip
    assert row_functions(ColumnMapping(columns={"text": "text"})) == ""


@pytest.mark.parametrize(
    ("name", "arguments", "made"),
    [
        ("at", ({"a": [{"b": 1}]}, "a", 0, "b"), 1),
        ("at", ({"a": []}, "a", 0, "b"), None),
        ("parsed", ("[1, 2]",), [1, 2]),
        ("parsed", ("[1, 2",), None),
        ("joined", ("Do it.", None, ["a", "b"], " "), "Do it.\n\na\nb"),
        ("joined", (None, ""), None),
        ("lettered", (["red", "blue"],), "A. red\nB. blue"),
        ("lettered", ("red", "blue"), "A. red\nB. blue"),
        ("lettered", ({"label": ["A", "B"], "text": ["red", "blue"]},), "A. red\nB. blue"),
        ("lettered", (["A) red", "B) blue"],), "A) red\nB) blue"),
        ("letter", (2, 0), "C"),
        ("letter", ("2", 1), "B"),
        ("letter", (None, 0), None),
        ("marked", ([0, 1, 0],), "B"),
        ("marked", ([1, 1],), None),
        ("named", (1, "bad", "good"), "good"),
        ("named", (-1, "bad", "good"), None),
        ("final", ("2 + 2 = 4\n#### 4",), "4"),
        ("final", ("So \\boxed{\\frac{1}{2}} it is.",), "\\frac{1}{2}"),
        ("final", ("no end",), "no end"),
        ("question", ("Hi",), [ASKED]),
        ("question", ("Hi", "Be brief."), [{"role": "system", "content": "Be brief."}, ASKED]),
        ("question", (" ",), None),
        ("reply", ("Ho",), [SAID]),
        ("reply", (0,), [{"role": "assistant", "content": "0"}]),
        ("reply", (None,), None),
        ("translated", ([{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Ho"}],), [ASKED, SAID]),
        ("translated", ([{"role": "User", "content": "Hi"}, {"role": "AI", "content": "Ho"}],), [ASKED, SAID]),
        ("translated", ([{"from": "human", "value": "Hi"}],), None),
        ("opened", ([{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Ho"}],), [ASKED]),
        ("exchanged", ([{"human": "Hi", "bot": "Ho"}], "human", "bot"), [ASKED, SAID]),
        ("alternated", (["Hi", "Ho", "and then?"],), [ASKED, SAID]),
        ("interleaved", (["Hi"], ["Ho"]), [ASKED, SAID]),
        ("interleaved", (["Hi"], ["Ho"], "A story."), [{"role": "user", "content": "A story.\n\nHi"}, SAID]),
        ("transcript", ("\n\nHuman: Hi\n\nAssistant: Ho",), [ASKED, SAID]),
        ("transcript", ("### Instruction:\nHi\n\n### Response:\nHo",), [ASKED, SAID]),
        ("transcript", ("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHo<|im_end|>",), [ASKED, SAID]),
        ("transcript", ("USER: Hi\nASSISTANT: Ho <|endoftext|>", "SYSTEM: Be kind."),
         [{"role": "system", "content": "Be kind."}, ASKED, SAID]),
        ("transcript", ("Human: Hi\n\nAssistant: Well.\nAnswer: Ho",),
         [ASKED, {"role": "assistant", "content": "Well.\nAnswer: Ho"}]),
        ("transcript", ("Just a text.",), None),
        ("before_answer", ([ASKED, SAID],), [ASKED]),
        ("last_answer", ([ASKED, SAID],), [SAID]),
        ("by_label", ("b", "a", 1, "b", 2), 2),
        ("by_label", ("tie", "a", 1, "b", 2), None),
        ("favoured", ("A-is-clearly-better",), "A"),
        ("favoured", (["Tie", "b is better", "b is slightly better", "a is better"],), "b"),
        ("favoured", (["A is better", "B is better"],), None),
        ("favoured", (["Tie", None],), None),
        ("side", (-2,), -1),
        ("side", (0,), None),
        ("best", ([1, 9, 5], ["x", "y", "z"]), "y"),
        ("worst", ([1, 9, 5], ["x", "y", "z"]), "x"),
        ("best", ([5, 5], ["x", "y"]), None),
        ("best", ([None, 5], ["x", "y"]), None),
        ("negative", ([1, None],), [-1, None]),
        ("true", (1,), True),
        ("true", ("no",), False),
        ("spoken", ([ASKED, SAID],), True),
        ("spoken", ([ASKED, {"role": "assistant", "content": None}],), False),
        ("spoken", ([ASKED, {"role": "assistant", "content": None, "tool_calls": [{"name": "f"}]}],), True),
        ("filled", ([ASKED, {"role": "assistant", "content": None, "tool_calls": [{"name": "f"}]}],),
         [ASKED, {"role": "assistant", "content": "", "tool_calls": [{"name": "f"}]}]),
        ("filled", ([ASKED, {"role": "assistant", "content": None}],), [ASKED, {"role": "assistant", "content": None}]),
        ("same_start", ([ASKED, SAID], [ASKED, ASKED]), True),
        ("same_start", ([ASKED, SAID], [SAID, ASKED]), False),
        ("toolset", ([{"name": "f", "strict": None}],), '[{"name": "f"}]'),
        ("toolset", (None,), "[]"),
        ("toolset", ('{"name": "f"}',), '[{"name": "f"}]'),
        ("toolset", ({"name": "f"},), '[{"name": "f"}]'),
        ("toolset", ([None, "search", {"name": "f"}],), '[{"name": "f"}]'),
    ],
)  # fmt: skip
def test_a_function_makes(name: str, arguments: tuple[Any, ...], made: Any) -> None:
    assert getattr(functions, name)(*arguments) == made


def test_a_row_that_breaks_a_condition_or_lacks_a_value_is_named() -> None:
    mapping = ColumnMapping(
        columns={"prompt": "p", "completion": call("reply", "c")}, keep=(call("true", "good"),)
    )  # fmt: skip
    row = {"p": "Hi", "c": "Ho", "good": True}

    assert lacks(row, mapping) == ""
    assert lacks(row | {"good": False}, mapping) == "true"
    assert lacks(row | {"c": ""}, mapping) == "completion"
    assert convert(row | {"p": None}, mapping) is None


def test_names_of_classes_stand_in_the_call_one_by_one() -> None:
    value = call("named", "label", Constant(constant=('say "no"', "yes")))

    assert call_of(value, literal) == 'named(row["label"], \'say "no"\', "yes")'


@pytest.mark.parametrize(
    ("columns", "talks"),
    [
        ({"messages": "messages"}, True),
        ({"text": "text"}, False),
        ({"prompt": call("question", "text"), "answer": "answer"}, True),
        ({"prompt": "text", "answer": "messages"}, False),
        ({"chosen": call("by_label", "label", Constant(constant=0), "messages", Constant(constant=1), "text")}, True),
    ],
)
def test_messages_are_told_from_texts(columns: dict[str, Expression], talks: bool) -> None:
    features = {"messages": {"_type": "List", "feature": {}}, "text": {"_type": "Value", "dtype": "string"}}

    assert holds_messages(ColumnMapping(columns=columns), features) is talks
