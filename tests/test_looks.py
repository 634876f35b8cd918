"""Compare, runs, spend and the log, typed in a message: read like the command, answered where it fits, once."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from bot.intake.looking import Compare, SayHowMuch, Settings, Spend, read_looking
from bot.models import Run, Verbosity
from bot.playground.slack_state import Json
from bot.states import RunStatus
from tests.builders import ASKER, BOT, CHANNEL, LEAD, make_diagnosis
from tests.shown_runs import ShownRuns, shown_runs

_S = RunStatus
GENERAL = "C0GENERAL"


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("quiet", SayHowMuch(verbosity=Verbosity.QUIET)),
        ("Please be quiet!", SayHowMuch(verbosity=Verbosity.QUIET)),
        ("fewer updates please", SayHowMuch(verbosity=Verbosity.QUIET)),
        ("milestones only", SayHowMuch(verbosity=Verbosity.MILESTONES)),
        ("unmute", SayHowMuch(verbosity=Verbosity.MILESTONES)),
        ("all messages, please", SayHowMuch(verbosity=Verbosity.ALL)),
        ("tell me everything", SayHowMuch(verbosity=Verbosity.ALL)),
        ("/finetune compare", Compare(runs=())),
        ("compare", Compare(runs=())),
        ("compare prices", None),
        ("/finetune settings", Settings()),
        ("notification settings", Settings()),
        ("/finetune spend", Spend()),
        ("spending this month?", Spend()),
        ("what is the budget?", Spend()),
        ("quiet model on capybara", None),
        ("all messages of the dataset", None),
        ("is it quiet in here", None),
        ("milestones reached so far?", None),
        ("settings lr=3", None),
        ("/finetune a/b on c/d, budget $5", None),
        ("spend under $5", None),
        ("compare notes with me", None),
    ],
)
def test_only_words_that_are_nothing_else_are_read(words, meant):
    assert read_looking(words) == meant


@pytest.fixture
def world(tmp_path: Any) -> Iterator[ShownRuns]:
    with shown_runs(tmp_path) as made:
        yield made


def say(world: ShownRuns, words: str, *, run: Run | None = None, user: str = ASKER, channel: str = CHANNEL) -> str:
    return world.visitor.say(user, channel, words, thread_ts=run.place.thread_ts if run else None)


def answer(world: ShownRuns, thread_ts: str | None, channel: str = CHANNEL) -> Json:
    """The last of the bot's replies in a thread, which is waited for."""

    def replies() -> list[Json]:
        return [m for m in world.visitor.messages(channel, thread_ts)[1:] if m["user"] == BOT]

    before = len(replies())
    world.visitor.wait_for(lambda: len(replies()) > before or before)
    return replies()[-1]


def test_a_mention_compares_two_runs_where_everybody_there_reads_it(world):
    one, two = world.done(), world.done()
    ts = say(world, f"<@{BOT}> compare {one.short_id} and {two.short_id}")
    shown = answer(world, ts)
    assert one.short_id in json.dumps(shown["blocks"])
    assert two.short_id in json.dumps(shown["blocks"])
    # a mention comes as two events
    assert len([m for m in world.visitor.messages(CHANNEL, ts) if m["user"] == BOT]) == 1


def test_in_a_runs_thread_one_name_is_enough_and_no_mention_is_needed(world):
    one, two = world.done(), world.done()
    say(world, f"compare with {two.short_id}", run=one)
    shown = world.visitor.wait_for(
        lambda: [
            m
            for m in world.visitor.messages(CHANNEL, one.place.thread_ts)
            if m["user"] == BOT and two.short_id in m["text"]
        ]
    )
    assert one.short_id in shown[0]["text"]


def test_a_run_of_another_channel_is_compared_for_nobody_elses_eyes(world):
    here, there = world.done(), world.done(channel=GENERAL)
    ts = say(world, f"<@{BOT}> compare {here.short_id} {there.short_id}")
    shown = world.told()
    assert there.short_id in json.dumps(shown["blocks"])
    assert "thread_ts" not in shown, "Slack shows nobody what is whispered in a thread that nobody began"
    assert there.short_id not in json.dumps([m for m in world.visitor.messages(CHANNEL, ts) if m["user"] == BOT])


def test_whoever_may_not_hear_of_a_run_reads_that_there_is_none(world):
    here, there = world.done(), world.done(channel=GENERAL, user=LEAD)
    say(world, f"<@{BOT}> compare {here.short_id} {there.short_id}")
    assert f"No run is called `{there.short_id}`." in world.told()["text"]


def test_runs_are_listed_for_whoever_asks(world):
    world.done()
    failed = world.run(_S.FAILED)
    say(world, f"<@{BOT}> runs failed mine")
    shown = world.told()
    assert f"`{failed.short_id}` *failed*" in shown["text"]
    assert "succeeded" not in shown["text"]
    assert "thread_ts" not in shown, "Slack shows nobody what is whispered in a thread that nobody began"
    say(world, f"<@{BOT}> runs failed mine", run=failed)
    world.visitor.wait_for(lambda: len(world.visitor.ephemerals(ASKER)) > 1)
    assert world.told()["thread_ts"] == failed.place.thread_ts


def test_spend_is_told_to_whoever_asks_and_in_a_runs_thread_its_own_price_is(world):
    run = world.done()
    say(world, f"<@{BOT}> spend")
    assert world.told()["text"].startswith("*Spent in ")
    say(world, f"<@{BOT}> what is the budget?", run=run)
    answer(world, run.place.thread_ts)
    assert not [m for m in world.visitor.ephemerals(ASKER)[1:] if m["text"].startswith("*Spent in ")]


