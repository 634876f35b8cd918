"""One way to run a task, counted out: memory, time, price, timeout, on one flavor with one kind of tuning.

Pure. Does not compare ways and keeps no limits: `choose` does.
"""

from typing import Literal

from bot.amounts import apart, gib
from bot.models import Estimate, Flavor, Method, ModelInfo, TrainingArguments, TrainingRequest, Tuning, Value
from bot.models.plan import BITSANDBYTES_OPTIMIZERS
from bot.planning.arguments import Draft, draft, is_tiny
from bot.planning.checkpoints import Stored, stored
from bot.planning.flavors import gpu_of, usable_gib
from bot.planning.learning import Lesson
from bot.planning.lengths import Lengths
from bot.planning.memory import FIT_MARGIN, Memory, needed_memory
from bot.planning.price import ceiling_usd, cost_usd, tightest_timeout, timeout_for
from bot.planning.speed import STARTUP_MIN, StepWork, duration
from bot.planning.workload import Optimizer, Sharding, Workload

Precision = Literal["bf16", "fp16", "fp32"]
Dtype = Literal["bfloat16", "float16", "float32"]

#: GB on the disk beside weights and checkpoints: packages (2.9 GB of wheels, twice that unpacked), data, logs.
_DISK_GB = 10.0
#: Checkpoints that can be there at once: one that is being pushed, a newer one, and one that is being written
#: (templates/scripts/checkpoints.py.j2 deletes the others, and all of them before it writes the trained model).
_CHECKPOINTS_KEPT = 3
#: What trains, saves and loads weights that are shared out.
_SHARED_OPTIMIZERS = frozenset({"adamw_torch_fused", "adamw_torch", "sgd", "rmsprop"})
_8BIT: dict[str, Optimizer] = {name: "adamw_8bit" for name, bits in BITSANDBYTES_OPTIMIZERS.items() if bits == 8}
_OPTIMIZERS: dict[str, Optimizer] = {"adafactor": "adafactor", "sgd": "sgd", **_8BIT}


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
    #: Processes, one a GPU, and how the model is spread over them.
    processes: int = 1
    sharding: Sharding = "none"
    arguments: TrainingArguments
    #: Rows that are held back and evaluated.
    eval_rows: int = 0
    defaulted: dict[str, str]
    #: What goes to the Hub.
    stored: Stored
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


def count_out(
    task: Task, flavor: Flavor, tuning: Tuning, batch: int, *, sharding: Sharding = "none", lesson: Lesson | None = None
) -> Candidate:
    """Fill in everything for one micro-batch size. `lesson`: what past runs taught about such runs."""
    lesson = lesson or Lesson()
    model, gpu = task.model, gpu_of(flavor)
    processes = 1 if sharding == "none" else flavor.gpus
    precision, dtype = number_formats(model, flavor, tuning)
    drafted = draft(
        task.request, model, task.method, tuning, batch=batch, rows=task.rows, lengths=task.lengths, processes=processes
    )
    arguments = drafted.arguments
    work = _workload(task, tuning, drafted, precision, dtype).model_copy(
        update={"processes": processes, "sharding": sharding}
    )
    memory = needed_memory(model, work, context_gib=gpu.context_gib if gpu else 0.5)
    needed = memory.peak_gib * lesson.memory
    usable = usable_gib(flavor)
    estimate = _estimate(task, flavor, work, drafted, lesson).model_copy(
        update={"memory_gib": round(needed, 2), "usable_gib": usable, "parts_gib": _parts(memory, needed)}
    )
    files = stored(model, work)
    timeout_s = max(timeout_for(estimate.hours_high), tightest_timeout(estimate.hours_high, files.model))
    candidate = Candidate(
        flavor=flavor,
        tuning=tuning,
        precision=precision,
        dtype=dtype,
        processes=processes,
        sharding=sharding,
        arguments=arguments,
        eval_rows=drafted.eval_rows,
        defaulted=drafted.defaulted,
        stored=files,
        memory=memory,
        estimate=estimate,
        timeout_s=timeout_s,
        ceiling_usd=ceiling_usd(flavor.price_usd_hour, timeout_s),
        tight=usable < FIT_MARGIN * needed,
    )
    problem = _cannot(task, candidate) or (too_big(candidate) if estimate.memory_gib > usable else None)
    if problem:
        return candidate.model_copy(update={"problem": problem, "impossible": True})
    return candidate


def _workload(task: Task, tuning: Tuning, drafted: Draft, precision: Precision, dtype: Dtype) -> Workload:
    """The step as the generated script makes it with TRL 1.16."""
    arguments = drafted.arguments
    weight_bytes: Literal[2, 4] = 4 if dtype == "float32" else 2
    grpo = task.method is Method.GRPO
    batch, accum = arguments.per_device_train_batch_size, arguments.gradient_accumulation_steps
    return Workload(
        method=task.method,
        tuning=tuning,
        weight_bytes=weight_bytes,
        autocast=precision != "fp32",
        batch=batch,
        length=(task.lengths.longest if grpo else 0) + arguments.max_length,
        grad_accum=accum,
        checkpointing=arguments.activation_checkpointing,
        loss_head="none" if task.method is Method.REWARD else "tiled",
        lora_r=arguments.lora_r or 0,
        adapter_bytes=2 if tuning is Tuning.QLORA else 4,
        quantization="nf4_double" if tuning is Tuning.QLORA else "none",
        optimizer=_OPTIMIZERS.get(arguments.optim, "adamw"),
        optimizer_copies=1 if arguments.optim == "adamw_torch" else 0,
        generated=batch * accum if grpo else 0,
    )


