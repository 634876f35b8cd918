"""What the fields of a request are called, how their values are written, and what a plan made of each.

Pure. Does not decide defaults: those are in the plan.
"""

from collections.abc import Callable, Iterable
from typing import Any

from bot.models import Method, Plan, TrainingRequest, Tuning
from bot.models.request import HOW_SAID
from bot.rows import holds_messages
from handlers.views import text

#: Field of TrainingRequest -> what people call it. `text` is shown as a quotation instead; a test checks that no
#: other field is missing.
LABELS: dict[str, str] = {
    "model": "model",
    "dataset": "dataset",
    "dataset_config": "dataset configuration",
    "split": "split",
    "eval_split": "evaluation split",
    "method": "method",
    "output_repo": "output",
    "private": "private",
    "hardware": "hardware",
    "lora": "LoRA",
    "lora_r": "LoRA rank",
    "lora_alpha": "LoRA alpha",
    "lora_dropout": "LoRA dropout",
    "load_in_4bit": "4-bit base",
    "epochs": "epochs",
    "max_steps": "steps",
    "learning_rate": "learning rate",
    "batch_size": "batch size per device",
    "grad_accum": "gradient accumulation",
    "max_length": "maximum length",
    "max_samples": "rows at most",
    "sample_fraction": "share of the rows",
    "seed": "seed",
    "budget_usd": "budget",
    "max_hours": "hours at most",
    "beta": "beta",
    "num_generations": "answers per prompt",
    "warmup_ratio": "warm-up share",
    "weight_decay": "weight decay",
    "lr_scheduler": "schedule",
    "optimizer": "optimizer",
    "packing": "packing",
    "gradient_checkpointing": "gradient checkpointing",
    "chat_template": "chat template",
    "save_steps": "steps between saves",
    "eval_steps": "steps between evaluations",
    "eval_fraction": "share held out for evaluation",
    "temperature": "temperature",
    "reward": "reward",
    "report_to": "reporting",
    "plan_only": "only a plan",
}

METHODS = {
    Method.SFT: "SFT · learns from example answers",
    Method.DPO: "DPO · learns from preferred against rejected answers",
    Method.GRPO: "GRPO · learns from rewards for its own answers",
    Method.KTO: "KTO · learns from answers marked as good or bad",
    Method.REWARD: "Reward model · learns to score answers",
}

#: Choices that follow custom: shown without their reason.
_ROUTINE = frozenset(
    {
        "dataset_config", "split", "lora_alpha", "lora_dropout", "load_in_4bit", "grad_accum", "seed", "beta",
        "num_generations", "warmup_ratio", "weight_decay", "lr_scheduler", "optimizer", "packing",
        "gradient_checkpointing", "save_steps", "eval_steps", "temperature", "report_to",
    }
)  # fmt: skip

#: Field of TrainingRequest -> what the plan settled. Fields that a plan does not settle are taken from its request.
_SETTLED: dict[str, Callable[[Plan], Any]] = {
    "model": lambda plan: plan.model.repo_id,
    "dataset": lambda plan: plan.dataset.repo_id,
    "dataset_config": lambda plan: plan.dataset.config,
    "split": lambda plan: plan.split,
    "method": lambda plan: plan.method,
    "output_repo": lambda plan: plan.output_repo,
    "private": lambda plan: plan.private,
    "hardware": lambda plan: plan.flavor.name,
    "lora": lambda plan: plan.tuning is not Tuning.FULL,
    "lora_r": lambda plan: plan.arguments.lora_r,
    "lora_alpha": lambda plan: plan.arguments.lora_alpha,
    "lora_dropout": lambda plan: plan.arguments.lora_dropout,
    "load_in_4bit": lambda plan: plan.tuning is Tuning.QLORA,
    "epochs": lambda plan: plan.arguments.num_train_epochs if plan.arguments.max_steps < 0 else None,
    "max_steps": lambda plan: plan.arguments.max_steps if plan.arguments.max_steps > 0 else None,
    "learning_rate": lambda plan: plan.arguments.learning_rate,
    "batch_size": lambda plan: plan.arguments.per_device_train_batch_size,
    "grad_accum": lambda plan: plan.arguments.gradient_accumulation_steps,
    "max_length": lambda plan: plan.arguments.max_length,
    "seed": lambda plan: plan.arguments.seed,
    "beta": lambda plan: plan.arguments.beta,
    "num_generations": lambda plan: plan.arguments.num_generations,
    "warmup_ratio": lambda plan: plan.arguments.warmup_ratio,
    "weight_decay": lambda plan: plan.arguments.weight_decay,
    "lr_scheduler": lambda plan: plan.arguments.lr_scheduler_type,
    "optimizer": lambda plan: plan.arguments.optim,
    "packing": lambda plan: plan.arguments.packing,
    "gradient_checkpointing": lambda plan: plan.arguments.activation_checkpointing,
    "chat_template": lambda plan: holds_messages(plan.mapping, plan.dataset.features),
    "save_steps": lambda plan: plan.arguments.save_steps,
    "reward": lambda plan: ", ".join(plan.rewards) or plan.request.reward,
}


