"""The goals of reading requests, held on two corpora; `python -m tests.accuracy requests` prints the same figures."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.accuracy import requests as accuracy
from tests.accuracy.score_requests import score, summary

CORPORA = Path(__file__).parent / "accuracy" / "corpora"


def figures(name: str) -> dict[str, Any]:
    cases = [json.loads(line) for line in (CORPORA / name).read_text(encoding="utf-8").splitlines()]
    return summary(score(cases, {case["id"]: accuracy.predict(case) for case in cases}))


@pytest.mark.parametrize("name", ["requests.jsonl", "own_requests.jsonl"])
def test_messages_are_read_well_enough(name: str) -> None:
    found = figures(name)
    assert found["intent_accuracy"] >= 0.98
    assert found["field_f1"] >= 0.97
    assert found["exact_match_rate"] >= 0.93
    assert found["reject_recall"] == 1.0
    assert found["false_reject_rate"] == 0.0
    assert found["extra_field_recall"] >= 0.9
    assert not found["wrong_approvals"]
    assert not found["training_from_chatter"]
    assert not found["wrong_cancels"]


def test_the_tool_prints_the_scores_and_writes_the_predictions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = tmp_path / "predictions.jsonl"
    assert accuracy.main([str(CORPORA / "requests.jsonl"), "--predictions", str(written), "--by-tag", "--errors"]) == 0
    assert "wrong_approvals          0" in capsys.readouterr().out
    lines = [json.loads(line) for line in written.read_text(encoding="utf-8").splitlines()]
    assert len(lines) == 65
    assert set(lines[0]) == {"id", "intent", "fields", "reject"}


def test_the_parser_alone_leaves_size_to_planning(capsys: pytest.CaptureFixture[str]) -> None:
    accuracy.main([str(CORPORA / "requests.jsonl"), "--without-size"])
    assert "reject_recall            0.917" in capsys.readouterr().out
