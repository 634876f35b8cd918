"""Runs in every state that a thread can show, by a name for each; for goldens and for checks of all messages."""

from bot.models import Job, JobStage, Method, Plan, Point, Problem, Progress, Question, Run, RunEvent, Tuning
from bot.states import RunStatus
from tests.builders import (
    ASKER,
    LEAD,
    NOW,
    make_dataset_info,
    make_diagnosis,
    make_flavor,
    make_job,
    make_landed,
    make_plan,
    make_progress,
    make_report,
    make_request,
    make_run,
    minutes,
)

_S = RunStatus


def lora_plan() -> Plan:
    """The same request after "use lora, 3 epochs"."""
    return make_plan(
        request=make_request(lora=True, epochs=3),
        tuning=Tuning.LORA,
        arguments={"num_train_epochs": 3, "lora_r": 16, "lora_alpha": 32, "lora_dropout": 0.05, "learning_rate": 1e-4},
        estimate={"steps": 788, "hours": 0.5, "cost_usd": 0.75, "cost_low_usd": 0.5, "cost_high_usd": 1.1},
        ceiling_usd=2.25,
    )


def grpo_plan() -> Plan:
    return make_plan(
        method=Method.GRPO,
        tuning=Tuning.QLORA,
        rows=None,
        private=False,
        dataset=make_dataset_info(repo_id="openai/gsm8k", config="main", configs=("main", "socratic")),
        flavor=make_flavor(name="a100-large", gpu="A100", vram_gb=80, price_usd_hour=2.5),
        arguments={"max_steps": 300, "lora_r": 8, "lora_alpha": 16, "num_generations": 8, "beta": 0.04},
        checks=(),
        options=(),
        defaulted={},
        approval_rule="Above $5.00 an approver must approve who neither asked for it nor changed it.",
        ceiling_usd=12.0,
    )


def canceled_job() -> Job:
    return make_job(stage=JobStage.CANCELED, finished_at=NOW + minutes(20), running_s=720.0)


def with_event(run: Run, *events: RunEvent) -> Run:
    return run.model_copy(update={"events": (*run.events, *events)})


def walks() -> dict[str, Run]:
    """Name -> run; the names are those of the golden files."""
    named = {status.value: make_run(status) for status in RunStatus if status is not _S.RECEIVED}
    running = named["running"]
    events = running.events
    stopped = RunEvent(at=NOW + minutes(20), status=_S.CANCELED, actor="tunesmith", note="stopped on the Hub")
    was_asked = RunEvent(at=NOW + minutes(0.05), status=_S.DRAFTING, actor="tunesmith")
    named |= {
        "received-hub-down": make_run(
            _S.RECEIVED,
            problem=Problem(
                problem="The Hugging Face Hub does not answer at the moment.", fix="Nothing to do: I keep trying."
            ),
        ),
        "drafting-with-choices": make_run(
            _S.DRAFTING,
            question=Question(
                field="model",
                text="Which model do you mean by “qwen”?",
                hint="Answer here with one of these names, or with the full name of another.",
                choices=("Qwen/Qwen3-0.6B", "Qwen/Qwen3-1.7B"),
            ),
        ),
        "proposed-after-question": with_event(named["proposed"], was_asked),
        "proposed-again": make_run(_S.PROPOSED, revision=2, previous_plan=make_plan(), plan=lora_plan()),
        "proposed-being-changed": make_run(_S.PROPOSED, needs_plan=True),
        "proposed-change-refused": make_run(
            _S.PROPOSED,
            problem=Problem(problem="No hardware named h1000 exists.", fix="Say a100-large, or name none."),
        ),
        "proposed-grpo": make_run(_S.PROPOSED, plan=grpo_plan()),
        "running-before-first-value": make_run(
            _S.RUNNING,
            progress=make_progress(step=0, max_steps=None, points=(), seconds_per_step=None, saved_step=None),
        ),
        "running-saving": make_run(_S.RUNNING, progress=make_progress(step=525, saved_step=None, ended=True)),
        "running-with-alert": make_run(
            _S.RUNNING,
            progress=make_progress(
                seconds_per_step=15.0,
                points=(Point(step=10, value=2.3), Point(step=20, value=float("nan"))),
                warnings=("The loss is not a number since step 20: nothing is learned any more.",),
            ),
        ),
        "running-reward": make_run(
            _S.RUNNING,
            plan=grpo_plan(),
            progress=make_progress(
                metric="reward", max_steps=300, points=(Point(step=1, value=0.12), Point(step=220, value=0.61))
            ),
        ),
        "running-being-canceled": make_run(_S.RUNNING, cancel_requested_by=ASKER),
        "canceled-while-running": make_run(
            _S.CANCELED,
            decided_by=LEAD,
            events=(*events, stopped),
            cancel_requested_by=ASKER,
            progress=running.progress,
            job=canceled_job(),
            updated_at=stopped.at,
        ),
        "canceled-on-the-hub": make_run(
            _S.CANCELED, decided_by=LEAD, events=(*events, stopped), job=canceled_job(), updated_at=stopped.at
        ),
        "expired-question": make_run(_S.EXPIRED, plan=None, revision=0, events=(was_asked,)),
        "refused-late": make_run(_S.REFUSED, updated_at=NOW + minutes(60)),
        "failed-before-the-job": make_run(
            _S.FAILED,
            job=None,
            progress=Progress(),
            diagnosis=make_diagnosis(
                kind="billing",
                cause="The Hub asks for payment.",
                fix="Add credit to tunesmith-lab, then ask again.",
                tail=(),
            ),
        ),
        "succeeded-adapter": make_run(
            _S.SUCCEEDED,
            plan=lora_plan(),
            report=make_report(
                landed=make_landed(adapter_base="Qwen/Qwen3-0.6B", files={f"file{n}.bin": 10**n for n in range(8)})
            ),
        ),
    }
    return named
