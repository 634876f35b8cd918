"""Mentions, replies and direct messages, as Slack delivers them: signed, twice, late and out of order."""

import pytest

from bot.models import Place
from bot.states import RunStatus
from storage.store import Store
from tests.bot_slack import BotSlack
from tests.builders import ASKER, BOT, CHANNEL, GUEST, LEAD, TEAM, make_plan, make_request, minutes
from tests.scripted_slack import ScriptedSlack
from tests.signed_slack import SignedSlack

_S = RunStatus
ASK = "Qwen/Qwen3-0.6B on tunesmith-lab/tiny-chat"


@pytest.fixture
def store(tmp_path, clock):
    store = Store(f"sqlite:///{tmp_path / 'handlers.db'}", clock)
    store.migrate()
    yield store
    store.close()


@pytest.fixture(scope="module")
def slack():
    with BotSlack(trigger_s=60) as local:
        yield local


@pytest.fixture
def desk(slack, store, clock):
    with ScriptedSlack() as answers:
        yield SignedSlack(slack, store, clock, answers)


def answered(desk: SignedSlack, words: str) -> str:
    """A thread that Slack whispers in: it has a reply."""
    parent = desk.slack.visitor.say(ASKER, CHANNEL, words)
    desk.slack.visitor.say(ASKER, CHANNEL, "a reply", thread_ts=parent)
    return parent


def test_a_mention_and_its_message_event_make_one_run_in_the_mentions_thread(desk):
    for kind in ("app_mention", "message", "app_mention"):
        desk.message(f"<@{BOT}> {ASK}", kind=kind, ts="1795510901.000100")
    [run] = desk.all()
    assert run.place.thread_ts == "1795510901.000100"


def test_a_reply_in_the_thread_needs_no_mention(desk):
    run = desk.proposed(thread_ts="1795510902.000100")
    desk.message("approve", user=LEAD, thread_ts="1795510902.000100", ts="1795510903.000100")
    assert desk.store.get(run.id).status is _S.APPROVED


def test_a_reply_changes_the_plan_once(desk):
    run = desk.proposed(thread_ts="1795510902.000200")
    for _ in range(2):
        desk.message("use lora", thread_ts="1795510902.000200", ts="1795510903.000200")
    changed = desk.store.get(run.id)
    assert (changed.request.lora, changed.needs_plan) == (True, True)
    assert len([event for event in changed.events if event.actor == ASKER and event.status is None]) == 1


@pytest.mark.parametrize(
    "more",
    [
        {"bot_id": "B0OTHER"},
        {"subtype": "message_changed"},
        {"subtype": "message_deleted"},
        {"subtype": "channel_join"},
        {"edited": {"user": LEAD, "ts": "1795510902.000400"}},
        {"user": None},
        {"thread_ts": "1.000001"},
        {},
    ],
)
def test_bots_edits_and_other_peoples_talk_are_left_alone(desk, more):
    run = desk.proposed(thread_ts="1795510902.000300")
    defaults = {"thread_ts": "1795510902.000300"} if more and "thread_ts" not in more else {}
    posts = desk.slack.calls("chat.postMessage")
    desk.message("approve", **({"user": LEAD} | defaults | more))
    assert desk.store.get(run.id).status is _S.PROPOSED
    assert desk.slack.calls("chat.postMessage") == posts


def test_a_message_that_comes_again_does_not_approve_the_plan_that_came_after_it(desk):
    run = desk.proposed(thread_ts=answered(desk, "twice"))
    changed = desk.store.revise("m1", run, actor=ASKER, request=make_request(epochs=9))
    approve = {"user": LEAD, "thread_ts": run.place.thread_ts, "ts": "1795510999.000500"}
    desk.message("approve", **approve)
    second = desk.store.advance(
        changed, _S.PROPOSED, actor="tunesmith", plan=make_plan(timeout_s=60), revision=2, needs_plan=False,
        next_check_at=desk.clock() + minutes(60),
    )  # fmt: skip
    desk.store.mark_shown(second.id, second.version)
    before = len(desk.slack.visitor.ephemerals(LEAD))
    for kind in ("message", "app_mention", "message"):
        desk.message("approve", kind=kind, **approve)
    assert desk.store.get(run.id) == second
    assert len(desk.slack.visitor.ephemerals(LEAD)) == before


def test_words_approve_nothing_that_the_thread_does_not_show(desk):
    parent = answered(desk, "one more thread")
    run = desk.proposed(thread_ts=parent)
    run = desk.store.update(run, plan=make_plan(timeout_s=60), revision=2)
    desk.message("approve", user=LEAD, thread_ts=parent, ts="1795510999.000600")
    assert desk.store.get(run.id) == run
    told = desk.slack.visitor.ephemerals(LEAD)[-1]["text"]
    assert told.endswith("*What to do:* Read the newest plan in the thread and use its button.")


def test_words_that_were_cut_off_before_they_decided_are_asked_for_again(desk):
    parent = answered(desk, "a crash")
    run = desk.proposed(thread_ts=parent)
    desk.store.remember(f"message:{CHANNEL}:1795510999.000700")  # claimed, and the program was stopped then
    before = len(desk.slack.visitor.ephemerals(LEAD))
    for _ in range(2):
        desk.message("approve", user=LEAD, thread_ts=parent, ts="1795510999.000700")
    told = [message["text"] for message in desk.slack.visitor.ephemerals(LEAD)[before:]]
    assert told == [
        "I was interrupted when I first read this, so I do not act on it now.\n*What to do:* Look at the card: if it"
        " does not say that it is done, say it again."
    ]
    assert desk.store.get(run.id) == run


