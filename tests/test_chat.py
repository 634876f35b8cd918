"""The reconciler against the local Slack: nothing lost, nothing doubled, whatever the wire does."""

import json
import threading
from datetime import UTC, datetime, timedelta

import pytest

from bot.models import Place, Run
from bot.states import RunStatus
from handlers.chat import SETTLE, SlackChat
from handlers.pace import Pace
from handlers.views.thread import thread
from handlers.wire import make_client
from storage.store import Store
from tests.bot_slack import BotSlack
from tests.builders import ASKER, CHANNEL, LEAD, TEAM, make_job, make_plan, make_progress, make_request, minutes
from tests.fakes import FakeClock
from tests.scripted_slack import ScriptedSlack

_S = RunStatus


@pytest.fixture
def clock() -> FakeClock:
    # Slack's own clock dates the messages that are looked for.
    return FakeClock(datetime.now(UTC))


@pytest.fixture
def store(tmp_path, clock):
    store = Store(f"sqlite:///{tmp_path / 'chat.db'}", clock)
    store.migrate()
    yield store
    store.close()


@pytest.fixture
def slack():
    with BotSlack() as local:
        yield local


@pytest.fixture
def chat(slack, store, clock):
    return SlackChat(slack.client(), store, clock, pace=Pace(post_every_s=0))


def ask(store: Store, channel: str = CHANNEL, thread_ts: str | None = None) -> Run:
    run = store.record_request(
        f"cmd:{len(store.recent())}",
        place=Place(team_id=TEAM, channel=channel, thread_ts=thread_ts),
        requester=ASKER,
        request=make_request(),
    )
    assert run is not None
    return run


def proposed(store: Store, clock: FakeClock, **place: str) -> Run:
    return store.advance(
        ask(store, **place), _S.PROPOSED, actor="tunesmith", plan=make_plan(), revision=1, needs_plan=False,
        next_check_at=clock() + minutes(60),
    )  # fmt: skip


def running(store: Store, clock: FakeClock, run: Run) -> Run:
    run = store.advance(store.get(run.id), _S.APPROVED, actor=LEAD, decided_by=LEAD)
    run = store.advance(run, _S.SUBMITTING, actor="tunesmith")
    run = store.advance(run, _S.QUEUED, actor="tunesmith", job=make_job(started_at=None, running_s=None))
    return store.advance(run, _S.RUNNING, actor="tunesmith", job=make_job(), progress=make_progress(saved_step=None))


def shown_keys(slack: BotSlack, thread_ts: str) -> list[str]:
    return [
        message["metadata"]["event_payload"]["key"]
        for message in slack.client().conversations_replies(
            channel=CHANNEL, ts=thread_ts, include_all_metadata=True
        ).data["messages"]
    ]  # fmt: skip


def test_the_card_becomes_the_parent_and_the_milestones_its_replies(slack, chat, store, clock):
    run = proposed(store, clock)
    assert chat.show(run) is True
    card = slack.visitor.messages()[-1]
    assert store.get(run.id).place.thread_ts == card["ts"]
    assert card["text"] == thread(run)[0].text
    run = running(store, clock, run)
    assert chat.show(run) is True
    assert shown_keys(slack, card["ts"]) == ["card", "approved", "started", "first-loss"]
    assert len(slack.visitor.messages()) == 1


def test_what_is_shown_is_marked_and_not_sent_again(slack, chat, store, clock):
    run = proposed(store, clock)
    assert chat.show(run) is True
    posts = slack.calls("chat.postMessage")
    assert store.due(clock()) == []
    assert chat.show(store.get(run.id)) is True
    assert slack.calls("chat.postMessage") == posts
    assert slack.calls("chat.update") == 0


def test_a_change_updates_text_and_blocks_of_the_same_message(slack, chat, store, clock):
    run = proposed(store, clock)
    chat.show(run)
    before = slack.visitor.messages()[-1]
    run = store.advance(store.get(run.id), _S.REJECTED, actor=LEAD, decided_by=LEAD, reason="too dear")
    assert chat.show(run) is True
    after = slack.visitor.messages()[-1]
    assert after["ts"] == before["ts"]
    assert after["text"] == thread(run)[0].text
    assert "too dear" in json.dumps(after["blocks"])
    assert "finetune.approve" not in json.dumps(after["blocks"])


def test_a_request_from_a_thread_is_answered_in_that_thread(slack, chat, store, clock):
    parent = slack.visitor.say(ASKER, CHANNEL, "<@U0FTBOT> Qwen3-0.6B on tiny-chat")
    run = running(store, clock, proposed(store, clock, thread_ts=parent))
    assert chat.show(run) is True
    assert len(slack.visitor.messages()) == 1
    assert [m["text"] for m in slack.visitor.messages(thread_ts=parent)[1:]] == [m.text for m in thread(run)]
    assert store.get(run.id).place.thread_ts == parent


