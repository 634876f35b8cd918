"""How long a training job takes: the work of its steps over the speed of the GPU, and the start-up.

Knows a step's work (bot/planning/traffic.py) and a GPU (bot/planning/flavors.py); not prices, not limits. A micro-step
takes as long as its matrix products, plus the bytes that it moves beside them, and never less than launching its
kernels takes. All predictions are ranges.
"""

import math

from bot.models import Flavor, Method, ModelInfo, Value
from bot.planning.flavors import CPU_CORES, Gpu, gpu_of
from bot.planning.traffic import exchanged, optimizer_moves, token_work, weight_moves
from bot.planning.workload import Workload

#: Minutes until the first step: image, packages (2.9 GB of wheels), weights. No published figure exists; to be
#: replaced by our own finished runs.
STARTUP_MIN, STARTUP_LOW, STARTUP_HIGH = 6.0, 0.5, 10 / 6
#: How far published runs lie from the prediction (docs/accuracy.md): where the GPU's speed was measured nearly all are
#: within this factor; where it was only believed, and on a CPU, more is to be expected.
_SPREAD_MEASURED, _SPREAD_BELIEVED, _SPREAD_CPU = 1.5, 2.0, 3.0
#: GFLOP/s in fp32 that one vCPU (half a core) of a cloud host reaches in PyTorch. An assumption: AVX2 peaks at about
#: 50 for each thread, small matrices reach a fraction.
_CPU_GFLOPS = 8.0
_CPU_BANDWIDTH_GBS = 15.0
#: Seconds of a CPU step that do not depend on the model: 150 steps of a 95k model took 3 s, measured with TRL 1.16.
_CPU_STEP_S = 0.02
_CPU_DECODE_MS = 1.0
#: Share of the memory bandwidth that elementwise kernels reach, and that reading weights for one token reaches.
_MOVING, _READING = 0.8, 0.6
#: Flash attention needs compute capability 8.0; what PyTorch takes below it is about half as fast.
_WITHOUT_FLASH = 0.5
#: Share of a link's speed that collective operations reach, and of a step's time that several GPUs wait for each other
#: (4 to 6 % in published pairs of one and of several A100, docs/accuracy.md).
_SENDING, _WAITING = 0.65, 0.05
#: Launching a layer takes less without the second forward, and more with 4-bit layers (one more kernel each).
_LAUNCH_WITHOUT_RECOMPUTING, _LAUNCH_4BIT = 0.6, 1.7


class StepWork(Value):
    """One optimizer step, as far as time is concerned."""

    work: Workload
    #: Mean tokens of a sequence, padding included.
    padded: float
    #: GRPO: tokens of one completion.
    completion: int = 0

    @property
    def tokens(self) -> float:
        """Padded tokens of one micro-step of one process."""
        return self.work.sequences * self.padded


class Duration(Value):
    """Wall hours, start-up included; and the seconds of training alone."""

    hours: float
    low: float
    high: float
    training_s: float


def duration(
    model: ModelInfo,
    flavor: Flavor,
    step: StepWork,
    steps: float,
    startup_min: float = STARTUP_MIN,
    *,
    speed: float = 1.0,
    spread: float | None = None,
) -> Duration:
    """Predict the whole job; `startup_min` minutes of start-up, which may be half as long or five thirds of it.

    `speed` and `spread`: what past runs multiply the speed by, and the factor that they agree within.
    """
    gpu = gpu_of(flavor)
    training = steps * step_seconds(model, flavor, step) / speed / 3600
    # on GPUs without bfloat16 only adapters were measured, and no mixture of experts as transformers 5 runs it
    measured = gpu is not None and gpu.measured and (gpu.bf16 or not step.work.full) and not model.experts
    believed = _SPREAD_CPU if gpu is None else _SPREAD_MEASURED if measured else _SPREAD_BELIEVED
    spread = believed if spread is None else min(spread, believed)
    return Duration(
        hours=startup_min / 60 + training,
        low=startup_min * STARTUP_LOW / 60 + training / spread,
        high=startup_min * STARTUP_HIGH / 60 + training * spread,
        training_s=training * 3600,
    )


