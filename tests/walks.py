"""Runs in every state that a thread can show, by a name for each; for goldens and for checks of all messages."""

from bot.models import (
    Alert,
    Check,
    Job,
    JobStage,
    Machine,
    Method,
    Option,
    Parent,
    Plan,
    Point,
    Problem,
    Progress,
    Question,
    Remedy,
    Resume,
    Run,
    RunEvent,
    Tuning,
)
from bot.models.job import Sample
from bot.planning import FALLBACK_FLAVORS, Limits, go_on, remedies
from bot.states import RunStatus
from bot.training import ending
from tests.builders import (
    ASKER,
    LEAD,
    NOW,
    make_dataset_info,
    make_diagnosis,
    make_estimate,
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


def long_rows_plan() -> Plan:
    """Most of each row is cut off, longer rows are offered, and earlier runs taught the numbers."""
    plan = make_plan(options=(), estimate={"learned_from": 4, "hours_high": 0.483})
    longer = Option(
        flavor="h200",
        tuning=Tuning.FULL,
        estimate=make_estimate(tokens=115_000_000, hours=1.33, cost_usd=6.69, memory_gib=44.5, usable_gib=139.0),
        reason="keeps 97 % of the tokens",
        max_length=16_384,
        ceiling_usd=13.34,
    )
    cut = Check(
        level="warning",
        text="About 90 % of the tokens are cut off at 1,024 tokens, in 100 % of the 40 sample rows: what a cut row ends"
        " with is never learned. 16,384 tokens a row would keep 97 % and cost about $6.69 and take about 1 h 20 min on"
        " h200.",
    )
    return plan.model_copy(update={"options": (longer,), "checks": (*plan.checks[:2], cut)})


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


def reward_plan() -> Plan:
    """Adapters of a model that scores answers, on pairs."""
    return make_plan(
        method=Method.REWARD,
        tuning=Tuning.LORA,
        eval_rows=200,
        dataset=make_dataset_info(repo_id="trl-lib/ultrafeedback_binarized"),
        arguments={"lora_r": 24, "lora_alpha": 48, "lora_dropout": 0.0, "learning_rate": 1e-4},
    )


def canceled_job() -> Job:
    return make_job(stage=JobStage.CANCELED, finished_at=NOW + minutes(20), running_s=720.0)


#: Step 400 of 525 of another run.
RESUME = Resume(run_id="01kaxyz000000000000stopped", commit="0123456789abcdef0123456789abcdef01234567", step=400)


def stopped_at_deadline() -> Run:
    progress = make_progress(
        step=400, saved_step=400, saved_commit=RESUME.commit, stopped="deadline", seconds_per_step=9.0
    )
    job = make_job(stage=JobStage.ERROR, finished_at=NOW + minutes(84), running_s=4560.0)
    diagnosis = ending(progress, job)
    assert diagnosis is not None
    way = remedies(diagnosis.kind, make_plan(), FALLBACK_FLAVORS, Limits(max_ceiling_usd=200))
    return make_run(_S.FAILED, progress=progress, job=job, diagnosis=diagnosis.model_copy(update={"remedies": way}))


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
        "proposed-only-a-plan": make_run(
            _S.PROPOSED, request=make_request(plan_only=True), plan=make_plan(request=make_request(plan_only=True))
        ),
        "proposed-beyond-budget": make_run(
            _S.PROPOSED,
            plan=make_plan(
                ceiling_usd=20.0,
                checks=(
                    *make_plan().checks,
                    Check(
                        level="stop",
                        text="This plan may cost up to $20.00, and $3.00 of the $50.00 for November are left: $47.00"
                        " are spent. Make it cheaper (fewer epochs, fewer rows, LoRA), wait until the next month begins"
                        " (UTC), or ask whoever runs Tunesmith to raise MONTHLY_BUDGET_USD.",
                    ),
                ),
            ),
        ),
        "proposed-long-rows": make_run(_S.PROPOSED, plan=long_rows_plan()),
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
        "running-with-stop-buttons": make_run(
            _S.RUNNING,
            alerts=(
                Alert(kind="late", at=NOW + minutes(18), text="At this pace the time limit comes first."),
                Alert(kind="gpu_idle", at=NOW + minutes(19), text="The GPU is nearly idle <!here>."),
            ),
            machine=Machine(at=NOW + minutes(19), busy_percent=9.0, used_gib=12.25, total_gib=22.5, idle_looks=3),
        ),
        "queued-for-long": make_run(
            _S.QUEUED, alerts=(Alert(kind="queued", at=NOW + minutes(21), text="The job has waited 15 min."),)
        ),
        "failed-out-of-memory": make_run(
            _S.FAILED,
            diagnosis=make_diagnosis(
                remedies=remedies("cuda_oom", make_plan(), FALLBACK_FLAVORS, Limits(max_ceiling_usd=200))
            ),
        ),
        "failed-out-of-memory-followed": with_event(
            make_run(_S.FAILED, diagnosis=make_diagnosis(remedies=(Remedy(key="lora", label="LoRA"),))),
            RunEvent(at=NOW + minutes(40), status=None, actor=LEAD, note="followed by b9qwen4u: LoRA"),
        ),
        "stopped-at-the-deadline": stopped_at_deadline(),
        "proposed-to-resume": make_run(
            _S.PROPOSED,
            plan=go_on(make_plan(), RESUME, make_progress(step=400, saved_step=400), FALLBACK_FLAVORS),
            previous_plan=make_plan(),
            resume=RESUME,
            parent=Parent(run_id=RESUME.run_id, how="Resume from step 400"),
        ),
        "expired-to-resume": make_run(
            _S.EXPIRED, resume=RESUME, parent=Parent(run_id=RESUME.run_id, how="Resume from step 400")
        ),
        "refused-to-resume": make_run(
            _S.REFUSED,
            plan=None,
            resume=RESUME,
            parent=Parent(run_id=RESUME.run_id, how="Resume from step 400"),
            problem=Problem(
                problem="tunesmith-lab/qwen3-0.6b-tiny-chat-sft is gone from the Hub: there is nothing to go on from.",
                fix="Ask for a new run from the start: write `retry` in this thread.",
            ),
        ),
        "waiting-for-another-to-stop": make_run(
            _S.RECEIVED,
            parent=Parent(run_id=RESUME.run_id, how="t4-small instead of waiting for a10g-large", replaces=True),
            problem=Problem(
                problem="The job of run a7qwen3t is being stopped first, so that not both are ever paid.",
                fix="The plan appears here as soon as the Hub says that it has stopped.",
            ),
        ),
        "run-again-on-the-hub": with_event(
            make_run(_S.CANCELED, decided_by=LEAD, events=(*events, stopped), job=canceled_job()),
            RunEvent(
                at=NOW + minutes(50),
                status=None,
                actor="tunesmith",
                note="run again on the Hub: 6924b0 https://huggingface.co/jobs/tunesmith-lab/6924b0",
            ),
        ),
        "succeeded-evaluated": make_run(
            _S.SUCCEEDED,
            plan=make_plan(eval_rows=200),
            report=make_report(
                before={"eval_loss": 2.31, "eval_mean_token_accuracy": 0.55},
                after={"eval_loss": 1.87, "eval_mean_token_accuracy": 0.63},
                samples=(Sample(prompt="What is 2 + 2?", base="2 + 2 + 2 + 2", tuned="4"),),
                memory_gib={"gpu_reserved": 11.8},
            ),
        ),
        "succeeded-doubtful": make_run(
            _S.SUCCEEDED,
            plan=make_plan(eval_rows=200),
            report=make_report(
                before={"eval_loss": 2.31},
                after={"eval_loss": 0.97},
                samples=(Sample(prompt="What is 2 + 2?", base="2 + 2 + 2 + 2", tuned="4"),),
            ),
            alerts=(
                Alert(
                    kind="diverged",
                    at=NOW + minutes(19),
                    text="The loss rises and stays up. It most likely gets worse.",
                ),
            ),
        ),
        "succeeded-no-better": make_run(
            _S.SUCCEEDED,
            plan=grpo_plan().model_copy(update={"eval_rows": 8}),
            progress=make_progress(
                step=300,
                max_steps=300,
                metric="reward",
                ended=True,
                points=tuple(Point(step=at, value=round(0.3 + at / 2000, 3)) for at in range(10, 301, 10)),
            ),
            report=make_report(before={"eval_reward": 0.31}, after={"eval_reward": 0.38}),
        ),
        "succeeded-reward-model": make_run(
            _S.SUCCEEDED,
            plan=reward_plan(),
            report=make_report(
                landed=make_landed(adapter_base="Qwen/Qwen3-0.6B"),
                before={"eval_loss": 0.71, "eval_accuracy": 0.49},
                after={"eval_loss": 0.52, "eval_accuracy": 0.78},
            ),
        ),
        "proposed-changed-by-another": with_event(
            make_run(_S.PROPOSED, request=make_request(text="Qwen3-0.6B on tiny-chat, then: switch to t4-small")),
            RunEvent(at=NOW + minutes(3), status=None, actor=LEAD, note="changed the request: click:1"),
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
