"""Every message of a thread: what it says (goldens), whether Slack takes it, and that foreign text stays harmless.

`python -m tests.test_views` writes the goldens anew; read the difference before you commit it.
"""

import itertools
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.models import Check, Examples, Problem, Question, Run, RunEvent, TrainingRequest
from bot.models.request import HOW_SAID
from bot.states import RunStatus
from handlers.views import answers, text
from handlers.views.fields import LABELS, settled, value_text
from handlers.views.home import home
from handlers.views.messages import Message
from handlers.views.thread import thread
from tests.block_kit import LIVE, as_page, check, mrkdwn_of
from tests.builders import (
    ASKER,
    LEAD,
    NOW,
    make_diagnosis,
    make_landed,
    make_model_info,
    make_plan,
    make_progress,
    make_report,
    make_request,
    make_run,
)
from tests.walks import walks

GOLDEN = Path(__file__).parent / "golden" / "messages"
WALKS = walks()
_S = RunStatus


def page(run: Run) -> str:
    return "\n".join(as_page(message) for message in thread(run))


@pytest.mark.parametrize("name", WALKS)
def test_a_thread_says_what_its_golden_says(name):
    assert page(WALKS[name]) == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


def test_no_golden_is_left_over():
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(WALKS)


def test_nothing_is_said_before_there_is_a_plan_or_a_problem():
    assert thread(make_run(_S.RECEIVED)) == []


@pytest.mark.parametrize("name", WALKS)
def test_slack_takes_every_message(name):
    for message in thread(WALKS[name]):
        check(message)


@pytest.mark.parametrize("name", WALKS)
def test_the_card_comes_first_and_no_key_comes_twice(name):
    keys = [message.key for message in thread(WALKS[name])]
    assert keys[0] == "card"
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("name", WALKS)
def test_the_same_run_always_looks_the_same(name):
    assert [m.digest for m in thread(WALKS[name])] == [m.digest for m in thread(WALKS[name])]


def test_a_digest_changes_with_the_text_and_with_the_blocks():
    one = Message(key="a", text="x", blocks=[])
    assert len({one.digest, Message(key="a", text="y", blocks=[]).digest,
                Message(key="a", text="x", blocks=[{"type": "divider"}]).digest}) == 3  # fmt: skip


@pytest.mark.parametrize("key", ["approved", "started", "first-loss"])
def test_a_milestone_says_the_same_for_ever(key):
    later = [WALKS[name] for name in ("running", "running-saving", "succeeded")]
    said = {message.text for run in later for message in thread(run) if message.key == key}
    assert len(said) == 1


def test_only_a_plan_that_waits_has_buttons_to_decide_and_they_name_the_exact_plan():
    def action_ids(run: Run) -> list[str]:
        rows = (block for block in thread(run)[0].blocks if block["type"] == "actions")
        return [element["action_id"] for row in rows if row["block_id"] != "options" for element in row["elements"]]

    run = WALKS["proposed"]
    decision = next(block for block in thread(run)[0].blocks if block.get("block_id") == "decision")
    assert decision["elements"][0]["style"] == "primary"
    assert decision["elements"][1]["style"] == "danger"
    assert run.plan is not None
    assert run.plan.digest in decision["elements"][0]["value"]
    assert '"revision":1' in decision["elements"][0]["value"]
    for name, other in WALKS.items():
        offered = action_ids(other)
        if other.status is _S.PROPOSED and not other.needs_plan:
            decide = ["finetune.make_run"] if other.request.plan_only else ["finetune.approve", "finetune.reject"]
            change = [] if other.resume else ["finetune.edit"]
            if other.plan and any(check.level == "stop" for check in other.plan.checks):
                decide.remove("finetune.approve")
            assert offered == [*decide, *change, "finetune.why"], name
        elif other.status in (_S.APPROVED, _S.SUBMITTING, _S.QUEUED, _S.RUNNING) and not other.cancel_requested_by:
            log = ["finetune.logs"] if other.job and other.job.started_at else []
            assert offered == ["finetune.cancel", *log], name
        elif other.status is _S.SUCCEEDED:
            assert offered == ["finetune.share", "finetune.duplicate", "finetune.logs"], name
        else:
            assert [one for one in offered if not one.startswith(("finetune.answer.", "finetune.logs"))] == [], name


def test_the_ceiling_is_never_rounded_down():
    assert text.ceiling(1.8801) == "$1.89"
    assert text.ceiling(1.88) == "$1.88"
    card = thread(make_run(plan=make_plan(ceiling_usd=2.2501)))[0]
    assert "$2.26" in card.text
    assert "at most $2.26" in as_page(card)


