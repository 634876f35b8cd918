"""Words that no value was read from are never acted upon as if they had been: they are granted, asked back or named."""

import pytest

from bot.models import JobStage
from bot.planning import FALLBACK_FLAVORS
from bot.states import RunStatus
from tests.builders import ASKER, LEAD
from tests.conversations.driver import Conversation

_S = RunStatus
ASK = "Qwen/Qwen3-0.6B on tunesmith-lab/tiny-chat, 1 epoch"


def fails(talk: Conversation, log: str) -> None:
    talk.jobs.hardware = list(FALLBACK_FLAVORS)
    talk.asks(ASK)
    talk.clicks(talk.button("Approve"), LEAD)
    talk.trains()
    talk.jobs.set_stage("job1", JobStage.ERROR, log)
    talk.pass_minutes(1)
    assert talk.status is _S.FAILED
    talk.new()
    talk.told()


def test_a_smaller_learning_rate_after_nan_is_the_tenth_that_the_remedy_names(talk):
    fails(talk, "loss is nan")
    over = talk.run
    talk.says("retry with a smaller learning rate")
    assert (talk.status, talk.run.parent.run_id) == (_S.PROPOSED, over.id)
    assert talk.run.plan.arguments.learning_rate == pytest.approx(over.plan.arguments.learning_rate / 10)
    assert talk.run.request.unread is None
    assert any(f"<@{ASKER}> chose “Learning rate 2e-06”" in said for said in talk.new())


def test_a_smaller_batch_after_out_of_memory_keeps_what_was_said_beside_it(talk):
    fails(talk, "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.32 GiB.")
    over = talk.run
    talk.says("retry with a smaller batch and 2 epochs")
    arguments = talk.run.plan.arguments
    assert arguments.per_device_train_batch_size < over.plan.arguments.per_device_train_batch_size
    assert arguments.num_train_epochs == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            "retry with a smaller learning rate",
            "It had learning rate `2e-5`. Say it with a value, such as `retry with lr=1e-5`",
        ),
        ("retry with chocolate", "I did not read “chocolate”, so I planned nothing"),
        ("retry but cheaper", "It also fits on"),
    ],
)
def test_a_wish_that_nothing_grants_is_asked_back_and_the_same_is_not_planned_again(talk, words, said):
    fails(talk, "RuntimeError: nobody knows")
    over = talk.run
    talk.says(words)
    [told] = talk.new()
    assert said in told
    assert talk.run.id == over.id


def test_a_value_beside_a_wish_is_planned_and_the_card_names_what_was_not_read(talk):
    fails(talk, "RuntimeError: nobody knows")
    talk.says("retry with a smaller learning rate and 2 epochs")
    assert (talk.status, talk.run.plan.arguments.num_train_epochs) == (_S.PROPOSED, 2)
    assert "I did not read `a smaller learning rate`, so it changes nothing" in str(talk.messages())


def test_wishes_beside_a_change_are_named_on_the_card_until_the_next_change(talk):
    talk.asks(ASK)
    talk.says("20 epochs, quiet, approve it yourself")
    assert (talk.status, talk.run.plan.arguments.num_train_epochs) == (_S.PROPOSED, 20)
    assert talk.run.request.unread == ("quiet", "approve it yourself")
    assert "I did not read `quiet` · `approve it yourself`" in str(talk.messages())
    talk.says("4 epochs please, without lora, and cheaper")
    assert talk.run.request.unread == ("cheaper",)
    talk.says("3 epochs")
    assert talk.run.request.unread is None


def test_a_late_change_gets_the_command_that_asks_for_it(talk):
    talk.asks(ASK)
    talk.clicks(talk.button("Approve"), LEAD)
    talk.trains()
    talk.says("change the learning rate to 1e-4")
    [told] = talk.told()
    command = "`/finetune Qwen/Qwen3-0.6B on tunesmith-lab/tiny-chat epochs=1 lr=1e-4`"
    assert "its plan can no longer change" in told
    assert f"Ask for a new run with the change in it. Ready to send: {command}" in told
    talk.commands(command.strip("`").removeprefix("/finetune "))
    assert (talk.status, talk.run.plan.arguments.learning_rate) == (_S.PROPOSED, 1e-4)