# --- the wire misbehaves ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["drop_after", "html"])
def test_a_card_whose_answer_was_lost_is_found_and_not_posted_twice(slack, chat, store, clock, kind):
    run = proposed(store, clock)
    slack.fault(path="chat.postMessage", kind=kind)
    assert chat.show(run) is False
    assert len(slack.visitor.messages()) == 1
    clock.now += SETTLE
    assert chat.show(run) is True
    assert len(slack.visitor.messages()) == 1
    assert store.get(run.id).place.thread_ts == slack.visitor.messages()[0]["ts"]


def test_a_reply_whose_answer_was_lost_is_found_in_the_thread(slack, chat, store, clock):
    run = proposed(store, clock)
    chat.show(run)
    run = running(store, clock, run)
    slack.fault(path="chat.postMessage", kind="drop_after")
    assert chat.show(run) is False
    clock.now += SETTLE
    assert chat.show(run) is True
    card = slack.visitor.messages()[0]["ts"]
    assert shown_keys(slack, card) == ["card", "approved", "started", "first-loss"]


def test_a_post_that_never_arrived_is_made_once(slack, chat, store, clock):
    run = proposed(store, clock)
    slack.fault(path="chat.postMessage", kind="drop_before")
    assert chat.show(run) is False
    assert slack.visitor.messages() == []
    clock.now += SETTLE
    assert chat.show(run) is True
    assert len(slack.visitor.messages()) == 1


def test_an_uncertain_post_is_not_looked_for_before_it_can_have_settled(slack, chat, store, clock):
    run = proposed(store, clock)
    slack.fault(path="chat.postMessage", kind="drop_after")
    chat.show(run)
    looks = slack.calls("conversations.history")
    assert chat.show(run) is False
    assert slack.calls("conversations.history") == looks


def test_a_restart_after_a_crash_between_post_and_record_finds_the_card(slack, store, clock):
    run = proposed(store, clock)
    slack.fault(path="chat.postMessage", kind="drop_after")
    SlackChat(slack.client(), store, clock, pace=Pace(post_every_s=0)).show(run)
    run = running(store, clock, run)
    clock.now += SETTLE
    reborn = SlackChat(slack.client(), store, clock, pace=Pace(post_every_s=0))
    assert reborn.show(run) is True
    assert len(slack.visitor.messages()) == 1
    assert slack.visitor.messages()[0]["text"] == thread(run)[0].text


def test_retry_after_is_honoured_and_the_post_comes_once(slack, chat, store, clock):
    run = proposed(store, clock)
    slack.fault(path="chat.postMessage", kind="status", status=429, retry_after=30)
    assert chat.show(run) is False
    clock.now += timedelta(seconds=29)
    assert chat.show(run) is False
    assert slack.visitor.messages() == []
    clock.now += timedelta(seconds=2)
    assert chat.show(run) is True
    assert len(slack.visitor.messages()) == 1


def test_only_the_newest_state_is_sent_after_slack_was_down(slack, chat, store, clock):
    run = proposed(store, clock)
    chat.show(run)
    slack.fault(path="chat.update", kind="status", status=503, times=3)
    run = running(store, clock, run)
    assert chat.show(run) is False
    run = store.update(run, progress=make_progress(step=300, saved_step=None), next_check_at=clock())
    assert chat.show(run) is False
    run = store.update(run, progress=make_progress(step=400, saved_step=None), next_check_at=clock())
    assert chat.show(run) is False
    assert chat.show(run) is True
    assert "step 400 of 525" in slack.visitor.messages()[0]["text"]


def test_what_a_thread_has_to_tell_does_not_wait_for_the_cards_update(slack, chat, store, clock):
    run = proposed(store, clock)
    chat.show(run)
    slack.fault(path="chat.update", kind="status", status=429, retry_after=60)
    run = running(store, clock, run)
    assert chat.show(run) is False
    card = slack.visitor.messages()[0]
    assert shown_keys(slack, card["ts"]) == ["card", "approved", "started", "first-loss"]
    assert "waits for approval" in card["text"]
    clock.now += timedelta(seconds=61)
    assert chat.show(run) is True
    assert slack.visitor.messages()[0]["text"] == thread(run)[0].text


def test_slacks_published_rates_are_survived(slack, chat, store, clock):
    slack.visitor.settings(rate_limits=True)
    try:
        run = running(store, clock, proposed(store, clock))
        for _ in range(8):
            if chat.show(run):
                break
            clock.now += timedelta(seconds=1)
            threading.Event().wait(1.05)
        card = slack.visitor.messages()[0]["ts"]
        assert shown_keys(slack, card) == ["card", "approved", "started", "first-loss"]
    finally:
        slack.visitor.settings(rate_limits=False)


