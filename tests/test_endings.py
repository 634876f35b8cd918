"""What the bot says of jobs that ended on purpose before their end."""

import pytest

from bot.models import JobStage, Progress
from bot.training import ending
from tests.builders import make_job

FAILED = make_job(stage=JobStage.ERROR, message="Job failed with exit code: 1. Reason: Error")


def exited(code: int) -> str:
    return f"Job failed with exit code: {code}. Reason: Error"


def test_an_error_is_no_ending_on_purpose() -> None:
    assert ending(Progress(step=3), FAILED) is None


@pytest.mark.parametrize(
    ("progress", "message", "kind"),
    [
        (Progress(stopped="deadline"), exited(1), "stopped_at_deadline"),
        (Progress(), exited(75), "stopped_at_deadline"),
        (Progress(stopped="signal"), exited(75), "stopped_by_signal"),
        (Progress(fenced_by="6924b0c0"), exited(1), "fenced"),
        (Progress(), exited(76), "fenced"),
    ],
)
def test_the_script_says_how_it_ended_or_its_exit_code_does(progress: Progress, message: str, kind: str) -> None:
    found = ending(progress, FAILED.model_copy(update={"message": message}))
    assert found is not None
    assert found.kind == kind


def test_what_can_be_resumed_is_named() -> None:
    stopped = Progress(step=120, max_steps=900, stopped="deadline", saved_step=120, saved_commit="0123456789abcdef")
    found = ending(stopped, FAILED)
    assert found is not None
    assert "at step 120 of 900" in found.cause
    assert "The checkpoint of step 120 is on the Hub." in found.cause
    assert found.fix.startswith("Resume it")


def test_what_cannot_be_resumed_is_not_promised() -> None:
    found = ending(Progress(step=5, stopped="deadline"), FAILED)
    assert found is not None
    assert "did not reach the Hub" in found.cause
    assert "Resume" not in found.fix
