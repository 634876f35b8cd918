"""When people hear about a job before it ends, and when they do not; what the watcher keeps of it."""

import math
from typing import Any

import pytest

from bot.alerts import IDLE_LOOKS, alerts
from bot.models import JobStage, Machine, Option, Point, Run, Tuning, Usage
from bot.states import RunStatus
from handlers.views import act_buttons
from handlers.views.thread import thread
from tests.builders import ASKER, NOW, make_estimate, make_plan, make_progress, make_run, minutes
from tests.world import begin, logged

_S = RunStatus
LATER = NOW + minutes(19)


def points(*values: float) -> tuple[Point, ...]:
    return tuple(Point(step=10 * (number + 1), value=value) for number, value in enumerate(values))


def running(**changes: Any) -> Run:
    return make_run(_S.RUNNING, **({"stepped_at": LATER} | changes))


def kinds(run: Run, at: Any = LATER) -> list[str]:
    return [alert.kind for alert in alerts(run, at)]


def test_a_healthy_run_and_a_run_in_any_other_state_give_no_alert():
    assert kinds(running()) == []
    for status in RunStatus:
        assert kinds(make_run(status, alerts=())) == [], status


@pytest.mark.parametrize(
    ("values", "diverges"),
    [
        ((2.4, 2.3, 2.2, 2.0, 1.9, 1.8, 1.7, 2.9, 3.1, 3.4, 3.9, 4.5), True),  # above where it began
        ((2.4, 2.1, 1.6, 1.3, 1.1, 1.0, 1.0, 1.9, 1.9, 1.9, 2.0, 2.0), True),  # below it, and far above its lowest
        ((2.4, 2.1, 1.6, 1.3, 1.1, 1.0, 1.0, 0.9, 0.9, 4.9, 0.9, 0.9), False),  # one bad batch
        ((1.3, 0.9, 1.7, 1.2, 0.8, 1.6, 1.1, 1.5, 0.9, 1.6, 1.0, 1.4), False),  # noisy, and flat
        ((2.4, 2.9, 3.5, 4.0, 4.4), False),  # too few to tell
        ((0.0,) * 12, False),
        ((math.nan,) * 12, False),  # the job's own warning says that
    ],
)
def test_divergence_is_the_loss_that_rises_and_stays_up(values, diverges):
    assert kinds(running(progress=make_progress(points=points(*values)))) == (["diverged"] if diverges else [])


def test_divergence_names_what_is_compared():
    above = points(7.602, 8.9, 8.986, 9.9, 10.0, 10.1, 10.3, 11.0, 11.2, 11.3, 11.9, 12.0)
    [alert] = alerts(running(progress=make_progress(points=above)), LATER)
    assert "its last 5 values are 11 or more, and its first 3 were 8.496 on average." in alert.text
    fell = points(2.4, 2.1, 1.6, 1.3, 1.1, 1.0, 1.0, 1.9, 1.9, 1.9, 2.0, 2.0)
    [alert] = alerts(running(progress=make_progress(points=fell)), LATER)
    assert "and 5 in a row had been down to 1.2 on average." in alert.text


def test_a_falling_reward_is_no_diverging_loss():
    rising = points(*[0.1 * number for number in range(1, 14)])
    assert kinds(running(progress=make_progress(metric="reward", points=rising))) == []
    assert kinds(running(progress=make_progress(metric="loss", points=rising))) == ["diverged"]


def test_a_stall_is_measured_against_the_runs_own_pace():
    quick, slow = make_progress(seconds_per_step=1.0), make_progress(seconds_per_step=30.0, max_steps=230)
    assert kinds(running(progress=quick), LATER + minutes(9)) == []
    assert kinds(running(progress=quick), LATER + minutes(11)) == ["stalled"]
    assert "stalled" not in kinds(running(progress=slow), LATER + minutes(45)), "ten log lines are 50 minutes there"
    assert "stalled" in kinds(running(progress=slow), LATER + minutes(51))
    [alert] = alerts(running(progress=quick), LATER + minutes(11))
    assert alert.text.startswith("There was no new step for 11 min; the last one was step 220.")