@pytest.mark.parametrize("words", ["runs great on my laptop", "runs", "my runs are all broken"])
def test_talk_about_runs_in_a_thread_is_left_alone(world, words):
    run = world.run(_S.PROPOSED)
    say(world, words, run=run)
    say(world, f"<@{BOT}> spend", user=ASKER)  # what was said before it is served before it
    assert len(world.visitor.wait_for(lambda: world.visitor.ephemerals(ASKER)) if words != "runs" else [0]) == 1
    assert [m["user"] for m in world.visitor.messages(CHANNEL, run.place.thread_ts)] == [BOT, ASKER]


def test_a_mention_asks_for_a_log_by_the_runs_name(world):
    run = world.done()
    world.log = ["step 1", "step 2"]
    say(world, f"<@{BOT}> logs {run.short_id}")
    [file] = world.visitor.wait_for(lambda: world.files(run))
    assert run.short_id in file["title"]


def test_a_direct_message_is_answered_there(world):
    one, two = world.done(), world.done()
    channel = world.slack.client().conversations_open(users=ASKER)["channel"]["id"]

    def said() -> list[Json]:
        return [m for m in world.visitor.messages(channel) if m["user"] == BOT]

    say(world, "runs mine", channel=channel)
    assert world.visitor.wait_for(said)[0]["text"].startswith("*The newest runs*")
    say(world, f"compare {one.short_id} {two.short_id}", channel=channel)
    assert one.short_id in world.visitor.wait_for(lambda: said()[1:])[0]["text"]


def test_in_a_channel_nobody_else_reads_which_runs_one_has_elsewhere(world):
    alone = world.slack.client().conversations_open(users=ASKER)["channel"]["id"]
    here, there = world.done(), world.done(channel=alone)
    shown = answer(world, say(world, f"<@{BOT}> status"))
    assert here.short_id in shown["text"]
    assert there.short_id not in shown["text"]
    assert there.short_id in world.command("status"), "what only they read names all that are theirs"


def test_a_list_tells_runs_apart_and_leads_to_their_threads(world):
    done, waiting = world.done(), world.run(_S.PROPOSED)
    rows = {row.split("`")[1]: row for row in world.command("runs").splitlines() if row.startswith("•")}
    link = world.slack.client().chat_getPermalink(channel=CHANNEL, message_ts=done.place.thread_ts)["permalink"]
    assert f"<{link}|thread> in <#{CHANNEL}>" in rows[done.short_id]
    assert "*succeeded*, ~$0.65" in rows[done.short_id]
    assert "*waits for approval*, at most $1.88" in rows[waiting.short_id]
    for run in (done, waiting):
        assert " · all weights, 2 epochs, a10g-large · <!date^" in rows[run.short_id]
    assert rows[done.short_id] in world.command("status")


def test_a_price_that_was_asked_for_is_not_listed_as_waiting(world):
    price, waiting = world.run(_S.PROPOSED), world.run(_S.PROPOSED)
    world.store.revise("price", price, actor=ASKER, request=price.request.model_copy(update={"plan_only": True}))
    said = world.command("runs waiting")
    assert waiting.short_id in said
    assert price.short_id not in said
    assert price.short_id in world.command("runs")


def test_only_approvers_read_whose_money_it_was(world):
    run = world.done()
    assert "*By person*" not in world.command("spend")
    told = world.command("spend", user=LEAD)
    assert f"*By person*\n•  <@{ASKER}> $0.25\n*By run*\n•  `{run.short_id}` $0.25 · <@{ASKER}>" in told


def test_compare_alone_says_to_name_two_runs_and_how(world):
    told = world.command("compare")
    assert "Name two to" in told
    assert "`/finetune compare 7qk2m9xa b9qwen4u`; `/finetune runs` lists them" in told
    run = world.run(_S.PROPOSED)
    say(world, "compare", run=run)
    say(world, f"<@{BOT}> compare")
    assert "Name two to" in world.told()["text"]
    assert [m["user"] for m in world.visitor.messages(CHANNEL, run.place.thread_ts)] == [BOT, ASKER]


def test_a_comparison_where_the_bot_is_not_or_slack_takes_nothing_says_what_to_do(world):
    words = f"compare {world.done().short_id} {world.done().short_id}"
    elsewhere = world.visitor.command(ASKER, GENERAL, "/finetune", words)
    assert "I cannot write here" in elsewhere["text"]
    assert "direct message" in elsewhere["text"]
    world.slack.fault(kind="status", path="/api/chat.postEphemeral", status=503, times=1)
    assert "Ask again in a minute" in world.command(words)
    world.slack.fault(kind="status", path="/api/chat.postEphemeral", status=429, retry_after=0, times=1)
    assert "Ask again in a minute" in world.command(words)


@pytest.mark.parametrize("words", ["status", "explain", "logs"])
def test_in_a_channel_nobody_else_reads_how_a_run_elsewhere_stands(world, words):
    there = world.run(_S.FAILED, channel=GENERAL, diagnosis=make_diagnosis())
    say(world, f"<@{BOT}> {words} {there.short_id}")
    assert f"`/finetune status {there.short_id}`" in world.told()["text"]
    assert "Qwen3" not in json.dumps(world.visitor.messages(CHANNEL))
    assert f"`{there.short_id}`" in world.command(f"status {there.short_id}")
