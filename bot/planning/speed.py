"""How long a training job takes: floating point operations over the speed of the GPU, and the start-up.

Knows a model's size and a GPU; not prices, not limits. All predictions are ranges. Sources: 6 operations a parameter
and token (Kaplan et al. 2020, https://arxiv.org/abs/2001.08361, section 2.1), 2 more for recomputation
(https://arxiv.org/abs/2205.05198); LoRA skips the gradients of the frozen weights. What GPUs reach of their peak is
said in bot/planning/flavors.py.
"""

import math

from bot.models import Flavor, Method, ModelInfo, Tuning, Value
from bot.planning.flavors import CPU_CORES, Gpu, gpu_of
from bot.planning.memory import embedding_parameters

#: Minutes until the first step: image, packages (2.9 GB of wheels), weights. No published figure exists; to be
#: replaced by our own finished runs.
STARTUP_MIN, STARTUP_LOW, STARTUP_HIGH = 6.0, 0.5, 10 / 6
#: Published whole runs lie within this factor of the prediction where the efficiency was measured, was believed, ...
_SPREAD_MEASURED, _SPREAD_BELIEVED, _SPREAD_CPU = 1.5, 2.0, 3.0
#: GFLOP/s in fp32 that one vCPU (half a core) of a cloud host reaches in PyTorch. An assumption: AVX2 peaks at about
#: 50 for each thread, small matrices reach a fraction.
_CPU_GFLOPS = 8.0
_CPU_BANDWIDTH_GBS = 15.0
#: Seconds of a CPU step that do not depend on the model: 150 steps of a 95k model took 3 s, measured with TRL 1.16.
_CPU_STEP_S = 0.02
_CPU_DECODE_MS = 1.0


class StepWork(Value):
    """One optimizer step, as far as time is concerned."""

    method: Method
    tuning: Tuning
    #: Sequences of one micro-batch, and how many micro-batches make a step.
    batch: int
    grad_accum: int
    #: Tokens of one sequence, padding included.
    padded: float
    checkpointing: bool
    weight_bytes: int
    #: GRPO: tokens of one completion.
    completion: int = 0


class Duration(Value):
    """Wall hours, start-up included."""

    hours: float
    low: float
    high: float


def duration(
    model: ModelInfo, flavor: Flavor, work: StepWork, steps: int, startup_min: float = STARTUP_MIN
) -> Duration:
    """Predict the whole job; `startup_min` minutes of start-up, which may be half as long or five thirds of it."""
    gpu = gpu_of(flavor)
    training = steps * step_seconds(model, flavor, work) / 3600
    spread = _SPREAD_CPU if gpu is None else _SPREAD_MEASURED if gpu.measured else _SPREAD_BELIEVED
    return Duration(
        hours=startup_min / 60 + training,
        low=startup_min * STARTUP_LOW / 60 + training / spread,
        high=startup_min * STARTUP_HIGH / 60 + training * spread,
    )


def step_seconds(model: ModelInfo, flavor: Flavor, work: StepWork) -> float:
    """Predict one optimizer step."""
    gpu = gpu_of(flavor)
    seconds = _cpu_step(model, flavor, work) if gpu is None else _gpu_step(model, gpu, work)
    if work.method is Method.GRPO:
        seconds += _generation(model, gpu, work)
    return seconds


def token_flops(model: ModelInfo, work: StepWork) -> float:
    """Floating point operations for one token: forward 2N, backward twice that (once for frozen weights)."""
    linear = model.parameters - embedding_parameters(model) + model.vocab_size * model.hidden_size
    attention = 2 * model.layers * work.padded * model.heads * model.head_dim
    forward = 2 * linear + attention
    full = work.tuning is Tuning.FULL
    passes = 1 + (2 if full else 1) + (1 if work.checkpointing else 0)
    # DPO runs the reference once more, forward only: a third of a training step
    return forward * passes * (4 / 3 if work.method is Method.DPO else 1)


def _gpu_step(model: ModelInfo, gpu: Gpu, work: StepWork) -> float:
    full, four_bit = work.tuning is Tuning.FULL, work.tuning is Tuning.QLORA
    efficiency = gpu.efficiency_full if full else gpu.efficiency_lora * (0.8 if four_bit else 1)
    tokens = work.batch * work.padded * (2 if work.method is Method.DPO else 1)
    computing = tokens * token_flops(model, work) / (efficiency * gpu.peak_tflops * 1e12)
    launching = model.layers * gpu.launch_ms / 1e3
    launching *= (1 if work.checkpointing else 0.6) * (1.7 if four_bit else 1)
    # a smooth maximum: whichever is longer hides the other
    micro = float((computing**4 + launching**4) ** 0.25)
    bandwidth = gpu.bandwidth_gbs * 1e9
    if four_bit:
        # each pass reads and writes the layer's weights once more to dequantize them
        passes = 3 if work.checkpointing else 2
        micro += passes * (model.parameters - embedding_parameters(model)) * 2.6 / (0.5 * bandwidth)
    optimizer = model.parameters * 30 / (0.6 * bandwidth) if full else 0.0
    return micro * work.grad_accum + optimizer


def _cpu_step(model: ModelInfo, flavor: Flavor, work: StepWork) -> float:
    cores = CPU_CORES.get(flavor.name, 2)
    tokens = work.batch * work.padded * (2 if work.method is Method.DPO else 1)
    computing = tokens * token_flops(model, work) / (cores * _CPU_GFLOPS * 1e9)
    return _CPU_STEP_S + work.grad_accum * (computing + model.layers * 2e-3)


def _generation(model: ModelInfo, gpu: Gpu | None, work: StepWork) -> float:
    """Plain `generate` makes all completions of a step together, one token after the other.

    Each token takes the launches of all layers or one read of all weights, whichever is longer. Source of 11 ms a
    layer on T4: TRL's own 4-bit notebook (94.5 s a step of 256 tokens); the other GPUs are believed.
    """
    if gpu is None:
        each = model.layers * _CPU_DECODE_MS / 1e3 + model.parameters * work.weight_bytes / (_CPU_BANDWIDTH_GBS * 1e9)
    else:
        size = 0.6 if work.tuning is Tuning.QLORA else work.weight_bytes
        reading = model.parameters * size / (0.6 * gpu.bandwidth_gbs * 1e9)
        each = max(model.layers * gpu.decode_ms / 1e3, reading)
    return work.completion * each


def steps_for(*, rows: int, samples_per_step: int, epochs: float, whole_steps: bool = False) -> int:
    """Count optimizer steps on one GPU as the trainers do, at least one.

    `whole_steps` False (SFT, DPO): what is left at the end of an epoch makes a smaller step, since the data loader
    keeps its last batch and the accumulation its last group. Source: transformers 5.23,
    `Trainer.set_initial_training_values`; TRL 1.16's SFTTrainer and DPOTrainer leave that as it is.
    `whole_steps` True (GRPO, where a sample is a prompt): prompts that do not fill a step are left out of the epoch.
    Source: TRL 1.16, `RepeatSampler` in trl/trainer/utils.py, which `GRPOTrainer._get_train_sampler` gives
    `generation_batch_size // num_generations` prompts a step.
    A part of an epoch is rounded up to whole steps by both. Rows that the trainer drops (a prompt longer than
    max_length) are not known here.
    """
    each = rows // samples_per_step if whole_steps else math.ceil(rows / samples_per_step)
    return max(1, math.ceil(epochs * max(1, each)))