def test_no_first_step_is_a_stall_only_after_three_start_ups_or_half_an_hour():
    begun = make_progress(step=0, max_steps=525, points=(), seconds_per_step=None)
    run = running(progress=begun, stepped_at=None)
    assert kinds(run, NOW + minutes(8 + 29)) == []
    assert kinds(run, NOW + minutes(8 + 31)) == ["stalled"]
    slow = make_plan(estimate={"startup_min": 20.0})
    assert kinds(running(progress=begun, stepped_at=None, plan=slow), NOW + minutes(8 + 31)) == []


def test_saving_at_the_end_is_no_stall():
    done = make_progress(step=525, ended=False)
    assert kinds(running(progress=done), LATER + minutes(40)) == []


def test_a_job_that_waits_long_is_told_with_the_cheaper_hardware_and_the_difference():
    run = make_run(_S.QUEUED)
    created = run.job.created_at
    assert kinds(run, created + minutes(14)) == []
    [alert] = alerts(run, created + minutes(16))
    assert alert.text == (
        "The job has waited 16 min for a free a10g-large. Waiting costs nothing. On t4-small with LoRA it would cost"
        " ~$0.52 (~$0.11 less than planned) and take about 1 h 18 min. On a100-large it would cost ~$0.80 (~$0.17 more"
        " than planned) and take about 12 min. With one click I stop this job, before it costs anything, and plan the"
        " run there; that plan has to be approved like any other."
    )
    dearer = Option(
        flavor="h200", tuning=Tuning.FULL, estimate=make_estimate(cost_usd=2.0, hours=0.2), reason="fastest"
    )
    [alert] = alerts(make_run(_S.QUEUED, plan=make_plan(options=(dearer,))), created + minutes(16))
    assert "~$1.37 more than planned" in alert.text
    [alert] = alerts(make_run(_S.QUEUED, plan=make_plan(options=())), created + minutes(16))
    assert alert.text.endswith("No other hardware was offered for this plan.")


def test_the_alert_of_a_long_wait_offers_each_hardware_once_with_its_dollars_and_what_happens_to_the_job():
    run = make_run(_S.QUEUED)
    said = alerts(run, run.job.created_at + minutes(16))

    def labels(**changes: Any) -> list[str]:
        now = make_run(_S.QUEUED, alerts=said, **changes)
        [message] = [message for message in thread(now) if message.key == "alert-queued"]
        return [element["text"]["text"] for block in message.blocks[1:] for element in block["elements"]]

    assert labels() == [
        "Switch to t4-small with LoRA · ~$0.11 less", "Switch to a100-large · ~$0.17 more", "Cancel run"
    ]  # fmt: skip
    assert labels(cancel_requested_by=ASKER) == []
    running = make_run(_S.RUNNING, alerts=said)
    [message] = [message for message in thread(running) if message.key == "alert-queued"]
    assert [element["text"]["text"] for element in message.blocks[-1]["elements"]] == ["Cancel run"]
    [first, *_] = act_buttons.moves(run)
    assert first.confirm.to_dict()["text"]["text"] == (
        "The job that waits for a10g-large is stopped first; it is not paid for unless it starts before. Then I plan"
        " the run on t4-small with LoRA, ~$0.11 less than planned. Nothing runs until somebody approves that plan."
    )


def test_an_end_after_the_time_limit_is_told_with_what_will_be_done_by_then():
    late = running(progress=make_progress(seconds_per_step=14.0))
    told = {alert.kind: alert.text for alert in alerts(late, LATER)}
    assert told["late"].startswith(
        "At this pace the training needs about 1 h 11 min more, and the job is stopped after"
    )
    assert "about 95% of the steps would be done" in told["late"]
    early = make_progress(step=5, seconds_per_step=14.0)
    assert kinds(running(progress=early)) == [], "five steps are no pace yet"


def test_a_cost_above_the_upper_end_is_told_and_never_above_the_ceiling():
    dear = running(progress=make_progress(seconds_per_step=8.0))
    told = {alert.kind: alert.text for alert in alerts(dear, LATER)}
    assert told.keys() == {"dear"}
    assert "costs ~$1.27; ~$0.63 was expected, and $0.90 at the upper end" in told["dear"]
    assert "never cost more than $1.88" in told["dear"]
    very = {alert.kind: alert.text for alert in alerts(running(progress=make_progress(seconds_per_step=90.0)), LATER)}
    assert "costs ~$1.88" in very["dear"]