@pytest.mark.parametrize(("cost", "shown"), [(0.00002, "under $0.01"), (0.0, "$0.00"), (0.011, "$0.01")])
def test_only_what_cost_nothing_is_shown_as_zero(cost, shown):
    messages = thread(make_run(_S.SUCCEEDED, report=make_report(cost_usd=cost)))
    for message in (messages[0], messages[-1]):
        assert f"*{shown}*" in as_page(message)
        assert f"cost {shown} (expected" in message.text
    assert cost == 0.0 or "$0.00" not in "".join(map(as_page, messages))


def test_a_running_job_costs_what_the_hub_bills_which_is_whole_minutes():
    run = make_run(_S.RUNNING)
    costs = ((0.0, "*$0.00* so far"), (0.1, "*~$0.03* so far"), (600.0, "*~$0.25* so far"), (601.0, "*~$0.28* so far"))
    for seconds, shown in costs:
        job = run.job.model_copy(update={"running_s": seconds})
        assert shown in as_page(thread(run.model_copy(update={"job": job}))[0])


def test_a_range_of_less_than_a_cent_is_not_spelled_out():
    cheap = {"cost_usd": 0.001, "cost_low_usd": 0.0005, "cost_high_usd": 0.002}
    card = as_page(thread(make_run(plan=make_plan(estimate=cheap)))[0])
    assert "expected under $0.01\n" in card
    assert "–under" not in card


def test_an_expected_time_says_how_much_of_it_is_start_up():
    start = "about 6 min of it to start up"
    proposed, queued, done = (thread(make_run(status))[0] for status in (_S.PROPOSED, _S.QUEUED, _S.SUCCEEDED))
    assert f"about 25 min (18–36 min)\n|   {start}" in as_page(proposed)
    assert f"It takes about 25 min ({start}), costs" in proposed.text
    assert f"expected about 25 min in all\n|   {start}" in as_page(queued)
    assert f"26 min\n|   expected about 25 min, {start}" in as_page(done)
    short = make_plan(estimate={"hours": 0.101, "hours_low": 0.05, "hours_high": 0.17})
    assert "about 6 min (3–10 min)\n|   nearly all of it to start up" in as_page(thread(make_run(plan=short))[0])


def test_every_field_of_a_request_has_a_name_for_people():
    assert set(LABELS) == set(TrainingRequest.model_fields) - HOW_SAID


def test_a_plan_read_as_a_request_fills_in_what_the_planner_chose():
    request = settled(make_plan())
    assert (request.learning_rate, request.batch_size, request.hardware, request.lora) == (2e-5, 4, "a10g-large", False)
    assert request.budget_usd == 5


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (text.money(0.4), "$0.40"),
        (text.money(1240), "$1,240"),
        (text.money(0.004), "under $0.01"),
        (text.duration(40), "40 s"),
        (text.duration(7800), "2 h 10 min"),
        (text.duration(277_200), "3 days 5 h"),
        (text.about(1512), "about 25 min"),
        (text.about(20), "under a minute"),
        (text.span(1080, 2160), "18–36 min"),
        (text.span(3000, 7200), "50 min to 2 h"),
        (text.rough(596_049_920), "596M"),
        (text.rough(1_240_000_000), "1.2B"),
        (text.number(2e-5), "2e-5"),
        (text.number(1.523456), "1.523"),
        (text.number(float("nan")), "not a number (NaN)"),
        (text.size(1_192_135_096), "1.2 GB"),
        (text.bar(0.999, 10), "█████████░"),
        (text.bar(1.0, 10), "██████████"),
        (text.sparkline([3, 2, 1, float("nan"), 0]), "█▆▃×▁"),
        (text.sparkline([1]), ""),
        (text.mentions(["U0A", "U0B", "U0C"]), "<@U0A>, <@U0B> or <@U0C>"),
        (text.code("a`b\nc"), "`aˋb c`"),
        (text.escape("<&>", 10), "&lt;&amp;…"),
        (text.link("https://a.b/c?d=1&e=2", "x|y"), "<https://a.b/c?d=1&amp;e=2|x¦y>"),
        (text.link("javascript:alert(1)", "x"), "x (javascript:alert(1))"),
    ],
)
def test_numbers_times_and_marks_read_as_people_write_them(said, shown):
    assert said == shown


# --- foreign text -------------------------------------------------------------------------------------------------

