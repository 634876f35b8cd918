"""The Slack edge as Slack sees it: signed requests into the real Bolt app, the local Slack behind it."""

import json
import logging
import sqlite3
import time
from urllib.parse import urlencode

import pytest
from slack_bolt import BoltRequest

from bot.models import Place, Question
from bot.states import RunStatus
from handlers.views.buttons import carried
from storage.store import Store
from tests.bot_slack import BotSlack
from tests.builders import ASKER, BOT, CHANNEL, GUEST, LEAD, TEAM, make_request
from tests.scripted_slack import ScriptedSlack
from tests.signed_slack import SignedSlack, submission

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


# --- commands -----------------------------------------------------------------------------------------------------


def test_a_request_is_recorded_before_it_is_acknowledged(desk):
    assert desk.command(ASK) == "On it: the plan comes in a moment. Nothing runs until somebody approves it."
    [run] = desk.all()
    assert (run.status, run.requester, run.place) == (_S.RECEIVED, ASKER, Place(team_id=TEAM, channel=CHANNEL))
    assert (run.request.model, run.request.dataset) == ("Qwen/Qwen3-0.6B", "tunesmith-lab/tiny-chat")
    assert desk.wakes == 1


def test_a_request_that_cannot_be_recorded_is_not_acknowledged_as_one(desk, caplog, tmp_path):
    database = sqlite3.connect(tmp_path / "handlers.db")
    database.execute("ALTER TABLE run_events RENAME TO lost")
    database.close()
    said = desk.command(ASK)
    assert "Something went wrong on my side" in said
    reference = said.split("`")[1]
    assert f"reference {reference}" in caplog.text
    assert "Traceback" in caplog.text
    assert desk.wakes == 0


def test_the_same_command_delivered_twice_makes_one_run_and_one_answer(desk):
    desk.command(ASK, trigger="same")
    assert desk.command(ASK, trigger="same") == ""
    assert len(desk.all()) == 1


def test_help_and_what_is_not_understood_are_answered_in_the_ack(desk):
    assert desk.command("help").startswith("*Fine-tune language models on Hugging Face Jobs*\nFine-tuning goes on")
    assert "/finetune status" in desk.command("help")
    assert "/finetune" in desk.command("statsu")
    assert desk.all() == []


def test_status_lists_the_newest_runs_and_tells_one_by_its_name(desk):
    assert desk.command("status").startswith("No runs here yet.")
    run = desk.proposed()
    assert f"`{run.short_id}` *waits for approval*, at most $1.88 · " in desk.command("status")
    assert "Plan 1 waits for approval" in desk.command(f"status {run.short_id}")


def test_a_list_says_of_a_plan_that_nobody_can_approve_that_it_is_only_one(desk):
    run = desk.proposed()
    desk.store.update(run, request=make_request(plan_only=True))
    assert f"`{run.short_id}` *is only a plan*" in desk.command("status")


def test_status_of_another_channel_shows_only_ones_own_runs(desk):
    desk.proposed()
    assert desk.command("status", user=LEAD, channel_id="C0GENERAL").startswith("No runs here yet.")
    assert "*waits for approval*" in desk.command("status", user=ASKER, channel_id="C0GENERAL")


def test_logs_say_why_there_are_none(desk):
    run = desk.proposed()
    assert "there is no log, because it has no job yet" in desk.command(f"logs {run.short_id}")


def test_an_unknown_run_is_named_and_the_way_out_is_shown(desk):
    said = desk.command("logs 7qk2m9xa")
    assert "`7QK2M9XA`" in said
    assert "*What to do:* `/finetune status` lists the newest runs" in said


@pytest.mark.parametrize("words", ["status", "logs", "explain", "retry", "cancel"])
def test_a_run_of_another_channel_reads_like_an_unknown_one(desk, words):
    elsewhere = Place(team_id=TEAM, channel="C0GENERAL")
    run = desk.store.record_request("elsewhere", place=elsewhere, requester=LEAD, request=make_request())
    said = desk.command(f"{words} {run.short_id}")
    unknown = desk.command(f"{words} 00000000")
    assert said.replace(run.short_id.upper(), "00000000") == unknown
    assert unknown.startswith("No run is called `00000000`.")
    assert desk.all() == [run]
    assert "No run is called" not in desk.command(f"{words} {run.short_id}", user=LEAD)


@pytest.mark.parametrize("words", ["status", "logs", "explain"])
def test_a_guest_learns_nothing_by_guessing_ids(desk, words):
    run = desk.proposed()
    said = desk.command(f"{words} {run.short_id}", user=GUEST)
    assert "Guests can read along" in said
    assert desk.command(f"{words} 00000000", user=GUEST) == said


def test_cancel_stops_a_plan_at_once(desk):
    run = desk.proposed()
    assert desk.command(f"cancel {run.short_id}") == f"Run `{run.short_id}` is canceled. Nothing ran."
    assert desk.store.get(run.id).status is _S.CANCELED


