"""People edit and delete what they wrote: the words count until somebody decides, and never decide by themselves."""

import pytest

from bot.states import RunStatus
from tests.builders import ASKER, CHANNEL, LEAD

_S = RunStatus
ASK = "Qwen/Qwen3-0.6B on tunesmith-lab/tiny-chat, 1 epoch"
MENTION = "<@U0FTBOT> "
TAKEN = "I read your edit and take it as what you meant."


def test_an_edited_request_is_planned_as_corrected_and_said_so_once(talk):
    asked = talk.asks(ASK)
    talk.new()
    old = talk.button("Approve")
    talk.edits(asked, f"{MENTION}Qwen/Qwen3-0.6B on tunesmith-lab/tiny-chat, 3 epochs")
    taken, told = talk.new()
    assert taken.startswith(TAKEN)
    assert "epochs 1 → 3" in told
    assert (talk.run.revision, talk.run.request.text) == (2, "Qwen/Qwen3-0.6B on tunesmith-lab/tiny-chat, 3 epochs")
    talk.clicks(old, LEAD)
    assert talk.status is _S.PROPOSED
    assert len(talk.store.recent()) == 1


def test_a_request_can_be_edited_again_and_again(talk):
    asked = talk.asks(ASK)
    for epochs in (2, 3):
        talk.edits(asked, f"{MENTION}Qwen/Qwen3-0.6B on tunesmith-lab/tiny-chat, {epochs} epochs")
    assert (talk.run.revision, talk.run.request.epochs) == (3, 3)


def test_a_request_that_was_refused_is_asked_anew_by_its_edit(talk):
    asked = talk.asks("Qwen/Qwen3-0.6B on tunesmith-lab/tiny-chatt")
    assert talk.status is _S.REFUSED
    talk.edits(asked, f"{MENTION}Qwen/Qwen3-0.6B on tunesmith-lab/tiny-chat")
    assert talk.status is _S.PROPOSED
    talk.edits(asked, f"{MENTION}Qwen/Qwen3-0.6B on tunesmith-lab/tiny-chat, 2 epochs")
    assert (talk.run.revision, talk.run.request.epochs) == (2, 2)
    assert len(talk.store.recent()) == 2


def test_words_that_were_nothing_become_a_request_by_an_edit(talk):
    asked = talk.asks("Qwen/Qwen3-0.6B on tunesmith-lab/tiny-chat", mention=False)
    assert talk.store.recent() == []
    talk.edits(asked, f"{MENTION}Qwen/Qwen3-0.6B on tunesmith-lab/tiny-chat")
    assert talk.status is _S.PROPOSED
    talk.deletes(asked)
    assert (talk.status, len(talk.store.recent())) == (_S.CANCELED, 1)


def test_an_edited_change_takes_back_what_it_said_before(talk):
    talk.asks(ASK)
    reply = talk.says("use lora, 2 epochs")
    assert (talk.run.request.lora, talk.run.request.epochs) == (True, 2)
    talk.new()
    talk.edits(reply, "3 epochs")
    taken, told = talk.new()
    assert taken.startswith(TAKEN)
    assert "epochs 2 → 3" in told
    assert (talk.run.request.lora, talk.run.request.epochs) == (None, 3)
    assert talk.run.request.text == f"{ASK}, then: 3 epochs"
    talk.edits(reply, "lr 1e-4")
    assert (talk.run.request.epochs, talk.run.request.learning_rate) == (1, 1e-4)


def test_an_edit_of_an_older_change_changes_nothing_and_says_so_once(talk):
    talk.asks(ASK)
    reply = talk.says("2 epochs")
    talk.says("use lora")
    for words in ("4 epochs", "5 epochs"):
        talk.edits(reply, words)
    [told] = talk.told(ASKER)
    assert "Your edit of an older reply changes nothing." in told
    assert (talk.run.revision, talk.run.request.epochs) == (3, 2)


