"""Cards say what is true of this very run: what can be pressed, what is lost, what was warned of, what it will cost."""

import json
from typing import Any

import pytest

from bot.models import Alert, Check, Resume, Run, RunEvent
from bot.models.job import Sample
from bot.models.run import FOLLOWED
from bot.states import RunStatus
from handlers.views import fields
from handlers.views.card import lost, start_up
from handlers.views.thread import thread
from tests.block_kit import as_page
from tests.builders import ASKER, NOW, make_plan, make_progress, make_report, make_run, minutes
from tests.walks import walks

_S = RunStatus
RESUMED = walks()["proposed-to-resume"]
ROSE = Alert(kind="diverged", at=NOW, text="The loss rises and stays up. The model most likely gets worse from here.")
LEARNED: dict[str, Any] = {"before": {"eval_loss": 2.31}, "after": {"eval_loss": 0.97}}


def shown(run: Run, key: str = "card") -> str:
    message = next(message for message in thread(run) if message.key == key)
    return f"{message.text}\n{as_page(message)}"


def actions(run: Run) -> list[str]:
    rows = [block for block in thread(run)[0].blocks if block["type"] == "actions"]
    return [element["action_id"] for row in rows for element in row["elements"]]


# --- a plan that goes on from a checkpoint


def test_a_plan_that_goes_on_from_a_checkpoint_offers_no_change_that_would_be_refused():
    assert "finetune.edit" not in actions(RESUMED)
    assert "finetune.approve" in actions(RESUMED)
    said = shown(RESUMED)
    assert "Settings stay as they were" in said
    assert "for other settings ask for a new run" in said
    assert "To change something" not in said
    assert "reply in the thread to change" not in said


# --- a plan that the budget does not hold


BEYOND = Check(level="stop", text="This plan may cost up to $20.00, and $3.00 of the $50.00 are left. Make it cheaper.")


@pytest.mark.parametrize("resume", [None, RESUMED.resume])
def test_a_plan_beyond_the_budget_has_no_button_that_approves_it(resume: Resume | None):
    plan = make_plan(ceiling_usd=20.0, checks=(Check(level="ok", text="It fits."), BEYOND))
    run = make_run(plan=plan, resume=resume)
    pressed, said = actions(run), shown(run)
    assert "finetune.approve" not in pressed
    assert "finetune.reject" in pressed
    assert "Plan 1 cannot be approved now" in said
    assert BEYOND.text in said
    assert "Once it fits, write `approve` here" in said
    assert "passed" not in said
    assert "Press Approve" not in said
    assert "Start plan" not in json.dumps(thread(run)[0].blocks)


# --- what a stop loses


@pytest.mark.parametrize(
    ("saved", "step", "resume", "words"),
    [
        (200, 220, None, "steps 201 to 220 are lost"),
        (200, 201, None, "step 201 is lost"),
        (200, 200, None, ""),
        (None, 1_220, None, "steps 1 to 1,220 are lost"),
        (None, 450, Resume(run_id="x", commit="c", step=400), "steps 401 to 450 are lost"),
        (None, 0, Resume(run_id="x", commit="c", step=400), ""),
    ],
)
def test_what_was_trained_after_the_last_checkpoint_is_lost(saved, step, resume, words):
    run = make_run(_S.RUNNING, progress=make_progress(saved_step=saved, step=step), resume=resume)
    assert lost(run) == words


def test_a_model_that_is_on_the_hub_loses_nothing():
    assert lost(make_run(_S.RUNNING, progress=make_progress(pushed=True, step=525))) == ""


def test_whoever_stops_a_run_reads_what_is_kept_and_what_is_lost():
    words = "The checkpoint of step 200 stays on the Hub; steps 201 to 220 are lost."
    stopping = make_run(_S.RUNNING, cancel_requested_by=ASKER)
    assert words in shown(stopping)
    assert words in shown(stopping, "cancel")
    assert words in json.dumps(thread(make_run(_S.RUNNING))[0].blocks), "the dialog says it before"
    over = make_run(_S.CANCELED, cancel_requested_by=ASKER, job=make_run(_S.RUNNING).job, progress=make_progress())
    assert "is kept in `tunesmith-lab/qwen3-0.6b-tiny-chat-sft`; steps 201 to 220 are lost" in as_page(thread(over)[0])


def test_a_run_that_a_plan_follows_says_that_the_plan_waits():
    run = make_run(_S.CANCELED, job=make_run(_S.RUNNING).job, progress=make_progress())
    note = f"{FOLLOWED} b9qwen4u: Resume from step 200"
    run = run.model_copy(
        update={"events": (*run.events, RunEvent(at=NOW + minutes(50), status=None, actor=ASKER, note=note))}
    )
    said = shown(run, "end")
    assert "A plan to go on waits below: run `b9qwen4u`." in said
    assert "Nothing runs until it is approved" in said
    assert "write `retry` here" in said


# --- a verdict beside a warning


def test_a_model_whose_loss_rose_while_it_trained_is_not_simply_ready():
    report = make_report(**LEARNED, samples=(Sample(prompt="2 + 2?", base="2", tuned="4"),))
    run = make_run(_S.SUCCEEDED, plan=make_plan(eval_rows=200), report=report, alerts=(ROSE,))
    end = shown(run, "end")
    assert "Your model is ready" not in end
    assert "58 % lower" in end
    assert "While it trained I warned: “The loss rises and stays up." in end
    assert "Read the answers below before you use it." in end
    assert "📈" not in end
    card = shown(run)
    assert "✅" not in card
    assert "Read the answers at the end of this thread before you use it." in card
    fine = run.model_copy(update={"alerts": ()})
    assert "✅ *Your model is ready" in shown(fine, "end")


def test_without_answers_whoever_gets_a_doubtful_model_is_asked_to_try_it():
    broken = make_progress(warnings=("Not a number in the evaluation at step 60: entropy.",))
    run = make_run(_S.SUCCEEDED, plan=make_plan(eval_rows=200), report=make_report(**LEARNED), progress=broken)
    assert "Try it yourself before you use it." in shown(run, "end")


# --- amounts and times


def test_an_amount_that_was_typed_is_read_back_as_it_was_typed():
    assert [fields.value_text("budget_usd", usd) for usd in (0.001, 0.005, 5, 12.5)] == [
        "$0.001", "$0.005", "$5.00", "$12.50",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("hours", "startup_min", "words"),
    [
        (0.01, 0.3, "start-up included"),
        (0.42, 6.0, "about 6 min of it to start up"),
        (0.1, 5.9, "nearly all of it to start up"),
    ],
)
def test_no_time_is_said_twice(hours, startup_min, words):
    assert start_up(make_plan(estimate={"hours": hours, "startup_min": startup_min})) == words