def step_seconds(model: ModelInfo, flavor: Flavor, step: StepWork) -> float:
    """Predict one optimizer step."""
    gpu = gpu_of(flavor)
    return (
        cpu_step_seconds(model, CPU_CORES.get(flavor.name, 2), step)
        if gpu is None
        else gpu_step_seconds(model, gpu, step)
    )


def gpu_step_seconds(model: ModelInfo, gpu: Gpu, step: StepWork) -> float:
    """Predict one optimizer step on one GPU, or on one of several that work alike."""
    work = step.work
    each = token_work(model, work, step.padded)
    bandwidth = gpu.bandwidth_gbs * 1e9
    rate = gpu.matmul * gpu.peak_tflops * 1e12
    computing = each.flops / rate + each.attention_flops / (rate * (1 if gpu.bf16 else _WITHOUT_FLASH))
    computing += each.flops_fp32 / (gpu.fp32_tflops * 1e12)
    working = step.tokens * (computing + each.moved / (_MOVING * bandwidth))
    working += weight_moves(model, work) / (_MOVING * bandwidth)
    launching = model.layers * gpu.launch_ms / 1e3
    launching *= (1 if work.checkpointing else _LAUNCH_WITHOUT_RECOMPUTING) * (
        _LAUNCH_4BIT if work.quantization != "none" else 1
    )
    sending = exchanged(model, work) / (_SENDING * gpu.link_gbs * 1e9)
    # a smooth maximum: whichever is longest hides the others
    micro = float((working**4 + launching**4 + sending**4) ** 0.25) * (1 if work.sharding == "none" else 1 + _WAITING)
    updating = optimizer_moves(model, work) / (_MOVING * bandwidth)
    return micro * work.grad_accum + updating + _generation(model, gpu, step)


def cpu_step_seconds(model: ModelInfo, cores: int, step: StepWork) -> float:
    """Predict one optimizer step without a GPU."""
    work = step.work
    each = token_work(model, work, step.padded)
    computing = step.tokens * (each.flops + each.attention_flops + each.flops_fp32) / (cores * _CPU_GFLOPS * 1e9)
    return _CPU_STEP_S + work.grad_accum * (computing + model.layers * 2e-3) + _generation(model, None, step)


def _generation(model: ModelInfo, gpu: Gpu | None, step: StepWork) -> float:
    """Plain `generate` makes all completions of a step together, one token after the other.

    Each token takes the launches of all layers or one read of all weights, whichever is longer. Source of 11 ms a
    layer on T4: TRL's own 4-bit notebook (94.5 s a step of 256 tokens); the other GPUs are believed.
    """
    work = step.work
    if work.method is not Method.GRPO:
        return 0.0
    if gpu is None:
        each = model.layers * _CPU_DECODE_MS / 1e3 + model.parameters * work.weight_bytes / (_CPU_BANDWIDTH_GBS * 1e9)
    else:
        size = 0.6 if work.quantization != "none" else work.weight_bytes
        each = max(model.layers * gpu.decode_ms / 1e3, model.parameters * size / (_READING * gpu.bandwidth_gbs * 1e9))
    return step.completion * each


def steps_for(*, rows: int, samples_per_step: int, epochs: float, whole_steps: bool = False) -> int:
    """Count optimizer steps as the trainers do, at least one; `samples_per_step` are those of all processes.

    `whole_steps` False (SFT, DPO, KTO, reward): what is left at the end of an epoch makes a smaller step, since the
    data loader keeps its last batch and the accumulation its last group. Source: transformers 5.23,
    `Trainer.set_initial_training_values`; TRL 1.16's trainers leave that as it is.
    `whole_steps` True (GRPO, where a sample is a prompt): prompts that do not fill a step are left out of the epoch.
    Source: TRL 1.16, `RepeatSampler` in trl/trainer/utils.py, which `GRPOTrainer._get_train_sampler` gives
    `generation_batch_size // num_generations` prompts a step.
    A part of an epoch is rounded up to whole steps by both. Rows that the trainer drops (a prompt longer than
    max_length) are not known here.
    """
    each = rows // samples_per_step if whole_steps else math.ceil(rows / samples_per_step)
    return max(1, math.ceil(epochs * max(1, each)))