# --- definite refusals --------------------------------------------------------------------------------------------


def test_a_deleted_card_is_posted_anew_and_the_thread_goes_on_there(slack, chat, store, clock):
    run = proposed(store, clock)
    chat.show(run)
    slack.client().chat_delete(channel=CHANNEL, ts=slack.visitor.messages()[0]["ts"])
    run = running(store, clock, run)
    assert chat.show(run) is True
    card = slack.visitor.messages()[0]
    assert store.get(run.id).place.thread_ts == card["ts"]
    assert shown_keys(slack, card["ts"]) == ["card", "approved", "started", "first-loss"]


def test_a_channel_without_the_bot_is_told_to_the_requester_once(slack, chat, store, clock):
    run = proposed(store, clock, channel="C0NOWHERE")
    assert chat.show(run) is True
    assert store.due(clock()) == []
    said = slack.visitor.messages(channel="D0ASKER")
    assert "I cannot answer in <#C0NOWHERE>" in said[-1]["text"]
    assert "/invite @tunesmith" in said[-1]["text"]
    run = store.advance(store.get(run.id), _S.EXPIRED, actor="tunesmith")
    assert chat.show(run) is True
    assert len(slack.visitor.messages(channel="D0ASKER")) == len(said)


@pytest.fixture
def scripted():
    with ScriptedSlack() as slack:
        yield slack


@pytest.fixture
def scripted_chat(scripted, store, clock):
    return SlackChat(make_client("xoxb-test", scripted.url, 2), store, clock, pace=Pace(post_every_s=0))


@pytest.mark.parametrize("error", ["invalid_blocks", "invalid_blocks_format", "msg_too_long"])
def test_refused_blocks_leave_the_text(scripted, scripted_chat, store, clock, error):
    scripted.errors["chat.postMessage"] = [error]
    run = proposed(store, clock)
    assert scripted_chat.show(run) is True
    assert [("blocks" in arguments) for _, arguments in scripted.calls] == [True, False]
    assert scripted.calls[1][1]["text"] == thread(run)[0].text
    assert scripted_chat.show(run) is True
    assert len(scripted.calls) == 2


def test_a_message_that_cannot_be_edited_is_said_again_only_when_it_is_news(scripted, scripted_chat, store, clock):
    run = proposed(store, clock)
    scripted_chat.show(run)
    run = running(store, clock, run)
    scripted_chat.show(run)
    posts = scripted.methods().count("chat.postMessage")
    scripted.errors["chat.update"] = ["cant_update_message"]
    run = store.update(run, progress=make_progress(step=300, saved_step=None), next_check_at=clock())
    assert scripted_chat.show(run) is True
    assert scripted.methods().count("chat.postMessage") == posts
    scripted.errors["chat.update"] = ["edit_window_closed"]
    run = store.advance(run, _S.CANCELED, actor=LEAD)
    assert scripted_chat.show(run) is True
    assert scripted.methods().count("chat.postMessage") == posts + 2  # the card and the end


@pytest.mark.parametrize("error", ["not_in_channel", "channel_not_found", "is_archived", "restricted_action"])
def test_an_unreachable_channel_is_given_up_without_looping(scripted, scripted_chat, store, clock, error):
    scripted.errors["chat.postMessage"] = [error]
    run = proposed(store, clock)
    assert scripted_chat.show(run) is True
    assert [arguments["channel"] for _, arguments in scripted.calls] == [CHANNEL, ASKER]
    assert store.due(clock()) == []


def test_a_refusal_that_nobody_foresaw_is_not_repeated_in_every_tick(scripted, scripted_chat, store, clock, caplog):
    scripted.errors["chat.postMessage"] = ["token_revoked", "token_revoked"]
    run = proposed(store, clock)
    for _ in range(4):
        assert scripted_chat.show(run) is False
        clock.now += timedelta(seconds=10)
    assert scripted.methods() == ["chat.postMessage"]
    assert "token_revoked" in caplog.text


def test_a_thread_that_is_gone_does_not_swallow_the_card(scripted, scripted_chat, store, clock):
    scripted.errors["chat.postMessage"] = ["thread_not_found"]
    run = proposed(store, clock, thread_ts="1.000200")
    assert scripted_chat.show(run) is True
    assert [arguments.get("thread_ts") for _, arguments in scripted.calls] == ["1.000200", None]
    assert store.get(run.id).place.thread_ts == "2.000100"


def test_the_client_never_repeats_a_call_by_itself():
    assert make_client("xoxb-test", "http://127.0.0.1:9/").retry_handlers == []


def test_nothing_is_posted_for_a_request_without_a_plan(scripted, scripted_chat, store):
    assert scripted_chat.show(ask(store)) is True
    assert scripted.calls == []
