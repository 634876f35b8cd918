"""How much a thread says, and the direct message at the end: set by people, kept by the row, shown by the thread."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from bot.models import Alert, Preferences, Problem, Question, Run, RunEvent, Verbosity
from bot.models.run import RERUN
from bot.playground.slack_state import Json
from bot.states import RunStatus
from handlers.chat import SlackChat
from handlers.pace import Pace
from handlers.views.direct import direct_message, wants_direct
from handlers.views.thread import thread
from handlers.wire import make_client
from tests.block_kit import check
from tests.builders import (
    ASKER,
    BOT,
    CHANNEL,
    GUEST,
    LEAD,
    NOW,
    TEAM,
    make_diagnosis,
    make_job,
    make_progress,
    make_report,
    make_run,
    minutes,
)
from tests.scripted_slack import ScriptedSlack
from tests.shown_runs import ShownRuns, shown_runs
from tests.walks import walks

_S = RunStatus
WALKS = walks()
FOR_INFORMATION = {"approved", "started", "first-loss", "saved", "cancel"}


def keys(run: Run, verbosity: Verbosity) -> list[str]:
    return [message.key for message in thread(run.model_copy(update={"verbosity": verbosity}))]


# --- what a thread says is a function of its row


@pytest.mark.parametrize("name", sorted(WALKS))
def test_a_quiet_thread_leaves_out_what_nobody_has_to_act_on_and_nothing_else(name):
    run = WALKS[name]
    assert keys(run, Verbosity.QUIET) == [key for key in keys(run, Verbosity.MILESTONES) if key not in FOR_INFORMATION]


def test_alerts_with_their_button_questions_plans_and_the_end_are_never_silenced():
    running = make_run(
        _S.RUNNING, verbosity=Verbosity.QUIET, alerts=(Alert(kind="late", at=NOW, text="It will be late."),),
        progress=make_progress(warnings=("The loss is NaN.",)),
    )  # fmt: skip
    assert [message.key.partition("-")[0] for message in thread(running)] == ["card", "alert", "alert"]
    assert "finetune.cancel" in json.dumps(thread(running)[-1].blocks)
    asked = Question(field="model", text="Which?", hint="Say it.", choices=("a/b",))
    waiting = make_run(_S.PROPOSED, verbosity=Verbosity.QUIET, revision=2, question=asked)
    assert [message.key.partition("-")[0] for message in thread(waiting)] == ["card", "question", "plan"]
    refused = make_run(_S.PROPOSED, verbosity=Verbosity.QUIET, problem=Problem(problem="No.", fix="Do."))
    assert [message.key.partition("-")[0] for message in thread(refused)][:2] == ["card", "problem"]
    again = make_run(_S.RUNNING, verbosity=Verbosity.QUIET)
    note = f"{RERUN} job2 https://hf.co/jobs/a/2"
    event = RunEvent(at=NOW, status=None, actor="tunesmith", note=note)
    again = again.model_copy(update={"events": (*again.events, event)})
    assert [message.key.partition("-")[0] for message in thread(again)] == ["card", "rerun"]
    for status, changes in ((_S.FAILED, {"diagnosis": make_diagnosis()}), (_S.SUCCEEDED, {"report": make_report()})):
        assert keys(make_run(status, **changes), Verbosity.QUIET) == ["card", "end"]


def test_all_messages_add_the_newest_tenth_checkpoint_and_evaluation():
    progress = make_progress(step=220, max_steps=525, saved_step=200, before={"eval_loss": 2.25})
    run = make_run(_S.RUNNING, progress=progress, verbosity=Verbosity.ALL)
    said = {message.key: message.text for message in thread(run)}
    assert list(said) == ["card", "approved", "started", "first-loss", "evaluated", "saved-200", "tenth-4"]
    assert said["saved-200"] == f"The checkpoint of step 200 is in {run.plan.output_repo}."
    assert said["evaluated"] == "Evaluated on held-back rows before training: eval_loss 2.25."
    assert said["tenth-4"].startswith("40 % of 525 steps are done")
    later = run.model_copy(update={"progress": progress.model_copy(update={"step": 500, "saved_step": 400})})
    assert keys(later, Verbosity.ALL)[-2:] == ["saved-400", "tenth-9"], "no backlog: only the newest of each"
    for message in thread(run):
        check(message)


@pytest.mark.parametrize(
    ("step", "max_steps", "told"),
    [(0, 525, []), (52, 525, []), (53, 525, ["tenth-1"]), (525, 525, []), (3, None, []), (1, 3, ["tenth-3"])],
)
def test_a_tenth_is_told_once_it_is_done_and_the_whole_is_the_ends_business(step, max_steps, told):
    progress = make_progress(step=step, max_steps=max_steps, saved_step=None)
    assert [key for key in keys(make_run(_S.RUNNING, progress=progress), Verbosity.ALL) if "tenth" in key] == told


# --- people set it, through Slack


@pytest.fixture
def world(tmp_path: Any) -> Iterator[ShownRuns]:
    with shown_runs(tmp_path) as made:
        yield made


def form(world: ShownRuns, user: str = ASKER) -> Json:
    found: Json = world.visitor.wait_for(lambda: world.visitor.views(user))[-1]
    return found


def chosen(view: Json) -> tuple[str, list[str]]:
    radio, box = (block["element"] for block in view["blocks"])
    return radio["initial_option"]["value"], [option["value"] for option in box.get("initial_options", [])]


def test_the_settings_open_with_what_is_set_and_hold_for_the_next_run(world):
    world.command("settings")
    view = form(world)
    assert chosen(view) == ("milestones", [])
    assert not world.visitor.submit(ASKER, view["id"], {"verbosity": "all", "direct": ["direct"]}).get("errors")
    wanted = Preferences(verbosity=Verbosity.ALL, direct=True)
    assert world.store.preferences(TEAM, ASKER) == wanted
    saved = form(world)
    assert "*Saved.* The threads of your next runs say: *All messages*." in json.dumps(saved["blocks"])
    assert "I message you directly" in json.dumps(saved["blocks"])
    assert "submit" not in saved or not saved["submit"]
    world.visitor.close(ASKER, saved["id"])
    run = world.run(_S.PROPOSED)
    assert (run.verbosity, run.direct) == (Verbosity.ALL, True)
    assert world.run(_S.PROPOSED, user=LEAD).verbosity is Verbosity.MILESTONES
    # from the Home tab, and back
    world.visitor.open_home(ASKER)
    home = world.visitor.wait_for(lambda: world.visitor.home(ASKER))
    world.visitor.click(ASKER, "", "finetune.settings", view_id=home["id"])
    view = form(world)
    assert chosen(view) == ("all", ["direct"])
    assert not world.visitor.submit(ASKER, view["id"], {"verbosity": "milestones", "direct": []}).get("errors")
    assert world.store.preferences(TEAM, ASKER) == Preferences()


def said(world: ShownRuns, run: Run, words: str, user: str = ASKER) -> None:
    world.visitor.say(user, CHANNEL, words, thread_ts=run.place.thread_ts)


def replies(world: ShownRuns, run: Run) -> list[str]:
    return [m["text"] for m in world.visitor.messages(CHANNEL, run.place.thread_ts) if m["user"] == BOT]


def test_quiet_in_a_thread_holds_from_then_on_and_everybody_there_reads_it(world):
    run = world.run(_S.PROPOSED)
    said(world, run, f"<@{BOT}> quiet please")
    world.visitor.wait_for(lambda: world.store.get(run.id).verbosity is Verbosity.QUIET)
    told = world.visitor.wait_for(lambda: [words for words in replies(world, run) if words.startswith("Quiet")])
    assert told == [
        "Quiet from now on: the card shows how far it is. Questions, plans, alerts and the end always come."
    ]
    run = world.store.advance(world.store.get(run.id), _S.APPROVED, actor=LEAD, decided_by=LEAD)
    for step in (_S.SUBMITTING, _S.QUEUED):
        run = world.store.advance(run, step, actor="tunesmith", **({"job": make_job()} if step is _S.QUEUED else {}))
    run = world.store.advance(run, _S.RUNNING, actor="tunesmith", progress=make_progress())
    assert world.chat.show(run)
    assert world.store.delivered(run.id).keys() == {"card"}
    said(world, run, f"<@{BOT}> milestones", user=LEAD)
    world.visitor.wait_for(lambda: world.store.get(run.id).verbosity is Verbosity.MILESTONES)
    assert world.chat.show(world.store.get(run.id))
    assert world.store.delivered(run.id).keys() >= {"approved", "started", "first-loss"}
    run = world.store.advance(world.store.get(run.id), _S.SUCCEEDED, actor="tunesmith", report=make_report())
    assert world.chat.show(run)
    assert "end" in world.store.delivered(run.id)


@pytest.mark.parametrize("words", ["quiet", "be quiet please", "all messages"])
def test_people_who_tell_each_other_to_be_quiet_are_left_alone(world, words):
    run = world.run(_S.PROPOSED)
    before = world.visitor.deliveries()["calls"].get("chat.postMessage", 0)
    said(world, run, words)
    said(world, run, f"<@{BOT}> how long will it take?")  # what was said before it is served before it
    world.visitor.wait_for(lambda: world.visitor.deliveries()["calls"]["chat.postMessage"] > before)
    assert world.store.get(run.id).verbosity is Verbosity.MILESTONES


def test_somebody_else_may_not_quiet_a_thread_and_learns_who_may(world):
    run = world.run(_S.PROPOSED, user=LEAD)
    said(world, run, f"<@{BOT}> quiet")
    told = world.told(ASKER)["text"]
    assert told.startswith("Only the person who asked for this run and the approvers can change what its thread tells.")
    assert f"Who can: <@{LEAD}>." in told
    said(world, run, f"<@{BOT}> quiet", user=GUEST)
    assert "Guests can read along" in world.told(GUEST)["text"]
    assert world.store.get(run.id).verbosity is Verbosity.MILESTONES


def test_outside_of_a_thread_one_hears_where_to_say_it(world):
    assert "Mention me with that in the thread of a run" in world.command("quiet")
    world.visitor.say(ASKER, CHANNEL, f"<@{BOT}> all messages")
    assert "Mention me with that in the thread of a run" in world.told()["text"]
    world.visitor.say(ASKER, CHANNEL, f"<@{BOT}> settings")
    world.visitor.wait_for(lambda: "/finetune settings" in world.told()["text"] and "Home tab" in world.told()["text"])


# --- the direct message


def direct(world: ShownRuns, user: str = ASKER) -> list[Json]:
    channel = world.slack.client().conversations_open(users=user)["channel"]["id"]
    return world.visitor.messages(channel)


def ended(world: ShownRuns, *, channel: str = CHANNEL, wants: bool = True, **changes: Any) -> Run:
    world.store.set_preferences(TEAM, ASKER, Preferences(direct=wants))
    return world.run(_S.FAILED, channel=channel, diagnosis=make_diagnosis(), **changes)


def test_whoever_wants_it_is_told_the_end_once_with_the_way_to_the_thread(world):
    run = ended(world)
    [message] = direct(world)
    assert message["text"].startswith("Your run is over: Fine-tune Qwen3-0.6B on tiny-chat.")
    assert "ran out of memory" in message["text"]
    link = f"{world.slack.url}/archives/{CHANNEL}/p{run.place.thread_ts.replace('.', '')}"
    assert f"<{link}|Open its thread> in <#{CHANNEL}>." in json.dumps(message["blocks"])
    # a later version of the row, as when a run grows from it, says nothing new there
    later = world.store.update(run, note="followed by somebody")
    assert world.chat.show(later)
    assert len(direct(world)) == 1


def test_whoever_does_not_want_it_is_left_alone(world):
    ended(world, wants=False)
    world.store.set_preferences(TEAM, ASKER, Preferences(direct=True))
    assert direct(world) == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"status": _S.SUCCEEDED, "report": make_report()}, True),
        ({"status": _S.EXPIRED}, True),
        ({"status": _S.REFUSED}, False),
        ({"status": _S.RUNNING}, False),
        ({"status": _S.CANCELED, "cancel_requested_by": ASKER}, False),
        ({"status": _S.CANCELED, "cancel_requested_by": LEAD}, True),
        # they wished it stopped, and it came to another end before
        ({"status": _S.SUCCEEDED, "report": make_report(), "cancel_requested_by": ASKER}, True),
    ],
)
def test_only_an_end_that_one_did_not_bring_about_is_told(changes, told):
    run = make_run(changes["status"], direct=True, **{k: v for k, v in changes.items() if k != "status"})
    assert wants_direct(run) is told
    assert not wants_direct(run.model_copy(update={"direct": False}))
    alone = run.place.model_copy(update={"channel": "D0ASKER"})
    assert not wants_direct(run.model_copy(update={"place": alone})), "they read the thread itself there"


@pytest.mark.parametrize("name", sorted(name for name, run in WALKS.items() if run.is_final))
def test_slack_takes_the_direct_message_of_every_end(name):
    check(direct_message(WALKS[name], "https://acme.slack.com/archives/C0FINETUNE/p1795510800000100"))
    assert "Its thread is in" in json.dumps(direct_message(WALKS[name], "").blocks[-1])


@pytest.mark.parametrize("kind", ["drop_after", "html"])
def test_a_direct_message_whose_answer_was_lost_is_found_and_not_sent_twice(world, kind):
    world.store.set_preferences(TEAM, ASKER, Preferences(direct=True))
    run = world.run(_S.RUNNING)
    run = world.store.advance(run, _S.FAILED, actor="tunesmith", diagnosis=make_diagnosis())
    world.chat.show(run.model_copy(update={"direct": False}))
    world.slack.fault(path="chat.postMessage", kind=kind)
    assert world.chat.show(run) is False
    world.clock.now += minutes(1)
    assert world.chat.show(run) is True
    assert len(direct(world)) == 1


@pytest.mark.parametrize(
    ("method", "error"),
    [
        ("conversations.open", "missing_scope"),
        ("conversations.open", "user_not_found"),
        ("conversations.open", "cannot_dm_bot"),
        ("chat.postMessage", "messages_tab_disabled"),
        ("chat.postMessage", "invalid_arguments"),
    ],
)
def test_a_direct_message_that_cannot_be_sent_holds_nothing_back(world, method, error):
    run = ended(world, wants=False).model_copy(update={"direct": True})
    with ScriptedSlack() as scripted:
        chat = SlackChat(make_client("xoxb-test", scripted.url, 2), world.store, world.clock, pace=Pace(post_every_s=0))
        scripted.errors[method] = [error]
        assert chat.show(run) is True
        assert chat.show(run) is True
        assert scripted.methods().count(method) == 1, "given up"
        assert set(scripted.methods()) <= {"conversations.open", "chat.postMessage"}, "the thread is not touched"


@pytest.mark.parametrize("method", ["conversations.open", "chat.postMessage"])
def test_a_direct_message_waits_as_long_as_slack_asks(world, method):
    run = ended(world, wants=False).model_copy(update={"direct": True})
    with ScriptedSlack() as scripted:
        chat = SlackChat(make_client("xoxb-test", scripted.url, 2), world.store, world.clock, pace=Pace(post_every_s=0))
        scripted.errors[method] = ["ratelimited"]
        assert chat.show(run) is False
        assert chat.show(run) is False
        assert scripted.methods().count(method) == 1
        world.clock.pass_minutes(1)
        assert chat.show(run) is True
        assert scripted.methods()[-1] == "chat.postMessage"
        assert scripted.methods().count(method) == 2
