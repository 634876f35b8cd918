"""Going on from a run that ended, in words and with buttons: same rules, same answers, one run for one wish."""

import pytest

from bot.models import JobStage
from bot.states import RunStatus
from tests.builders import ASKER, GUEST, LEAD, make_landed
from tests.conversations.driver import Conversation
from tests.world import begin, logged

_S = RunStatus
ASK = "Qwen/Qwen3-0.6B on tunesmith-lab/tiny-chat, 1 epoch"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def fails(talk: Conversation, *log: str) -> None:
    talk.asks(ASK)
    talk.clicks(talk.button("Approve"), LEAD)
    talk.trains()
    talk.jobs.set_stage("job1", JobStage.ERROR, *log)
    talk.pass_minutes(1)
    assert talk.status is _S.FAILED
    talk.new()
    talk.told()


@pytest.fixture
def failed(talk: Conversation) -> Conversation:
    fails(talk, "RuntimeError: nobody knows")
    return talk


@pytest.fixture
def stopped(talk: Conversation) -> Conversation:
    """A run that saved its checkpoint at the deadline."""
    save = f'@@TUNESMITH {{"ev": "save", "t": 2.0, "step": 64, "commit": "{COMMIT}"}}'
    stop = '@@TUNESMITH {"ev": "stopped", "t": 3.0, "reason": "deadline", "step": 64, "pushed": true}'
    fails(talk, begin(100), logged(60, 1.0), save, stop)
    assert talk.run.plan is not None
    output = talk.run.plan.output_repo
    talk.hub.repos[output] = make_landed(sha=COMMIT)
    talk.hub.checkpoints[output, COMMIT] = 64
    return talk


@pytest.mark.parametrize("words", ["retry", "please try again", "nochmal"])
def test_retry_in_the_thread_makes_a_plan_that_knows_its_parent(failed, words):
    over = failed.run
    failed.says(words, LEAD)
    assert failed.run.id != over.id
    assert (failed.status, failed.run.requester) == (_S.PROPOSED, LEAD)
    assert (failed.run.parent.run_id, failed.run.parent.how) == (over.id, "Retry from the start")
    told = failed.new()
    assert any(f"<@{LEAD}> chose “Retry from the start”: run {failed.run.short_id} plans it." in text for text in told)
    assert failed.told(LEAD) == []
    assert not any(button["label"].startswith("Retry") for button in failed.buttons())
    assert len(failed.jobs.jobs) == 1


def test_retry_with_a_change_keeps_the_rest_and_shows_the_difference(failed):
    over = failed.run
    failed.says("retry with 3 epochs")
    assert (failed.status, failed.run.plan.arguments.num_train_epochs) == (_S.PROPOSED, 3)
    assert (failed.run.parent.run_id, failed.run.parent.how) == (over.id, "Retry")
    assert "Changed from run" in str(failed.messages())
    assert "epochs `1` → `3`" in str(failed.messages())


def test_who_may_not_ask_may_not_retry_or_resume_in_words_either(stopped):
    over = stopped.run
    for words in ("retry", "resume"):
        stopped.says(words, GUEST)
        assert "Guests can read along" in stopped.told(GUEST)[-1]
    assert stopped.run.id == over.id


def test_the_same_again_after_out_of_memory_is_answered_with_what_would_help(talk):
    fails(talk, "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.32 GiB.")
    over = talk.run
    talk.says("retry")
    [told] = talk.told()
    assert told.startswith("The same again would end the same.")
    assert "retry with batch size 1" in told
    assert talk.run.id == over.id
    talk.says("retry with batch size 1")
    assert (talk.status, talk.run.plan.arguments.per_device_train_batch_size) == (_S.PROPOSED, 1)


def test_resume_in_the_thread_does_what_the_button_does(stopped):
    over = stopped.run
    stopped.says("please resume", LEAD)
    assert (stopped.status, stopped.run.plan.resume.step) == (_S.PROPOSED, 64)
    assert (stopped.run.parent.run_id, stopped.run.parent.how) == (over.id, "Resume from step 64")
    stopped.clicks(stopped.button("Approve"), LEAD)
    assert stopped.status is _S.QUEUED
    assert COMMIT in stopped.jobs.scripts["job2"]


def test_a_double_click_on_a_way_on_makes_one_run_and_says_which(stopped):
    over, resume = stopped.run, stopped.button("Resume from step 64")
    stopped.clicks(resume, ASKER)
    new = stopped.run
    stopped.clicks(resume, LEAD)
    assert stopped.run.id == new.id != over.id
    assert len(stopped.store.recent()) == 2


def test_the_command_resumes_a_run_of_this_channel_by_its_id(stopped):
    over = stopped.run
    stopped.commands(f"resume {over.short_id}")
    assert (stopped.run.parent.run_id, stopped.status) == (over.id, _S.PROPOSED)
    stopped.visitor.command(LEAD, "C0FINETUNE", "/finetune", f"resume {over.short_id}")
    assert len(stopped.store.recent()) == 2


def test_an_expired_rest_can_be_resumed_again(stopped):
    stopped.says("resume")
    first = stopped.run
    stopped.pass_minutes(25 * 60)
    assert stopped.status is _S.EXPIRED
    assert "press “Resume from step 64”" in stopped.card()
    stopped.clicks(stopped.button("Resume from step 64"), ASKER)
    assert (stopped.status, stopped.run.parent.run_id) == (_S.PROPOSED, first.id)
    assert stopped.run.plan.resume == first.plan.resume