_CORES = [
    "<!channel>", "<!here>", "<!everyone>", "<!subteam^S0LEADS>", "<@U0VICTIM>", "<@W0VICTIM|boss>", "<#C0GENERAL>",
    "<https://evil.example|huggingface.co>", "<http://evil.example>", "<mailto:a@evil.example|mail>",
    "<!date^0^{date}|now>", "<slack://app>", "<tel:1>", "<!channel|innocent>", "<<!channel>>", "<!chan\u200bnel>",
    "&lt;!channel&gt;", "&#60;!channel&#62;", "<!channel", "!channel>",
]  # fmt: skip
_AROUND = [
    "{}", "```{}```", "`{}`", "*{}*", "> {}", "a\n{}\nb", "\u202e{}", "{}|x", "https://x.example/{}", "“{}”",
]  # fmt: skip
INJECTIONS = [around.format(core) for core, around in itertools.product(_CORES, _AROUND)]
_OURS = re.compile(
    rf"<@({ASKER}|{LEAD})>|<#C0FINETUNE>|<!date\^\d+\^\{{date_short_pretty\}} \{{time\}}\|[^<>]* UTC>"
    r"|<https://huggingface\.co/[^|<> ]*\|[^<>|]*>"
)


def hostile_runs(words: str) -> list[Run]:
    """Runs that carry the words wherever a person, the Hub or a log can put text."""
    asked = make_request(text=words, model=words, dataset=words, hardware=words, reward=words, output_repo=words)
    plan = make_plan(
        request=asked,
        model=make_model_info(repo_id=words, license=words),
        namespace=words,
        output_repo=words,
        split=words,
        checks=(Check(level="warning", text=words),),
        defaulted={"hardware": words, words: words},
        approval_rule=words,
        approvers=(words,),
    )
    plan = plan.model_copy(
        update={
            "dataset": plan.dataset.model_copy(update={"repo_id": words, "config": words, "configs": (words, "b")}),
            "flavor": plan.flavor.model_copy(update={"name": words, "gpu": words}),
            "options": tuple(o.model_copy(update={"flavor": words, "reason": words}) for o in plan.options),
        }
    )
    problem = Problem(problem=words, fix=words)
    progress = make_progress(metric=words, warnings=(words,))
    common: dict[str, Any] = {"request": asked, "plan": plan, "problem": problem, "reason": words}
    question = Question(field="model", text=words, hint=words, choices=(words,))
    runs = [make_run(status, **common) for status in RunStatus if status is not _S.RECEIVED]
    runs += [
        make_run(_S.RECEIVED, request=asked, problem=problem),
        make_run(_S.DRAFTING, request=asked, question=question, problem=problem),
        make_run(_S.PROPOSED, **common, revision=2, previous_plan=make_plan()),
        make_run(_S.RUNNING, **common, progress=progress, cancel_requested_by=words, log_tail=(words,)),
        make_run(_S.FAILED, **common, diagnosis=make_diagnosis(cause=words, fix=words, tail=(words, words))),
        make_run(_S.FAILED, request=asked, plan=plan, job=None, diagnosis=make_diagnosis(cause=words, fix=words)),
        make_run(_S.SUCCEEDED, plan=plan, report=make_report(landed=make_landed(url=words, sha=words,
                 files={words: 1}, adapter_base=words))),
        make_run(_S.CANCELED, request=asked, plan=None),
    ]  # fmt: skip
    return runs


def live_words(words: str) -> set[str]:
    """Every control sequence in the messages and answers about hostile runs that is not one we made."""
    found: set[str] = set()
    for run in hostile_runs(words):
        messages = thread(run)
        said = [part for message in messages for part in mrkdwn_of(message)]
        said += [answers.status_text(run), answers.logs_text(run), answers.explain_text(run), answers.line(run)]
        found |= {live for part in said for live in LIVE.findall(part) if not _OURS.fullmatch(live)}
    return found


def test_two_hundred_injections_leave_no_live_control_sequence():
    assert len(set(INJECTIONS)) == 200
    assert {words: live for words in INJECTIONS if (live := live_words(words))} == {}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(min_size=1, max_size=400).filter(lambda words: text.mention(words) != f"<@{words}>"))  # ids are people
def test_no_text_at_all_breaks_a_message_or_comes_alive(words):
    assert live_words(words) == set()
    for message in (message for run in hostile_runs(words) for message in thread(run)):
        check(message)


@pytest.mark.parametrize("words", ["&" * 5000, "n" * 5000, "長" * 5000, "a b " * 2000, "😀" * 3000, "`" * 3000])
def test_the_longest_texts_stay_within_slacks_limits(words):
    for run in hostile_runs(words):
        for message in thread(run):
            check(message)


