"""The goals of judging datasets, held on two corpora; `python -m tests.accuracy schemas` prints the same figures."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.accuracy import schemas as accuracy
from tests.accuracy.score_schemas import score

CORPORA = Path(__file__).parent / "accuracy" / "corpora"


def figures(name: str) -> dict[str, Any]:
    cases = accuracy.read_cases(CORPORA / name)
    scores, _ = score(cases, [accuracy.predict(case) for case in cases])
    return scores


@pytest.mark.parametrize("name", ["schemas.jsonl", "own_schemas.jsonl"])
def test_datasets_are_judged_well_enough(name: str) -> None:
    found = figures(name)
    assert found["methods core"]["F1"] >= 0.97
    assert found["methods all five"]["F1"] >= 0.97
    assert found["methods core, exact set"] >= 0.93
    assert found["false ready"] == 0
    assert found["mapping exact"] >= 0.9
    assert found["recommended, accepted"] >= 0.97
    refused, to_refuse = map(int, found["refused"].split("/"))
    assert refused == to_refuse > 0


@pytest.mark.parametrize("name", ["schemas.jsonl", "own_schemas.jsonl"])
def test_columns_whose_names_say_nothing_are_guessed_carefully(name: str) -> None:
    cases = [accuracy.without_names(case) for case in accuracy.read_cases(CORPORA / name)]
    found, _ = score(cases, [accuracy.predict(case) for case in cases])
    assert found["methods core"]["P"] >= 0.99
    assert found["methods core"]["R"] >= 0.4
    assert found["false ready"] == 0
    refused, to_refuse = map(int, found["refused"].split("/"))
    assert refused == to_refuse


def test_the_tool_prints_the_scores_and_writes_the_predictions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = tmp_path / "predictions.jsonl"
    assert accuracy.main([str(CORPORA / "schemas.jsonl"), "--predictions", str(written), "--errors"]) == 0
    assert "false ready                0" in capsys.readouterr().out
    lines = [json.loads(line) for line in written.read_text(encoding="utf-8").splitlines()]
    assert len(lines) == 63
    assert {"methods", "ready", "recommended", "mapping"} <= set(lines[0])


def test_a_wrong_verdict_costs_its_score() -> None:
    cases = accuracy.read_cases(CORPORA / "schemas.jsonl")
    predictions = [accuracy.predict(case) | {"methods": ["sft"], "ready": ["sft"], "mapping": {}} for case in cases]
    found, errors = score(cases, predictions)

    assert found["false ready"] > 20
    assert found["methods core"]["R"] < 0.8
    assert found["mapping exact"] == 0
    assert {what for _, what, *_ in errors} >= {"methods", "ready", "mapping"}