def test_a_refusal_that_comes_again_leaves_the_next_run_of_the_thread_alone(desk):
    run = desk.proposed(thread_ts="1795510902.000800")
    desk.message("cancel", thread_ts="1795510902.000800", ts="1795510999.000800")
    after = desk.proposed(thread_ts="1795510902.000800")
    desk.message("cancel", thread_ts="1795510902.000800", ts="1795510999.000800")
    assert (desk.store.get(run.id).status, desk.store.get(after.id).status) == (_S.REJECTED, _S.PROPOSED)


def test_chatter_in_our_own_thread_gets_no_answer(desk):
    desk.proposed(thread_ts="1795510902.000400")
    posts = desk.slack.calls("chat.postMessage")
    desk.message("thanks, looks nice", thread_ts="1795510902.000400")
    assert desk.slack.calls("chat.postMessage") == posts


def test_a_question_in_a_thread_is_answered_there_once(desk):
    parent = desk.slack.visitor.say(ASKER, CHANNEL, "a thread")
    desk.proposed(thread_ts=parent)
    for _ in range(2):
        desk.message("status", thread_ts=parent, ts="1795510905.000100")
    replies = desk.slack.visitor.messages(thread_ts=parent)[1:]
    assert len(replies) == 1
    assert "Plan 1 waits for approval" in replies[0]["text"]


def test_who_may_not_approve_by_words_is_told_so_alone_and_once(desk):
    parent = answered(desk, "another thread")
    run = desk.proposed(thread_ts=parent)
    before = len(desk.slack.visitor.ephemerals(ASKER))
    for _ in range(2):
        desk.message("approve", thread_ts=parent, ts="1795510906.000100")
    told = desk.slack.visitor.ephemerals(ASKER)[before:]
    assert ["somebody else must approve it" in message["text"] for message in told] == [True]
    assert desk.store.get(run.id).status is _S.PROPOSED


def test_a_direct_message_needs_no_mention_and_its_card_begins_a_thread(desk):
    desk.message(ASK, channel="D0ASKER", channel_type="im")
    [run] = desk.all()
    assert run.place == Place(team_id=TEAM, channel="D0ASKER", thread_ts=None)


def edited(ts: str, text: str, before: str, **more):
    message = {
        "type": "message",
        "user": ASKER,
        "text": text,
        "ts": ts,
        "team": TEAM,
        "edited": {"user": ASKER, "ts": "9.1"},
    }
    return {
        "type": "message", "subtype": "message_changed", "hidden": True, "channel": CHANNEL, "channel_type": "channel",
        "ts": "1795510999.000900", "event_ts": "1795510999.000900", "message": message | more,
        "previous_message": message | more | {"text": before},
    }  # fmt: skip


def test_an_edit_that_comes_again_has_one_effect_and_one_reply(desk):
    ts = desk.slack.visitor.say(ASKER, CHANNEL, "the request")
    desk.message(f"<@{BOT}> {ASK}", ts=ts)
    for _ in range(2):
        assert desk.event(edited(ts, f"<@{BOT}> {ASK}, 3 epochs", f"<@{BOT}> {ASK}")).status == 200
    [run] = desk.all()
    assert (run.request.epochs, len(run.changes), run.needs_plan) == (3, 1, True)
    assert len(desk.slack.visitor.messages(thread_ts=ts)) == 2


@pytest.mark.parametrize("whose", [{"team": "T0OTHER"}, {"user_team": "T0OTHER"}, {"bot_id": "B0OTHER"}, {"user": BOT}])
def test_edits_of_strangers_and_programs_are_left_alone(desk, whose):
    ts = "1795510910.000100"
    desk.message(f"<@{BOT}> {ASK}", ts=ts)
    assert desk.event(edited(ts, f"<@{BOT}> {ASK}, 3 epochs", f"<@{BOT}> {ASK}", **whose)).status == 200
    assert desk.all()[0].request.epochs is None


def test_a_guest_cannot_change_a_plan_by_an_edit(desk):
    parent = answered(desk, "a thread with guests")
    run = desk.proposed(thread_ts=parent)
    event = edited("1795510912.000100", "use lora", "hm", thread_ts=parent, user=GUEST)
    assert desk.event(event).status == 200
    assert desk.store.get(run.id) == run
    assert "Guests can read along" in desk.slack.visitor.ephemerals(GUEST)[-1]["text"]


def test_what_is_left_of_a_deleted_message_counts_as_its_deletion(desk):
    ts = "1795510913.000100"
    desk.message(f"<@{BOT}> {ASK}", ts=ts)
    tombstone = edited(ts, "This message was deleted.", ASK, subtype="tombstone", user="USLACKBOT")
    for _ in range(2):
        assert desk.event(tombstone).status == 200
    [run] = desk.all()
    assert (run.status, run.events[-1].note) == (_S.CANCELED, "deleted the message that asked for it")


@pytest.mark.parametrize("subtype", ["message_changed", "message_deleted"])
def test_a_change_that_says_nothing_is_left_alone(desk, subtype):
    event = {"type": "message", "subtype": subtype, "channel": CHANNEL, "channel_type": "channel", "ts": "1.1"}
    assert desk.event(event).status == 200
    assert desk.all() == []
