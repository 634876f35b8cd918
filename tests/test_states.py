"""The table of states, and its twin in the documentation."""

import re
from pathlib import Path

from bot.states import FINAL, ON_THE_HUB, TRANSITIONS, RunStatus

ARCHITECTURE = Path(__file__).parent.parent / "docs" / "architecture.md"


def documented() -> dict[str, set[str]]:
    rows = re.findall(r"^\| ([a-z ·]+) \| [^|]+ \| ([a-z ·]*) ?\|$", ARCHITECTURE.read_text(), re.MULTILINE)
    split = [
        (re.split(r" · ", names.strip()), set(filter(None, re.split(r" · ", targets.strip()))))
        for names, targets in rows
    ]
    return {name: targets for names, targets in split for name in names if name != "status"}


def test_the_documented_table_is_the_codes():
    assert documented() == {status.value: {str(t) for t in targets} for status, targets in TRANSITIONS.items()}


def test_every_status_has_a_row_and_can_be_reached():
    assert set(TRANSITIONS) == set(RunStatus)
    reachable = {RunStatus.RECEIVED}.union(*TRANSITIONS.values())
    assert reachable == set(RunStatus)


def test_nothing_leaves_a_final_status_and_a_job_ends_every_stay_on_the_hub():
    assert {RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELED} <= FINAL
    assert not FINAL & ON_THE_HUB
    assert RunStatus.CANCELED not in TRANSITIONS[RunStatus.SUBMITTING], "the Hub may have a job: find it first"


def test_every_status_makes_a_sentence_that_people_say():
    told = {status: status.told for status in RunStatus}
    assert told[RunStatus.SUCCEEDED] == "has succeeded"
    assert told[RunStatus.PROPOSED] == "waits for approval"
    assert len(set(told.values())) == len(RunStatus)
    assert not any(words.startswith(("is succeeded", "is failed", "is expired")) for words in told.values())