def test_the_longest_legal_names_are_shown_whole_in_the_plan():
    name = f"{'o' * 47}/{'m' * 48}"
    plan = make_plan(
        model=make_model_info(repo_id=name), output_repo=f"{'p' * 47}/{'q' * 48}", request=make_request(model=name)
    )
    shown = as_page(thread(make_run(plan=plan))[0])
    assert name in shown
    assert plan.output_repo in shown


def test_the_end_of_a_log_is_its_error_without_the_calls_that_led_to_it():
    calls = [line for n in range(12) for line in (f'  File "train.py", line {n}, in push', "    hub.upload(folder)")]
    error = ["huggingface_hub.errors.HfHubHTTPError: 403 Forbidden: missing permissions: repo.write.", "Cannot push."]
    tail = ("{'loss': 1.2}", "Traceback (most recent call last):", *calls, *error)
    run = make_run(_S.FAILED, diagnosis=make_diagnosis(kind="permission", tail=tail))
    shown = as_page(thread(run)[-1])
    assert "```\n{'loss': 1.2}\n" + "\n".join(error) + "\n```" in shown
    assert "“Log” below has the rest" in shown
    plain = tuple(f"  line {n}" for n in range(30))
    whole = as_page(thread(make_run(_S.FAILED, diagnosis=make_diagnosis(tail=plain)))[-1])
    assert "line 29" in whole
    assert "line 23" not in whole


def test_counts_are_written_alike_everywhere_and_a_seed_is_none():
    assert [value_text(field, 1800) for field in ("max_samples", "max_steps", "seed")] == ["1,800", "1,800", "1800"]


def asked_for_a_model(status: RunStatus, **changes: Any) -> Run:
    question = Question(field="model", text="Which model?", hint="Name one.", choices=("a/b", "c/d"))
    asked = RunEvent(at=NOW, status=_S.DRAFTING, actor="tunesmith", note=question.text)
    open_now = question if status is _S.DRAFTING else None
    plan = changes.pop("plan", None)
    events = (asked, *changes.pop("events", ()))
    return make_run(status, question=open_now, events=events, plan=plan, **changes)


def test_a_question_stands_in_full_in_the_thread_and_in_one_line_on_the_card():
    card, reply = thread(asked_for_a_model(_S.DRAFTING))
    assert "*Which model?*" in as_page(card)
    assert "a/b" not in as_page(card).partition("read aloud")[0]
    assert "Which model? Name one." in as_page(reply)
    assert "[a/b]  [c/d]" in as_page(reply)


def test_a_question_that_waits_no_longer_has_nothing_to_press():
    [_, asking] = thread(asked_for_a_model(_S.DRAFTING))
    answer = RunEvent(at=NOW, status=None, actor=LEAD, note="changed the request: m1")
    proposed = asked_for_a_model(_S.PROPOSED, plan=make_plan(), events=(answer,))
    [answered] = [message for message in thread(proposed) if message.key == asking.key]
    assert as_page(answered).startswith(f"=== {asking.key}\n<@U0ASKER> Which model? ✓ <@U0LEAD> answered.")
    assert "[a/b]" not in as_page(answered)
    [expired] = [message for message in thread(asked_for_a_model(_S.EXPIRED)) if message.key == asking.key]
    assert "Nobody answered; it is asked no longer." in as_page(expired)


def test_hidden_and_reordering_characters_are_dropped():
    assert text.escape("safe\u202ecod\u200be\x07") == "safecode"


# --- home ---------------------------------------------------------------------------------------------------------


def test_the_home_tab_lists_what_waits_what_runs_and_what_is_done():
    view = home(list(WALKS.values())[:8], [WALKS["proposed"]], Examples())
    said = "\n".join(block["text"]["text"] for block in view["blocks"] if block["type"] == "section")
    assert [line for line in said.splitlines() if line.startswith("*")] == [
        "*Waiting for your decision*",
        "*Waiting for your answer*",
        "*Your plans that wait for approval*",
        "*Your runs under way*",
        "*Your finished runs*",
        "*How to begin*",
    ]
    assert view["type"] == "home"


def test_an_empty_home_says_how_to_begin():
    view = home([], [], Examples(model="me/tiny", dataset="me/chat"))
    assert "You have no runs yet." in str(view["blocks"])
    assert "/finetune me/tiny on me/chat" in str(view["blocks"])


if __name__ == "__main__":
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for stale in GOLDEN.glob("*.txt"):
        stale.unlink()
    for name, run in WALKS.items():
        (GOLDEN / f"{name}.txt").write_text(page(run), encoding="utf-8")
