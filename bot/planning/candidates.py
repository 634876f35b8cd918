"""One way to run a task, counted out: memory, time, price, timeout, on one flavor with one kind of tuning.

Pure. Does not compare ways and keeps no limits: `choose` does.
"""

from typing import Literal

from bot.models import Estimate, Flavor, Method, ModelInfo, TrainingArguments, TrainingRequest, Tuning, Value
from bot.planning.arguments import draft, is_tiny
from bot.planning.flavors import gpu_of, usable_gib
from bot.planning.lengths import Lengths
from bot.planning.memory import FIT_MARGIN, Memory, Workload, needed_memory
from bot.planning.price import ceiling_usd, cost_usd, timeout_for
from bot.planning.speed import STARTUP_MIN, StepWork, duration

Precision = Literal["bf16", "fp16", "fp32"]
Dtype = Literal["bfloat16", "float16", "float32"]


class Task(Value):
    """What is to be trained, before any hardware is chosen."""

    request: TrainingRequest
    model: ModelInfo
    method: Method
    #: Rows to train on; assumed when the viewer does not know.
    rows: int
    lengths: Lengths
    startup_min: float = STARTUP_MIN


class Candidate(Value):
    """One way to run it; `problem` says why it is out, None when it is in."""

    flavor: Flavor
    tuning: Tuning
    precision: Precision
    dtype: Dtype
    arguments: TrainingArguments
    defaulted: dict[str, str]
    memory: Memory
    estimate: Estimate
    timeout_s: int
    ceiling_usd: float
    #: The timeout is shorter than usual so that a limit of the person is kept.
    tightened: bool = False
    #: Fits, but only just: less than 10 % to spare, or none by the numbers.
    tight: bool = False
    problem: str | None = None
    #: Out because of memory or of what the hardware cannot do, not because of a limit.
    impossible: bool = False


def count_out(task: Task, flavor: Flavor, tuning: Tuning, batch: int) -> Candidate:
    """Fill in everything for one micro-batch size."""
    model, gpu = task.model, gpu_of(flavor)
    precision, dtype = number_formats(model, flavor, tuning)
    weight_bytes = 4 if dtype == "float32" else 2
    drafted = draft(task.request, model, task.method, tuning, batch=batch, rows=task.rows, lengths=task.lengths)
    arguments = drafted.arguments
    grpo = task.method is Method.GRPO
    prompt = task.lengths.longest if grpo else 0
    accum = arguments.gradient_accumulation_steps
    memory = needed_memory(
        model,
        Workload(
            method=task.method,
            tuning=tuning,
            weight_bytes=weight_bytes,
            autocast=precision != "fp32" and (weight_bytes == 4 or tuning is not Tuning.FULL),
            batch=batch,
            length=prompt + arguments.max_length,
            grad_accum=accum,
            checkpointing=arguments.activation_checkpointing,
            lora_r=arguments.lora_r or 0,
            optim_8bit="8bit" in arguments.optim,
            generated=batch * accum if grpo else 0,
        ),
        context_gib=gpu.context_gib if gpu else 0.5,
    )
    lengths = drafted.lengths
    padded = lengths.padded(batch, None if grpo else arguments.max_length)
    work = StepWork(
        method=task.method,
        tuning=tuning,
        batch=batch,
        grad_accum=accum,
        padded=padded + arguments.max_length if grpo else padded,
        checkpointing=arguments.activation_checkpointing,
        weight_bytes=weight_bytes,
        completion=arguments.max_length if grpo else 0,
    )
    time = duration(model, flavor, work, drafted.steps, task.startup_min)
    each = lengths.mean(None if grpo else arguments.max_length) + (arguments.max_length if grpo else 0)
    sequences: float = drafted.steps * drafted.samples_per_step
    if arguments.max_steps < 0:  # the last step of an epoch is rarely full
        sequences = min(sequences, drafted.rows * arguments.num_train_epochs * (arguments.num_generations or 1))
    price, usable = flavor.price_usd_hour, usable_gib(flavor)
    timeout_s = timeout_for(time.high)
    needed = memory.peak_gib
    candidate = Candidate(
        flavor=flavor,
        tuning=tuning,
        precision=precision,
        dtype=dtype,
        arguments=arguments,
        defaulted=drafted.defaulted,
        memory=memory,
        estimate=Estimate(
            tokens=round(sequences * each * lengths.per_row),
            steps=drafted.steps,
            memory_gib=round(needed, 2),
            usable_gib=usable,
            hours=round(time.hours, 4),
            hours_low=round(time.low, 4),
            hours_high=round(time.high, 4),
            cost_usd=round(cost_usd(price, time.hours), 4),
            cost_low_usd=round(cost_usd(price, time.low), 4),
            cost_high_usd=round(cost_usd(price, time.high), 4),
            startup_min=task.startup_min,
        ),
        timeout_s=timeout_s,
        ceiling_usd=ceiling_usd(price, timeout_s),
        tight=usable < FIT_MARGIN * needed,
    )
    problem = _cannot(task, flavor, tuning, arguments) or (too_big(candidate) if needed > usable else None)
    if problem:
        return candidate.model_copy(update={"problem": problem, "impossible": True})
    return candidate


def number_formats(model: ModelInfo, flavor: Flavor, tuning: Tuning) -> tuple[Precision, Dtype]:
    """What to compute in, and what to load the weights in.

    T4 has no bfloat16, and transformers emulates it without a word; there full fine-tuning needs 4-byte weights,
    because the gradient scaler refuses half precision gradients (https://docs.pytorch.org/docs/stable/amp.html).
    Everywhere else weights stay in bfloat16, except those of tiny models: there precision matters and memory does not.
    """
    gpu = gpu_of(flavor)
    if gpu is None:
        return "fp32", "float32"
    if not gpu.bf16:
        return "fp16", "float32" if tuning is Tuning.FULL else "float16"
    return "bf16", "float32" if is_tiny(model) else "bfloat16"


def _cannot(task: Task, flavor: Flavor, tuning: Tuning, arguments: TrainingArguments) -> str | None:
    gpu = gpu_of(flavor)
    if tuning is Tuning.QLORA and gpu is None:
        return "has no GPU, which 4-bit training needs"
    if tuning is Tuning.QLORA and gpu is not None and not gpu.bf16:
        return "has no bfloat16, in which TRL 1.16 trains 4-bit models"
    if arguments.num_generations:
        samples = arguments.per_device_train_batch_size * arguments.gradient_accumulation_steps
        if samples % arguments.num_generations:
            return f"would train {samples} rows a step, no multiple of {arguments.num_generations} answers per prompt"
        # TRL's sampler leaves out what does not fill a step, so nothing would be left
        if task.rows < samples // arguments.num_generations:
            return f"would take {samples // arguments.num_generations} prompts a step, and there are only {task.rows}"
    return None


def too_big(candidate: Candidate) -> str:
    estimate = candidate.estimate
    return f"needs about {estimate.memory_gib:.1f} GiB of {estimate.usable_gib:.1f} GiB"