def test_a_question_for_the_price_gets_a_plan_which_spends_nothing(desk):
    assert desk.command(f"how much would {ASK} cost?").startswith("On it")
    assert [run.status for run in desk.all()] == [_S.RECEIVED]


def test_retry_asks_again_for_a_run_that_is_over_with_the_change_and_without_approval(desk):
    parent = "1795510902.000900"
    over = desk.store.advance(desk.proposed(thread_ts=parent), _S.EXPIRED, actor="tunesmith")
    desk.message("retry with 1 epoch", thread_ts=parent)
    again = desk.all()[0]
    assert again.id != over.id
    assert (again.status, again.request.epochs, again.request.model) == (_S.RECEIVED, 1, over.request.model)
    assert again.place.thread_ts == parent


# --- who ----------------------------------------------------------------------------------------------------------


def test_a_guest_gets_a_refusal_and_no_run(desk):
    assert "Guests can read along but cannot start" in desk.command(ASK, user=GUEST)
    assert desk.all() == []


def test_another_workspace_gets_a_refusal_and_no_run(desk):
    assert "another workspace" in desk.command(ASK, team="T0OTHER")
    assert desk.all() == []


def test_a_stranger_of_a_shared_channel_cannot_press_a_button(desk):
    run = desk.proposed()
    assert "another workspace" in desk.click("finetune.approve", carried(run), user="U0STRANGE", team="T0OTHER")
    assert desk.store.get(run.id).status is _S.PROPOSED


def test_a_strangers_message_is_left_alone(desk):
    desk.message(f"<@{BOT}> {ASK}", kind="app_mention", user="U0STRANGE", team="T0OTHER", user_team="T0OTHER")
    assert desk.all() == []


def test_somebody_whom_slack_does_not_know_may_do_nothing(desk):
    run = desk.proposed()
    assert "Slack does not tell me who you are" in desk.click("finetune.approve", carried(run), user="U0UNKNOWN")
    assert desk.store.get(run.id).status is _S.PROPOSED


def test_a_request_of_somebody_whom_slack_does_not_name_keeps_its_words_and_is_told_once(desk):
    said = desk.command(ASK, user="U0UNKNOWN", trigger="lost")
    assert said == (
        "Slack does not tell me who you are at the moment, so I did nothing.\n"
        f"*What to do:* Try again in a minute. You typed: /finetune {ASK}"
    )
    assert desk.command(ASK, user=ASKER, trigger="lost") == ""
    assert desk.all() == []
    assert desk.command(ASK, user=ASKER).startswith("On it")


def test_what_slack_says_of_a_person_is_asked_again_after_five_minutes(desk):
    before = desk.slack.calls("users.info")
    desk.command(ASK)
    desk.command(ASK)
    assert desk.slack.calls("users.info") == before + 1
    desk.clock.pass_minutes(5)
    desk.command(ASK)
    assert desk.slack.calls("users.info") == before + 2


# --- buttons ------------------------------------------------------------------------------------------------------


def test_an_approver_approves_exactly_the_plan_that_was_shown(desk):
    run = desk.proposed()
    assert desk.click("finetune.approve", carried(run)) == ""
    approved = desk.store.get(run.id)
    assert (approved.status, approved.decided_by) == (_S.APPROVED, LEAD)
    assert desk.wakes == 1


def test_a_double_click_approves_once_and_complains_never(desk):
    run = desk.proposed()
    assert desk.click("finetune.approve", carried(run), trigger="t1") == ""
    assert desk.click("finetune.approve", carried(run), trigger="t2") == ""
    assert [event.status for event in desk.store.get(run.id).events].count(_S.APPROVED) == 1


def test_who_asked_cannot_approve_above_the_limit_and_learns_who_can(desk):
    run = desk.proposed()
    said = desk.click("finetune.approve", carried(run), user=ASKER)
    assert "above $1.00 somebody else must approve it" in said
    assert f"Who can: <@{LEAD}>." in said
    assert desk.store.get(run.id).status is _S.PROPOSED


@pytest.mark.parametrize("change", [{"revision": 7}, {"digest": "0" * 16}])
def test_a_button_of_another_plan_changes_nothing(desk, change):
    run = desk.proposed()
    stale = json.dumps(json.loads(carried(run)) | change)
    assert "changed after this button was shown" in desk.click("finetune.approve", stale)
    assert desk.store.get(run.id).status is _S.PROPOSED


@pytest.mark.parametrize("value", ["", "{}", "null", '{"run":"x"}', '{"run":"x","revision":1,"digest":"y","sudo":1}'])
def test_a_button_that_is_not_ours_is_refused_in_words(desk, value):
    assert "I cannot read this button any more." in desk.click("finetune.approve", value)


def test_a_button_of_a_forgotten_run_says_so(desk):
    gone = json.dumps({"run": "0" * 26, "revision": 1, "digest": "x"})
    assert "no longer known here" in desk.click("finetune.approve", gone)


