"""The goals of explaining failures, held on two corpora; `python -m tests.accuracy failures` prints the figures."""

import json
from pathlib import Path

import pytest

from bot.training.failures import FAILURES
from tests.accuracy import failures as accuracy

CORPORA = Path(__file__).parent / "accuracy" / "corpora"


@pytest.mark.parametrize("name", ["failures.json", "own_failures.json"])
def test_causes_are_named_well_enough(name: str) -> None:
    cases = json.loads((CORPORA / name).read_text(encoding="utf-8"))
    wrong = [case for case in cases if accuracy.predict(case).kind != case["class"]]
    assert len(wrong) <= 0.03 * len(cases)
    fixes = {failure.kind: failure.fix for failure in FAILURES}
    assert all(fixes[case["class"]] for case in cases)


def test_the_tool_prints_the_score_and_writes_the_predictions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = tmp_path / "predictions.jsonl"
    assert accuracy.main([str(CORPORA / "failures.json"), "--predictions", str(written), "--errors"]) == 0
    assert "cases 79, class accuracy 1.000" in capsys.readouterr().out
    lines = [json.loads(line) for line in written.read_text(encoding="utf-8").splitlines()]
    assert [line["index"] for line in lines] == list(range(79))
    assert all(line["fix"] for line in lines)