def test_an_idle_and_a_full_gpu():
    def machine(**changes: Any) -> Machine:
        return Machine(**({"at": LATER, "busy_percent": 95.0, "used_gib": 12.0, "total_gib": 22.0} | changes))

    assert kinds(running(machine=machine())) == []
    assert kinds(running(machine=machine(busy_percent=4.0, idle_looks=IDLE_LOOKS - 1))) == []
    assert kinds(running(machine=machine(busy_percent=4.0, idle_looks=IDLE_LOOKS))) == ["gpu_idle"]
    assert kinds(running(machine=machine(used_gib=21.8))) == ["gpu_full"]
    assert kinds(running(progress=make_progress(memory_gib={"gpu_reserved": 21.8}))) == ["gpu_full"]
    assert kinds(running(progress=make_progress(memory_gib={"gpu_reserved": 15.0}))) == []


def test_nothing_is_said_twice_nor_to_people_who_stop_it_already():
    dear = running(progress=make_progress(seconds_per_step=8.0))
    said = alerts(dear, LATER)
    assert alerts(dear.model_copy(update={"alerts": said}), LATER) == ()
    assert alerts(dear.model_copy(update={"cancel_requested_by": ASKER}), LATER) == ()


def test_an_alert_has_a_stop_button_as_long_as_there_is_something_to_stop_and_keeps_its_words():
    said = alerts(running(progress=make_progress(seconds_per_step=8.0)), LATER)
    early = running(alerts=said)
    late = running(alerts=said, progress=make_progress(step=400, saved_step=400))
    shown = [next(m for m in thread(run) if m.key == "alert-dear") for run in (early, late)]
    assert shown[0].digest == shown[1].digest, "a checkpoint is no reason to edit every alert"
    assert shown[0].blocks[-1]["elements"][0]["action_id"] == "finetune.cancel"
    over = next(m for m in thread(make_run(_S.FAILED, alerts=said)) if m.key == "alert-dear")
    assert [block["type"] for block in over.blocks] == ["section"]


# --- the watcher keeps it --------------------------------------------------------------------------------------------


def test_the_watcher_says_a_stall_once_and_writes_it_into_the_audit_trail(world):
    run = world.until_running()
    assert (run.alerts, run.stepped_at) == ((), world.clock())
    for _ in range(3):
        world.clock.pass_minutes(12)
        run = world.tick(run)
    assert [alert.kind for alert in run.alerts] == ["stalled"]
    assert sum(event.note.startswith("alert: There was no new step") for event in run.events) == 1


def test_a_new_step_is_seen_with_its_time_and_money_is_counted(world):
    run = world.until_running()
    world.clock.pass_minutes(5)
    world.jobs.set_stage("job1", JobStage.RUNNING, logged(20, 1.9), running_s=360.0)
    run = world.tick(run)
    assert run.stepped_at == world.clock()
    assert run.spent_usd == pytest.approx(6 * run.plan.flavor.price_usd_hour / 60, abs=1e-4)
    assert world.store.ledger().spent_usd == run.spent_usd
    assert world.store.ledger(requester="U0NOBODY").spent_usd == 0


def test_the_gpus_are_measured_rarely_and_idle_looks_are_counted(world):
    run = world.until_running()
    world.jobs.usages["job1"] = Usage(busy_percent=3.0, used_gib=1.0, total_gib=22.0)
    looks = []
    for minute in range(13):
        world.clock.pass_minutes(1)
        world.jobs.set_stage("job1", JobStage.RUNNING, logged(11 + minute, 1.9), running_s=60.0 * (minute + 2))
        run = world.tick(run)
        looks.append(run.machine.idle_looks)
    assert looks == [1] * 5 + [2] * 5 + [3] * 3
    assert "gpu_idle" in [alert.kind for alert in run.alerts]


def test_a_hub_that_measures_nothing_stops_nobody(world):
    run = world.until_running()
    world.clock.pass_minutes(1)
    world.jobs.logs["job1"] = [begin(100), logged(30, 1.5)]
    assert world.tick(run).progress.step == 30
    assert world.store.get(run.id).machine is None


def test_a_long_wait_is_told_by_the_watcher(world):
    run = world.approve(world.ask())
    world.clock.pass_minutes(16)
    run = world.tick(run)
    assert [alert.kind for alert in run.alerts] == ["queued"]
