"""The form in a conversation: from the command alone, from a message, from a plan; with a field that is wrong."""

import pytest

from bot.states import RunStatus
from tests.builders import ASKER, CHANNEL, LEAD

_S = RunStatus
MODEL, DATASET = "Qwen/Qwen3-0.6B", "tunesmith-lab/tiny-chat"


def filled(form: dict) -> dict:
    """What stands in the fields of a form: block_id -> value."""
    found = {}
    for block in form["blocks"]:
        if block["type"] == "input":
            element = block["element"]
            option = element.get("initial_option") or {}
            found[block["block_id"]] = element.get("initial_value") or option.get("value") or ""
    return found


def test_a_form_with_a_wrong_field_says_so_below_it_and_stays_open(talk):
    talk.visitor.command(ASKER, CHANNEL, "/finetune", "")
    talk.form()
    names = {"model": MODEL, "dataset": DATASET}
    told = talk.sends(**names, budget_usd="five, or so")
    assert list(told) == ["budget_usd"]
    assert talk.store.recent() == []
    assert talk.sends(**names, budget_usd="5") == {}
    [run] = talk.store.recent()
    assert (run.status, run.request.model, run.request.budget_usd) == (_S.PROPOSED, MODEL, 5)
    assert talk.visitor.views(ASKER) == []


def test_a_message_becomes_a_form_and_the_run_lives_in_its_thread(talk):
    talk.thread = talk.visitor.say(LEAD, CHANNEL, f"someone should fine-tune {MODEL} on {DATASET}, 2 epochs")
    talk.settle()
    assert talk.store.recent() == []
    talk.visitor.shortcut(ASKER, "finetune.message_shortcut", channel=CHANNEL, ts=talk.thread)
    fields = filled(talk.form())
    assert (fields["model"], fields["dataset"]) == (MODEL, DATASET)
    assert talk.sends() == {}
    assert (talk.status, talk.run.requester, talk.run.request.epochs) == (_S.PROPOSED, ASKER, 2)


@pytest.mark.parametrize("meanwhile", [None, "3 epochs"])
def test_a_plan_is_edited_in_a_form_unless_somebody_changed_it_meanwhile(talk, meanwhile):
    talk.asks(f"{MODEL} on {DATASET}, 1 epoch, under $20")
    old = talk.button("Approve")
    talk.clicks(talk.button("Edit"), ASKER)
    talk.form()
    if meanwhile:
        talk.says(meanwhile, LEAD)
    told = talk.sends(budget_usd="15")
    if meanwhile:
        assert len(told) == 1
        assert (talk.run.revision, talk.run.request.budget_usd, talk.run.request.epochs) == (2, 20, 3)
        return
    assert told == {}
    assert (talk.run.revision, talk.run.request.budget_usd) == (2, 15)
    talk.clicks(old, LEAD)
    assert talk.status is _S.PROPOSED
