"""A plan is talked about until somebody decides: changes, conditions, consent, chatter, doubles."""

import pytest

from bot.states import RunStatus
from tests.builders import ASKER, GUEST, LEAD, make_dataset_info, make_model_info

_S = RunStatus
ASK = "Qwen/Qwen3-0.6B on tunesmith-lab/tiny-chat, 1 epoch"


def test_a_missing_dataset_is_asked_for_and_answered_by_its_bare_name(talk):
    talk.asks("fine-tune Qwen/Qwen3-0.6B")
    assert talk.status is _S.DRAFTING
    assert any("Which dataset shall I use?" in said for said in talk.new())
    talk.says("tiny-chat")
    assert talk.status is _S.PROPOSED
    assert "tunesmith-lab/tiny-chat" in talk.card()


def test_talk_about_the_question_is_no_answer_to_it(talk):
    talk.asks("fine-tune Qwen/Qwen3-0.6B")
    talk.new()
    for words in ("hmm, let me check which one", "<@U0LEAD> which dataset did we use last time?"):
        talk.says(words)
    assert (talk.status, talk.new()) == (_S.DRAFTING, [])


def test_a_change_makes_a_new_plan_shows_the_difference_and_kills_the_old_buttons(talk):
    talk.asks(ASK)
    old = talk.button("Approve")
    talk.new()
    talk.says("make it 2 epochs")
    [told] = talk.new()
    assert "Plan 2 is on the card above" in told
    assert "epochs 1 → 2" in told
    talk.clicks(old, LEAD)
    assert talk.status is _S.PROPOSED
    talk.clicks(talk.button("Approve"), LEAD)
    assert (talk.status, talk.run.plan.arguments.num_train_epochs) == (_S.QUEUED, 2)


def test_the_difference_names_the_money(talk):
    talk.asks(ASK)
    before = talk.run.plan.ceiling_usd
    talk.new()
    talk.says("40 epochs")
    after = talk.run.plan.ceiling_usd
    [told] = talk.new()
    assert after > before
    assert f"${before:.2f}" in told
    assert f"${after:.2f}" in told


def test_the_thread_of_a_command_is_below_its_card_and_needs_no_mention_either(talk):
    talk.commands(ASK)
    talk.new()
    talk.says("2 epochs")
    [told] = talk.new()
    assert "Plan 2 is on the card above" in told
    assert talk.run.revision == 2


def test_a_thread_that_is_not_the_bots_is_not_listened_to(talk):
    talk.asks(ASK)
    own = talk.thread
    talk.asks("what do you all think of Qwen?", mention=False)
    talk.says("approve", LEAD)
    talk.says("2 epochs")
    assert talk.new() == []
    talk.thread = own
    assert (talk.status, talk.run.revision) == (_S.PROPOSED, 1)


def test_consent_with_a_condition_is_a_change_and_approves_nothing(talk):
    talk.asks(ASK)
    talk.says("lgtm but use lora", LEAD)
    assert (talk.status, talk.run.revision, talk.run.request.lora) == (_S.PROPOSED, 2, True)
    assert talk.jobs.jobs == {}


@pytest.mark.parametrize("words", ["yes", "ship it", "approve"])
def test_plain_consent_of_an_approver_starts_the_job(talk, words):
    talk.asks(ASK)
    talk.says(words, LEAD)
    assert (talk.run.decided_by, len(talk.jobs.jobs)) == (LEAD, 1)


def test_consent_of_somebody_who_may_not_is_refused_to_them_alone(talk):
    talk.asks(ASK)
    talk.new()
    talk.says("yes", GUEST)
    assert (talk.status, talk.new()) == (_S.PROPOSED, [])
    [told] = talk.told(GUEST)
    assert "Guests can read along" in told


def test_chatter_between_people_is_left_alone(talk):
    talk.asks(ASK)
    talk.new()
    for words in ("nice, thanks", f"<@{LEAD}> what do you think of 5 epochs?", "we used 3 epochs last time", "lunch?"):
        talk.says(words)
    assert (talk.status, talk.run.revision, talk.new(), talk.told()) == (_S.PROPOSED, 1, [], [])


def test_a_mention_comes_as_two_events_and_has_one_effect(talk):
    talk.asks(ASK)
    assert len(talk.store.recent()) == 1
    talk.says("<@U0FTBOT> 2 epochs")
    assert (talk.run.revision, len(talk.run.changes)) == (2, 1)


def test_an_ambiguous_name_is_a_choice_of_buttons(talk):
    for name in ("Qwen/Qwen3-0.6B-Base", "acme/Qwen3-0.6B-chat"):
        talk.hub.models[name] = make_model_info(repo_id=name)
    talk.asks("fine-tune qwen3 on tunesmith-lab/tiny-chat")
    assert talk.status is _S.DRAFTING
    chosen = talk.button("Qwen/Qwen3-0.6B-Base")
    talk.clicks(chosen, ASKER)
    assert (talk.status, talk.run.plan.model.repo_id) == (_S.PROPOSED, "Qwen/Qwen3-0.6B-Base")
    talk.clicks(chosen, ASKER)
    assert (talk.run.revision, len(talk.run.changes)) == (1, 1)


def test_an_ambiguous_name_in_a_change_is_asked_about_and_the_plan_stays_until_then(talk):
    for name in ("acme/chat-small", "acme/chat-large"):
        talk.hub.datasets[name] = make_dataset_info(repo_id=name)
    talk.asks(ASK)
    talk.new()
    talk.says("dataset=chat")
    assert (talk.status, talk.run.plan.dataset.repo_id) == (_S.PROPOSED, "tunesmith-lab/tiny-chat")
    [asked] = talk.new()
    assert "Which dataset do you mean by “chat”?" in asked
    assert "acme/chat-large" in asked
    talk.clicks(talk.button("acme/chat-large"), ASKER)
    assert (talk.run.revision, talk.run.plan.dataset.repo_id) == (2, "acme/chat-large")


def test_the_choice_of_a_question_that_is_answered_changes_nothing(talk):
    talk.hub.models["acme/Qwen3-0.6B-chat"] = make_model_info(repo_id="acme/Qwen3-0.6B-chat")
    talk.asks("fine-tune qwen3 on tunesmith-lab/tiny-chat")
    other = talk.button("acme/")
    talk.clicks(talk.button("Qwen/"), ASKER)
    assert talk.run.plan.model.repo_id == "Qwen/Qwen3-0.6B"
    talk.clicks(other, ASKER)
    assert (talk.run.revision, talk.run.request.model) == (1, "Qwen/Qwen3-0.6B")


def test_a_plan_that_nobody_decides_on_expires_and_words_no_longer_approve_it(talk):
    talk.asks(ASK)
    talk.pass_minutes(24 * 60 + 1)
    assert talk.status is _S.EXPIRED
    talk.says("approve", LEAD)
    [told] = talk.told(LEAD)
    assert "has expired already" in told
    assert talk.jobs.jobs == {}