def _estimate(task: Task, flavor: Flavor, work: Workload, drafted: Draft, lesson: Lesson) -> Estimate:
    """Time, tokens and money; memory is the caller's."""
    arguments, lengths, grpo = drafted.arguments, drafted.lengths, task.method is Method.GRPO
    completion = arguments.max_length if grpo else 0
    padded = lengths.padded(work.batch, None if grpo else arguments.max_length) + completion
    step = StepWork(work=work, padded=padded, completion=completion)
    startup_min = lesson.startup_min or task.startup_min
    sequences: float = drafted.steps * drafted.samples_per_step
    if arguments.max_steps < 0:  # the last step of an epoch is rarely full
        sequences = min(sequences, drafted.rows * arguments.num_train_epochs * (arguments.num_generations or 1))
    # both evaluations are forward passes, a third of a training step each, or answers that are written
    evaluated = 2 * drafted.eval_rows * (arguments.eval_generations if grpo else 1 / 3) / max(1.0, sequences)
    time = duration(
        task.model,
        flavor,
        step,
        drafted.steps * (1 + evaluated),
        startup_min,
        speed=lesson.speed,
        spread=lesson.spread,
    )
    each = lengths.mean(None if grpo else arguments.max_length) + completion
    tokens = round(sequences * each * lengths.per_row)
    price = flavor.price_usd_hour
    return Estimate(
        tokens=tokens,
        steps=drafted.steps,
        memory_gib=0,
        usable_gib=0,
        hours=round(time.hours, 4),
        hours_low=round(time.low, 4),
        hours_high=round(time.high, 4),
        cost_usd=round(cost_usd(price, time.hours), 6),
        cost_low_usd=round(cost_usd(price, time.low), 6),
        cost_high_usd=round(cost_usd(price, time.high), 6),
        startup_min=startup_min,
        tokens_per_s=float(f"{tokens / max(time.training_s, 1e-9):.4g}"),
        learned_from=lesson.runs,
        corrections=_corrections(lesson),
    )


def _corrections(lesson: Lesson) -> dict[str, float]:
    factors = {"speed": lesson.speed, "memory": lesson.memory}
    return {name: round(factor, 4) for name, factor in factors.items() if factor != 1}


def _parts(memory: Memory, needed_gib: float) -> dict[str, float]:
    """The counted parts, and what past runs add to them; they sum to the peak as it is shown."""
    parts = memory.parts_gib
    learned = round(round(needed_gib, 2) - sum(parts.values()), 2)
    return parts | ({"learned": learned} if learned else {})


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


def _cannot(task: Task, way: Candidate) -> str | None:
    """Why this hardware cannot do it, memory apart; None: it can."""
    gpu, flavor, arguments = gpu_of(way.flavor), way.flavor, way.arguments
    if way.tuning is Tuning.QLORA:
        if gpu is None:
            return "has no GPU, which 4-bit training needs"
        if not gpu.bf16:
            return "has no bfloat16, in which TRL 1.16 trains 4-bit models"
    if way.sharding == "fsdp" and (problem := _cannot_share_out(task, way)):
        return problem
    disk = needed_disk_gb(task.model, way.stored)
    if disk > flavor.disk_gb:
        return f"has {flavor.disk_gb:,.0f} GB of disk, and weights and checkpoints need about {disk:,.0f} GB"
    if arguments.num_generations:
        samples = arguments.per_device_train_batch_size * arguments.gradient_accumulation_steps * way.processes
        if samples % arguments.num_generations:
            return f"would train {samples} rows a step, no multiple of {arguments.num_generations} answers per prompt"
        # TRL's sampler leaves out what does not fill a step, so nothing would be left
        if task.rows - way.eval_rows < samples // arguments.num_generations:
            return f"would take {samples // arguments.num_generations} prompts a step, and there are only {task.rows}"
    return None


def _cannot_share_out(task: Task, way: Candidate) -> str | None:
    """Why the model cannot be shared out over several GPUs by FSDP; None: it can.

    The optimizers were tried with torch 2.13, accelerate 1.15 and bitsandbytes 0.50 (tests/test_training_sharded.py).
    TRL 1.16 loads the model to compare with for all GPUs at once and shares it out as one piece, which each GPU gathers
    to use it (trl/trainer/dpo_trainer.py, trl/models/utils.py `prepare_fsdp`).
    """
    optimizer = way.arguments.optim
    if way.tuning is Tuning.QLORA:
        return "would share out a 4-bit model, which FSDP does not do"
    if task.method is Method.GRPO:
        return "would share out the model, and each GPU needs all of it to write answers"
    if way.tuning is Tuning.FULL and task.method in (Method.DPO, Method.KTO):
        return "would share out the model, and each GPU needs all of the one that it is compared with"
    if optimizer not in _SHARED_OPTIMIZERS:
        return f"would share out the model, and `{optimizer}` only trains whole ones"
    return None


def needed_disk_gb(model: ModelInfo, files: Stored) -> float:
    """GB on the job's disk: packages, the downloaded weights, and the checkpoints that are there at once."""
    downloaded = model.weight_bytes or model.parameters * (4 if model.dtype == "float32" else 2)
    return _DISK_GB + (downloaded + _CHECKPOINTS_KEPT * files.checkpoint) / 1e9


def too_big(candidate: Candidate) -> str:
    """How much memory is missing, or how little would stay free."""
    needs, has = candidate.estimate.memory_gib, candidate.estimate.usable_gib
    needed, usable = apart(needs, has, gib, lambda value: f"{value:.2f} GiB")
    return f"needs about {needed} of {usable}" + ("" if needs > has else ", too little to spare")
