"""The judge on rows that lack something: whatever is missing, it answers."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.planning import judge, recommend
from tests.accuracy.schemas import read_cases

CORPORA = Path(__file__).parent / "accuracy" / "corpora"
CASES = [case for name in ("schemas", "own_schemas") for case in read_cases(CORPORA / f"{name}.jsonl")]


def answers(features: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    verdicts = judge(features, rows)
    recommend(verdicts, features, rows)
    assert all(verdict.reason.endswith(".") for verdict in verdicts.values())


@pytest.mark.parametrize("gap", [None, "", [], {}])
def test_any_cell_of_any_case_may_be_empty(gap: Any) -> None:
    for case in CASES:
        for column in case["features"]:
            answers(case["features"], [{**row, column: gap} for row in case["rows"]])
            answers(case["features"], [*case["rows"], {**case["rows"][0], column: gap}])


def test_there_may_be_no_rows_at_all() -> None:
    for case in CASES:
        answers(case["features"], [])


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["role", "content", "text"]), inner),
    max_leaves=5,
)


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_a_cell_may_hold_what_its_feature_does_not_promise(data: st.DataObject) -> None:
    case = data.draw(st.sampled_from(CASES))
    column = data.draw(st.sampled_from(list(case["features"])))
    answers(case["features"], [{**case["rows"][0], column: data.draw(_VALUES)}])
