"""Values with sensible defaults, each field to be overridden: one run of a small team, ready for any state.

Builds values only; nothing here stores, sends or decides. Estimates are plain numbers, not the planner's.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.models import (
    Check,
    ColumnMapping,
    DatasetInfo,
    Diagnosis,
    Estimate,
    Flavor,
    Job,
    JobStage,
    Landed,
    Method,
    ModelInfo,
    Option,
    PastRun,
    Place,
    Plan,
    Point,
    Problem,
    Progress,
    Question,
    Report,
    Run,
    RunEvent,
    TrainingArguments,
    TrainingRequest,
    Tuning,
)
from bot.states import ON_THE_HUB, RunStatus

#: A Tuesday morning; every built time counts from here.
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
TEAM, CHANNEL, THREAD = "T0TUNE", "C0FINETUNE", "1795510800.000100"
ASKER, LEAD, GUEST, BOT = "U0ASKER", "U0LEAD", "U0GUEST", "U0FTBOT"
RUN_ID = "01kaxyz00000000000a7qwen3t"

_S = RunStatus


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def make_request(**changes: Any) -> TrainingRequest:
    defaults: dict[str, Any] = {
        "text": "Qwen3-0.6B on tiny-chat, 2 epochs, under $5",
        "model": "Qwen/Qwen3-0.6B",
        "dataset": "tunesmith-lab/tiny-chat",
        "epochs": 2,
        "budget_usd": 5,
    }
    return TrainingRequest(**(defaults | changes))


def make_model_info(**changes: Any) -> ModelInfo:
    defaults: dict[str, Any] = {
        "repo_id": "Qwen/Qwen3-0.6B",
        "sha": "c1899de289a04d12100db370d81485cdf75e47ca",
        "parameters": 596_049_920,
        "dtype": "bfloat16",
        "model_type": "qwen3",
        "layers": 28,
        "hidden_size": 1024,
        "intermediate_size": 3072,
        "heads": 16,
        "kv_heads": 8,
        "head_dim": 128,
        "vocab_size": 151_936,
        "tied_embeddings": True,
        "has_chat_template": True,
        "license": "apache-2.0",
    }
    return ModelInfo(**(defaults | changes))


def make_dataset_info(**changes: Any) -> DatasetInfo:
    text = {"dtype": "string", "_type": "Value"}
    defaults: dict[str, Any] = {
        "repo_id": "tunesmith-lab/tiny-chat",
        "sha": "0f1e2d3c4b5a69788796a5b4c3d2e1f001122334",
        "config": "default",
        "configs": ("default",),
        "splits": {"train": 4200, "test": 200},
        "features": {"messages": [{"role": text, "content": text}]},
        "rows": (
            {"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Good morning."}]},
            {"messages": [{"role": "user", "content": "2 + 2?"}, {"role": "assistant", "content": "4"}]},
        ),
        "rows_split": "train",
        "license": "mit",
    }
    return DatasetInfo(**(defaults | changes))


def make_flavor(**changes: Any) -> Flavor:
    defaults: dict[str, Any] = {
        "name": "a10g-large",
        "pretty_name": "Nvidia A10G - large",
        "gpu": "A10G",
        "gpus": 1,
        "vram_gb": 24,
        "ram_gb": 46,
        "disk_gb": 200,
        "price_usd_hour": 1.5,
    }
    return Flavor(**(defaults | changes))


def make_arguments(**changes: Any) -> TrainingArguments:
    defaults: dict[str, Any] = {
        "num_train_epochs": 2,
        "max_steps": -1,
        "per_device_train_batch_size": 4,
        "gradient_accumulation_steps": 4,
        "learning_rate": 2e-5,
        "lr_scheduler_type": "cosine",
        "warmup_ratio": 0.03,
        "weight_decay": 0.0,
        "optim": "adamw_torch_fused",
        "max_length": 2048,
        "packing": False,
        "activation_checkpointing": True,
        "logging_steps": 10,
        "save_steps": 200,
        "seed": 42,
    }
    return TrainingArguments(**(defaults | changes))


def make_estimate(**changes: Any) -> Estimate:
    defaults: dict[str, Any] = {
        "tokens": 3_400_000,
        "steps": 525,
        "memory_gib": 12.4,
        "usable_gib": 22.0,
        "hours": 0.42,
        "hours_low": 0.3,
        "hours_high": 0.6,
        "cost_usd": 0.63,
        "cost_low_usd": 0.45,
        "cost_high_usd": 0.9,
    }
    return Estimate(**(defaults | changes))


def make_past_run(**changes: Any) -> PastRun:
    defaults: dict[str, Any] = {
        "run_id": RUN_ID,
        "ended_at": NOW,
        "model_type": "qwen3",
        "parameters": 596_049_920,
        "method": Method.SFT,
        "tuning": Tuning.FULL,
        "flavor": "l4x1",
        "predicted_tokens_per_s": 1000.0,
        "measured_tokens_per_s": 1000.0,
        "predicted_memory_gib": 10.0,
        "predicted_startup_min": 6.0,
        "predicted_usd": 1.0,
    }
    return PastRun(**(defaults | changes))


def make_plan(**changes: Any) -> Plan:
    """A plan. `flavor` may be a name; `arguments` and `estimate` may be dicts of changes."""
    if isinstance(flavor := changes.get("flavor"), str):
        changes["flavor"] = make_flavor(name=flavor)
    if isinstance(arguments := changes.get("arguments"), dict):
        changes["arguments"] = make_arguments(**arguments)
    if isinstance(estimate := changes.get("estimate"), dict):
        changes["estimate"] = make_estimate(**estimate)
    defaults: dict[str, Any] = {
        "request": make_request(),
        "model": make_model_info(),
        "dataset": make_dataset_info(),
        "split": "train",
        "rows": 4200,
        "method": Method.SFT,
        "mapping": ColumnMapping(columns={"messages": "messages"}),
        "tuning": Tuning.FULL,
        "precision": "bf16",
        "dtype": "bfloat16",
        "flavor": make_flavor(),
        "namespace": "tunesmith-lab",
        "output_repo": "tunesmith-lab/qwen3-0.6b-tiny-chat-sft",
        "private": True,
        "arguments": make_arguments(),
        "estimate": make_estimate(),
        "timeout_s": 4500,
        "ceiling_usd": 1.88,
        "approval_rule": "Up to $5.00 the person who asked may approve, or an approver.",
        "approvers": (LEAD,),
        "checks": (
            Check(level="ok", text="The dataset fits SFT: `messages` holds conversations."),
            Check(level="ok", text="12.4 of 22.0 GiB of the A10G are needed."),
            Check(level="warning", text="The dataset has 4,200 rows; two epochs may overfit."),
        ),
        "defaulted": {
            "method": "the dataset holds conversations",
            "learning_rate": "usual for full fine-tuning of a model of this size",
            "hardware": "the cheapest that holds the model",
            "output_repo": "named after the model and the dataset",
            "lr_scheduler": "usual for fine-tuning",
            "seed": "so that it can be repeated",
        },
        "options": (
            Option(
                flavor="t4-small",
                tuning=Tuning.LORA,
                estimate=make_estimate(
                    hours=1.3, hours_low=1.0, hours_high=1.8, cost_usd=0.52, cost_low_usd=0.4, cost_high_usd=0.72
                ),
                reason="cheapest",
                ceiling_usd=1.27,
            ),
            Option(
                flavor="a100-large",
                tuning=Tuning.FULL,
                estimate=make_estimate(
                    hours=0.2, hours_low=0.15, hours_high=0.3, cost_usd=0.8, cost_low_usd=0.6, cost_high_usd=1.2
                ),
                reason="fastest",
                ceiling_usd=2.0,
            ),
        ),
    }
    return Plan(**(defaults | changes))


def make_job(**changes: Any) -> Job:
    defaults: dict[str, Any] = {
        "id": "6924b0c0f00dfeed00000001",
        "namespace": "tunesmith-lab",
        "url": "https://huggingface.co/jobs/tunesmith-lab/6924b0c0f00dfeed00000001",
        "stage": JobStage.RUNNING,
        "flavor": "a10g-large",
        "labels": {"app": "tunesmith", "run": RUN_ID},
        "created_at": NOW + minutes(6),
        "started_at": NOW + minutes(8),
        "running_s": 600.0,
    }
    return Job(**(defaults | changes))


def make_progress(**changes: Any) -> Progress:
    defaults: dict[str, Any] = {
        "step": 220,
        "max_steps": 525,
        "epoch": 0.84,
        "points": tuple(Point(step=step, value=round(2.4 - 0.06 * step**0.5, 4)) for step in range(10, 221, 10)),
        "metrics": {"mean_token_accuracy": 0.71},
        "seconds_per_step": 2.1,
        "tokens_per_second": 3100.0,
        "saved_step": 200,
    }
    return Progress(**(defaults | changes))


def make_landed(**changes: Any) -> Landed:
    defaults: dict[str, Any] = {
        "url": "https://huggingface.co/tunesmith-lab/qwen3-0.6b-tiny-chat-sft",
        "sha": "9f8e7d6c5b4a39281706f5e4d3c2b1a000112233",
        "committed_at": NOW + minutes(34),
        "files": {
            "README.md": 5400,
            "config.json": 780,
            "model.safetensors": 1_192_135_096,
            "tokenizer.json": 11_422_654,
        },
    }
    return Landed(**(defaults | changes))


def make_report(**changes: Any) -> Report:
    defaults: dict[str, Any] = {
        "landed": make_landed(),
        "running_s": 1560.0,
        "cost_usd": 0.65,
        "metrics": {"train_loss": 1.312, "mean_token_accuracy": 0.74},
    }
    return Report(**(defaults | changes))


def make_diagnosis(**changes: Any) -> Diagnosis:
    defaults: dict[str, Any] = {
        "kind": "cuda_oom",
        "cause": "The GPU ran out of memory in step 12.",
        "fix": "Halve the batch size and double the accumulation, or use LoRA.",
        "tail": (
            '  File "train.py", line 88, in <module>',
            "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.32 GiB.",
        ),
    }
    return Diagnosis(**(defaults | changes))


def _events(status: RunStatus) -> tuple[RunEvent, ...]:
    """The shortest way to a status."""
    ways = {
        _S.RECEIVED: (),
        _S.DRAFTING: (_S.DRAFTING,),
        _S.REFUSED: (_S.REFUSED,),
        _S.PROPOSED: (_S.PROPOSED,),
        _S.REJECTED: (_S.PROPOSED, _S.REJECTED),
        _S.EXPIRED: (_S.PROPOSED, _S.EXPIRED),
        _S.CANCELED: (_S.PROPOSED, _S.CANCELED),
        _S.APPROVED: (_S.PROPOSED, _S.APPROVED),
        _S.SUBMITTING: (_S.PROPOSED, _S.APPROVED, _S.SUBMITTING),
        _S.QUEUED: (_S.PROPOSED, _S.APPROVED, _S.SUBMITTING, _S.QUEUED),
        _S.RUNNING: (_S.PROPOSED, _S.APPROVED, _S.SUBMITTING, _S.QUEUED, _S.RUNNING),
        _S.SUCCEEDED: (_S.PROPOSED, _S.APPROVED, _S.SUBMITTING, _S.QUEUED, _S.RUNNING, _S.SUCCEEDED),
        _S.FAILED: (_S.PROPOSED, _S.APPROVED, _S.SUBMITTING, _S.QUEUED, _S.RUNNING, _S.FAILED),
    }
    people = {_S.APPROVED: LEAD, _S.REJECTED: LEAD, _S.CANCELED: ASKER}
    received = RunEvent(at=NOW, status=_S.RECEIVED, actor=ASKER)
    after = {_S.APPROVED: 5, _S.REJECTED: 5, _S.CANCELED: 5, _S.SUBMITTING: 5.1, _S.QUEUED: 6, _S.RUNNING: 8}
    after |= {_S.SUCCEEDED: 34, _S.FAILED: 34, _S.EXPIRED: 24 * 60}
    moves = (
        RunEvent(at=NOW + minutes(after.get(step, 0.05)), status=step, actor=people.get(step, "tunesmith"))
        for step in ways[status]
    )
    return (received, *moves)


def make_run(status: RunStatus = _S.PROPOSED, **changes: Any) -> Run:
    """A run that came to `status` on the shortest way, with everything that such a run has."""
    events = _events(status)
    passed = {event.status for event in events}
    defaults: dict[str, Any] = {
        "id": RUN_ID,
        "status": status,
        "revision": 1 if _S.PROPOSED in passed else 0,
        "needs_plan": status in {_S.RECEIVED, _S.DRAFTING},
        "version": len(events),
        "place": Place(team_id=TEAM, channel=CHANNEL, thread_ts=None),
        "requester": ASKER,
        "request": make_request(),
        "plan": make_plan() if _S.PROPOSED in passed else None,
        "created_at": NOW,
        "updated_at": events[-1].at,
        "next_check_at": NOW + minutes(24 * 60) if status in {_S.PROPOSED, _S.DRAFTING} else events[-1].at,
        "events": events,
    }
    if _S.APPROVED in passed or status is _S.REJECTED:
        defaults["decided_by"] = LEAD
    if status in ON_THE_HUB | {_S.SUCCEEDED, _S.FAILED} and status is not _S.SUBMITTING:
        stages = {_S.QUEUED: JobStage.SCHEDULING, _S.SUCCEEDED: JobStage.COMPLETED, _S.FAILED: JobStage.ERROR}
        job: dict[str, Any] = {"stage": stages.get(status, JobStage.RUNNING)}
        if status is _S.QUEUED:
            job |= {"started_at": None, "running_s": None}
        if status in {_S.SUCCEEDED, _S.FAILED}:
            job |= {"finished_at": NOW + minutes(34), "running_s": 1560.0}
        defaults["job"] = make_job(**job)
    match status:
        case _S.DRAFTING:
            defaults |= {
                "request": make_request(dataset=None, text="fine-tune Qwen3-0.6B"),
                "question": Question(
                    field="dataset",
                    text="Which dataset shall I use?",
                    hint="Answer here with its name on the Hub, such as trl-lib/Capybara.",
                ),
                "needs_plan": False,
            }
        case _S.REFUSED:
            defaults["problem"] = Problem(
                problem="There is no model named Qwen/Qwen9-0.6B on the Hub that I can see.",
                fix="Check the spelling, or give my token access to it; then ask again.",
            )
        case _S.REJECTED:
            defaults["reason"] = "Use LoRA first, please."
        case _S.RUNNING:
            defaults["progress"] = make_progress()
        case _S.SUCCEEDED:
            defaults |= {
                "progress": make_progress(
                    step=525,
                    epoch=2.0,
                    saved_step=525,
                    ended=True,
                    points=tuple(Point(step=at, value=round(2.4 - 0.06 * at**0.5, 4)) for at in range(10, 521, 10)),
                ),
                "report": make_report(),
            }
        case _S.FAILED:
            defaults |= {"progress": make_progress(step=12, points=(Point(step=10, value=2.31),), saved_step=None)}
            defaults["diagnosis"] = make_diagnosis()
        case _:
            pass
    if status in {_S.REFUSED, _S.REJECTED, _S.EXPIRED, _S.CANCELED, _S.SUCCEEDED, _S.FAILED}:
        defaults["next_check_at"] = None
    return Run(**(defaults | changes))