def test_a_rejection_keeps_its_reason(desk):
    run = desk.proposed()
    answer = desk.interact(submission(run, "Use LoRA first"), LEAD)
    assert (answer.status, answer.body) == (200, "")
    rejected = desk.store.get(run.id)
    assert (rejected.status, rejected.reason, rejected.decided_by) == (_S.REJECTED, "Use LoRA first", LEAD)
    assert desk.wakes == 1


def test_a_rejection_by_somebody_else_is_refused_under_the_field(desk):
    run = desk.proposed()
    answer = desk.interact(submission(run, "no"), GUEST)
    said = json.loads(answer.body)
    assert said["response_action"] == "errors"
    assert "Guests can read along" in said["errors"]["reason"]
    assert desk.store.get(run.id).status is _S.PROPOSED


def test_a_reject_button_of_a_decided_plan_opens_nothing(desk):
    run = desk.proposed()
    desk.click("finetune.approve", carried(run))
    assert "no longer waits" in desk.click("finetune.reject", carried(run))
    assert desk.slack.visitor.views(LEAD) == []


def test_a_form_that_slack_was_too_slow_for_asks_to_press_again(desk):
    run = desk.proposed()
    said = desk.click("finetune.reject", carried(run), trigger="expired")
    assert said == "Slack was too slow to open the form.\n*What to do:* Press the button again."


def test_a_form_that_a_command_or_a_shortcut_opened_too_late_asks_for_that_again(desk):
    for words in ("", "settings"):
        said = desk.command(words, trigger="expired")
        assert said == "Slack was too slow to open the form.\n*What to do:* Type the command again."
    before = len(desk.answers.calls)
    message = {"ts": "1.2", "text": "hello", "user": ASKER}
    payload = {
        "type": "message_action", "callback_id": "finetune.message_shortcut", "trigger_id": "expired",
        "channel": {"id": CHANNEL}, "message": message, "response_url": f"{desk.answers.url}response",
    }  # fmt: skip
    assert desk.interact(payload, ASKER).status == 200
    [(_, told)] = desk.answers.calls[before:]
    assert told["text"].endswith("*What to do:* Choose the shortcut below the message again.")


def test_cancel_notes_the_wish_while_the_hub_may_have_a_job(desk):
    run = desk.proposed()
    desk.click("finetune.approve", carried(run))
    assert desk.click("finetune.cancel", carried(run), user=ASKER) == ""
    wished = desk.store.get(run.id)
    assert (wished.status, wished.cancel_requested_by) == (_S.APPROVED, ASKER)


def test_an_offered_answer_fills_in_the_field(desk):
    run = desk.proposed()
    question = Question(field="model", text="Which?", hint="", choices=("Qwen/Qwen3-0.6B", "Qwen/Qwen3-1.7B"))
    desk.store.update(run, question=question)
    value = json.dumps({"run": run.id, "revision": 1, "field": "model", "choice": "Qwen/Qwen3-1.7B"})
    assert desk.click("finetune.answer.1", value, user=ASKER) == ""
    asked = desk.store.get(run.id)
    assert (asked.request.model, asked.needs_plan) == ("Qwen/Qwen3-1.7B", True)


def test_an_answer_that_nobody_asks_for_any_more_says_so(desk):
    run = desk.proposed()
    value = json.dumps({"run": run.id, "revision": 1, "field": "model", "choice": "Qwen/Qwen3-1.7B"})
    assert "is answered already: nothing changed." in desk.click("finetune.answer.1", value, user=ASKER)
    assert desk.store.get(run.id) == run


# --- home, signatures, logs ---------------------------------------------------------------------------------------


def test_the_home_tab_shows_an_approver_what_waits(desk):
    run = desk.proposed()
    assert desk.event({"type": "app_home_opened", "user": LEAD, "tab": "home", "channel": "D0LEAD"}).status == 200
    view = json.dumps(desk.slack.visitor.home(LEAD))
    assert "Waiting for your decision" in view
    assert run.short_id in view


def test_an_unsigned_request_is_refused_and_its_body_stays_out_of_the_log(desk, caplog):
    caplog.set_level(logging.INFO)
    body = urlencode({"command": "/finetune", "text": "planted-secret", "team_id": TEAM})
    headers = {"x-slack-signature": "v0=0", "x-slack-request-timestamp": str(int(time.time()))}
    answer = desk.app.dispatch(BoltRequest(body=body, headers=headers))
    assert answer.status == 401
    assert "planted-secret" not in caplog.text
    assert desk.all() == []


def test_a_mention_that_is_refused_is_answered_with_200_so_that_slack_does_not_send_it_again(desk):
    desk.message(f"<@{BOT}> {ASK}", kind="app_mention", user=GUEST)
    assert "Guests can read along" in desk.slack.visitor.ephemerals(GUEST)[-1]["text"]
    assert desk.all() == []
