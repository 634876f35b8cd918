"""Bad input and bad days: each gets one clear answer in Slack with what to do, and the row is kept."""

import time

import pytest

from bot.demo import CHANNEL
from bot.errors import UserError
from bot.states import RunStatus
from tests.builders import ASKER, GUEST, LEAD
from tests.e2e.workspace import Workspace


@pytest.fixture(scope="module")
def workspace():
    with Workspace() as workspace:
        yield workspace


def answer(workspace: Workspace, text: str, user: str = ASKER) -> str:
    """What the acknowledgement itself says."""
    message = workspace.visitor.command(user, CHANNEL, "/finetune", text)
    assert message is not None
    return message["text"]


def test_an_unknown_command_names_what_there_is(workspace):
    said = answer(workspace, "frobnicate everything")
    assert "/finetune help" in said
    assert workspace.store.recent(50) == [], "no run was made of it"


def test_help_explains_itself(workspace):
    said = answer(workspace, "help")
    assert "/finetune" in said
    assert "status" in said


@pytest.mark.parametrize(
    ("text", "problem", "fix"),
    [
        ("nobody/no-such-model on tiny-chat", "no-such-model", "check"),
        ("tunesmith-lab/locked-model on tiny-chat", "locked-model", "request"),
        ("tiny-qwen3 on nobody/no-such-data", "no-such-data", "check"),
        ("tiny-qwen3 on tunesmith-lab/locked-data", "locked-data", "request"),
        ("tiny-qwen3 on tunesmith-lab/tiny-images", "image", "dataset"),
        ("tiny-qwen3 on tunesmith-lab/tiny-math with dpo", "chosen", "grpo"),
    ],
    ids=["unknown model", "gated model", "unknown dataset", "gated dataset", "images", "wrong method"],
)
def test_what_cannot_be_trained_is_refused_with_what_to_do(workspace, text, problem, fix):
    run = workspace.ask(text)
    assert run.status is RunStatus.REFUSED
    said = workspace.text(run).lower()
    assert problem in said
    assert fix in said
    assert workspace.store.get(run.id).request.text, "the row keeps the words"
    assert len(workspace.thread(run)) <= 2, "one clear answer"


def test_several_configurations_are_asked_for_and_the_answer_is_a_bare_word(workspace):
    run = workspace.ask("tiny-qwen3 on tunesmith-lab/tiny-subsets")
    assert (run.status, run.question.field) == (RunStatus.DRAFTING, "dataset_config")
    workspace.visitor.say(ASKER, CHANNEL, run.question.choices[0], thread_ts=workspace.thread_ts(run))
    planned = workspace.until(run, lambda now: now.status is RunStatus.PROPOSED)
    assert planned.plan.dataset.config == run.question.choices[0]


def test_a_guest_cannot_approve_and_is_told_privately(workspace):
    run = workspace.ask("tiny-qwen3 on tiny-chat")
    workspace.visitor.click(GUEST, workspace.thread_ts(run), "finetune.approve", channel=CHANNEL)
    private = workspace.visitor.wait_for(lambda: workspace.visitor.ephemerals(GUEST), 10)
    assert "Guests" in private[-1]["text"]
    assert workspace.store.get(run.id).status is RunStatus.PROPOSED
    assert workspace.jobs() == []


def test_a_hub_that_is_down_is_said_and_waited_for(workspace):
    workspace.misbehave("hub", path="^/api/models", kind="status", status=503, times=3)
    workspace.visitor.command(ASKER, CHANNEL, "/finetune", "tiny-qwen3 on tiny-chat")
    run = workspace.store.recent(1)[0]
    waiting = workspace.until(run, lambda now: now.problem is not None or now.status is not RunStatus.RECEIVED)
    assert waiting.problem.problem == "The Hugging Face Hub does not answer at the moment."
    assert "keep trying" in workspace.text(run)
    workspace.behave()
    assert workspace.until(run, lambda now: now.status is RunStatus.PROPOSED).problem is None


def test_an_acknowledgement_is_quick_while_the_hub_hangs(workspace):
    workspace.misbehave("hub", path="^/api/models", kind="hang", seconds=3, times=20)
    workspace.visitor.command(ASKER, CHANNEL, "/finetune", "tiny-qwen3 on tiny-chat")
    try:
        for _ in range(5):
            before = time.monotonic()
            assert "0zzzzzzz" in answer(workspace, "status 0zzzzzzz").lower()
            assert time.monotonic() - before < 1
    finally:
        workspace.behave()


def test_a_refused_token_is_told_in_the_thread_and_nothing_is_bought():
    with Workspace(environment={"HF_TOKEN": "hf_playground_readonly"}) as workspace:
        run = workspace.ask("tiny-qwen3 on tiny-chat")
        if run.status is RunStatus.PROPOSED:
            workspace.visitor.click(LEAD, workspace.thread_ts(run), "finetune.approve", channel=CHANNEL)
            run = workspace.until_final(run)
            assert (run.status, run.diagnosis.kind) == (RunStatus.FAILED, "permission")
        said = workspace.text(run)
        assert "token" in said
        assert workspace.jobs() == []


def test_a_missing_token_stops_the_bot_at_its_start_with_what_to_do():
    with pytest.raises(UserError, match="did not start") as caught, Workspace(environment={"HF_TOKEN": ""}):
        pass
    assert "HF_TOKEN" in caught.value.fix