def test_an_edit_of_the_request_after_replies_changed_it_changes_nothing(talk):
    asked = talk.asks(ASK)
    talk.says("2 epochs")
    talk.edits(asked, f"{MENTION}Qwen/Qwen3-0.6B on tunesmith-lab/tiny-chat, 9 epochs")
    [told] = talk.told(ASKER)
    assert "The request was changed by replies since" in told
    assert talk.run.request.epochs == 2


def test_an_edit_that_is_no_request_leaves_the_request_as_it_was(talk):
    asked = talk.asks(ASK)
    talk.edits(asked, f"{MENTION}oh well")
    [told] = talk.told(ASKER)
    assert "I do not read your edited message as a request" in told
    talk.edits(asked, f"{MENTION}Qwen/Qwen3-0.6B on tunesmith-lab/tiny-chat, -2 epochs")
    assert (talk.status, talk.run.revision, talk.run.request.epochs) == (_S.PROPOSED, 1, 1)


def test_an_edit_after_the_approval_changes_nothing_and_says_so_once(talk):
    asked = talk.asks(ASK)
    reply = talk.says("2 epochs")
    talk.clicks(talk.button("Approve"), LEAD)
    plan = talk.run.plan
    talk.new()
    for words in ("3 epochs", "4 epochs"):
        talk.edits(reply, words)
    [told] = talk.told(ASKER)
    assert "waits for hardware: your edit changes nothing." in told
    talk.edits(asked, f"{MENTION}{ASK}, use lora")
    assert (talk.run.plan, talk.run.status, talk.new()) == (plan, _S.QUEUED, [])


@pytest.mark.parametrize("words", ["approve", "reject", "cancel"])
def test_an_edited_message_decides_nothing(talk, words):
    talk.asks(ASK)
    reply = talk.says("hm", LEAD)
    talk.edits(reply, words, LEAD)
    [told] = talk.told(LEAD)
    assert told.startswith("An edited message decides nothing.")
    assert (talk.status, talk.jobs.jobs) == (_S.PROPOSED, {})


def test_a_reply_that_said_nothing_counts_once_it_is_edited_into_a_change(talk):
    talk.asks(ASK)
    reply = talk.says("hm")
    talk.edits(reply, "use lora")
    assert (talk.run.revision, talk.run.request.lora) == (2, True)


def test_a_preview_below_a_link_is_no_edit(talk):
    asked = talk.asks(f"{ASK} see https://example.org/notes")
    talk.new()
    talk.visitor.unfurl(ASKER, CHANNEL, asked)
    talk.settle()
    assert (talk.run.revision, talk.new(), talk.told()) == (1, [], [])


def test_a_deleted_request_that_nobody_else_touched_is_withdrawn(talk):
    asked = talk.asks(ASK)
    talk.deletes(asked)
    assert talk.status is _S.CANCELED
    assert "stopped this run. Nothing ran" in talk.card()


def test_a_deleted_request_that_others_changed_stays_and_says_so(talk):
    asked = talk.asks(ASK)
    talk.says("2 epochs", LEAD)
    talk.new()
    talk.deletes(asked)
    [said] = talk.new()
    assert f"<@{LEAD}> changed the request since, so it stays." in said
    assert talk.status is _S.PROPOSED


def test_a_deletion_never_stops_a_job(talk):
    asked = talk.asks(ASK)
    talk.clicks(talk.button("Approve"), LEAD)
    talk.trains()
    talk.new()
    talk.deletes(asked)
    [said] = talk.new()
    assert "The run goes on. Write `cancel` here" in said
    assert (talk.status, talk.run.cancel_requested_by) == (_S.RUNNING, None)


def test_a_deleted_change_stays_in_the_plan_and_says_how_to_take_it_back(talk):
    talk.asks(ASK)
    reply = talk.says("use lora")
    talk.new()
    talk.deletes(reply)
    [said] = talk.new()
    assert "its change stays. To take it back, say here how it should be." in said
    assert (talk.status, talk.run.request.lora) == (_S.PROPOSED, True)