def settled(plan: Plan) -> TrainingRequest:
    """The plan as a request in which every field that the plan settled is filled in."""
    return plan.request.model_copy(update={field: value(plan) for field, value in _SETTLED.items()})


def method_name(method: Method) -> str:
    """ "SFT", "Reward model" """
    return METHODS[method].partition(" · ")[0]


def value_text(field: str, value: Any) -> str:
    """One value as plain text: "2e-5", "$5.00", "yes"."""
    match value:
        case bool():
            return "yes" if value else "no"
        case Method():
            return method_name(value)
        case int() | float() if field == "budget_usd":
            return text.typed_money(value)
        case int() | float() if field == "sample_fraction":
            return f"{text.number(value * 100)} %"
        case int() if field != "seed":
            return text.count(value)
        case float():
            return text.number(value)
        case _:
            return str(value)


def said(request: TrainingRequest) -> list[tuple[str, str]]:
    """The fields that the person named: (label, value), plain text, in the order of the model."""
    return [
        (LABELS[field], value_text(field, value))
        for field, value in request
        if field not in HOW_SAID and value is not None
    ]


def said_line(request: TrainingRequest, limit: int = 1200) -> str:
    """The same in one line of mrkdwn: "model `Qwen/Qwen3-0.6B` · epochs `2`"."""
    return joined((f"{label} {text.code(value)}" for label, value in said(request)), limit)


def chosen_lines(plan: Plan) -> list[str]:
    """The choices that people may want to change, each with its reason; lines of mrkdwn."""
    return [
        f"{_chosen(plan, field)}: {text.escape(reason, 200)}"
        for field, reason in plan.defaulted.items()
        if field not in _ROUTINE
    ]


def routine_line(plan: Plan, limit: int = 1500) -> str:
    """The choices that are routine, values only; "" when there are none."""
    return joined((_chosen(plan, field) for field in plan.defaulted if field in _ROUTINE), limit)


def _chosen(plan: Plan, field: str) -> str:
    label = text.escape(LABELS.get(field, field.replace("_", " ")), 60)
    value = getattr(settled(plan), field, None)
    return label if value is None else f"{label} {text.code(value_text(field, value))}"


def joined(parts: Iterable[str], limit: int = 1200) -> str:
    """Join parts with middle dots, as many as fit."""
    line = ""
    for part in parts:
        longer = f"{line} · {part}" if line else part
        if len(longer) > limit - 4:
            return f"{line} · …"
        line = longer
    return line


def unread_line(request: TrainingRequest) -> str:
    """What was typed like a setting and is none: mrkdwn; "" where all of it was understood."""
    if not request.unread:
        return ""
    named = joined((text.code(words, 80) for words in request.unread), 500)
    return f"⚠️ I did not read {named}, so it changes nothing. {text.code('/finetune help')} shows what can be set."
