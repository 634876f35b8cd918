"""How much memory a training job needs at its peak: counted components, nothing fitted.

Knows tensors and formats; does not know flavors, prices or time. All sizes are bytes unless a name says GiB.
The counts follow PyTorch's autograd and TRL 1.16 (whose loss head never builds the full logits). Sources:
https://huggingface.co/docs/transformers/model_memory_anatomy for the bytes a parameter of mixed precision; Dettmers et
al. 2023 (https://arxiv.org/abs/2305.14314) for the 4-bit sizes; bot/planning/activations.py for what a batch keeps.
"""

from bot.models import Method, ModelInfo, Value
from bot.planning import activations
from bot.planning.workload import Workload

GIB = 2**30
#: GiB beside the CUDA context: libraries that are loaded with the first call (cuBLAS, attention kernels).
_LIBRARIES_GIB = 0.15
#: What PyTorch's caching allocator holds above what is allocated, as a share of the part that comes and goes: freed
#: blocks rarely have the size that is asked for next. Unpacking 4-bit weights leaves more behind, and eager attention
#: a share of its scores, which come in blocks of several sizes. Medians of 61 published pairs of allocated and reserved
#: peaks (fitcheck-llm 0.3.1 on PyPI, data/measurements; `python -m tests.accuracy memory` prints them). A shifted copy
#: of the logits fits into no block that held them: median of 12 pairs of allocated bytes and those that nvidia-smi saw
#: (https://github.com/foundation-model-stack/fms-acceleration, scripts/benchmarks/refs), which show 0.12 to 0.13 for
#: adapters without logits.
_RESERVE, _RESERVE_4BIT, _RESERVE_SCORES, _RESERVE_SHIFTED = 0.12, 0.25, 0.40, 0.48
#: A plan fits when this many times its predicted peak is usable: published counted models are within 10 %
#: (https://arxiv.org/abs/2404.10933 reports 1.6 to 3 %, fitcheck 5.5 % on average).
FIT_MARGIN = 1.10
#: Bytes of one stored weight of a linear layer: 4 bits and a 4-byte scale for 64 of them; "double" quantizes the
#: scales, too; GPTQ has a scale and a zero for 128.
_QUANTIZED = {"nf4": 0.5625, "nf4_double": 0.516, "gptq4": 0.52, "int8": 1.0}
#: Bytes of optimizer state a trained parameter, in units of the parameter's own size or as they are.
_STATE_COPIES = {"adamw": 2.0, "sgd": 0.0, "adafactor": 0.01}
_STATE_BYTES = {"adamw_8bit": 2.06, "adamw_master": 12.0}


class Memory(Value):
    """The peak of one process on its GPU, and what it consists of, in bytes."""

    #: What stays between steps.
    weights: int
    adapters: int
    optimizer: int
    #: DPO and KTO without adapters keep the model that they started from.
    reference: int
    #: GRPO: what vLLM reserves beside the trainer.
    vllm: int
    #: What exists at the moment of the peak.
    gradients: int
    activations: int
    loss_head: int
    #: Half precision copies, gathered shards, an optimizer's own copies.
    working: int
    #: GRPO: the key-value cache and the scores while it generates.
    generation: int
    #: Held by the allocator above what is allocated.
    reserve: int
    #: CUDA context and library workspaces.
    context: int
    #: The phase that needs most: "loss", "backward", "end of backward", "optimizer step" or "generation".
    phase: str
    peak: int

    @property
    def peak_gib(self) -> float:
        return self.peak / GIB

    @property
    def parts_gib(self) -> dict[str, float]:
        """What the peak is made of, in GiB to two digits; the parts add up to the peak as it is shown."""
        parts = {_SHOWN.get(name, name): round(getattr(self, name) / GIB, 2) for name in _PARTS if getattr(self, name)}
        largest = max(parts, key=lambda name: parts[name])
        parts[largest] = round(parts[largest] + round(self.peak_gib, 2) - sum(parts.values()), 2)
        return {name: size for name, size in parts.items() if size}


_PARTS = (
    *("weights", "adapters", "optimizer", "reference", "vllm", "gradients", "activations", "loss_head"),
    *("working", "generation", "reserve", "context"),
)
_SHOWN = {"loss_head": "loss", "vllm": "vLLM"}


class _Phase(Value):
    """What one phase of a step holds beside what stays, in bytes."""

    gradients: float = 0
    activations: float = 0
    loss_head: float = 0
    working: float = 0
    generation: float = 0

    @property
    def total(self) -> float:
        return self.gradients + self.activations + self.loss_head + self.working + self.generation


def embedding_parameters(model: ModelInfo) -> int:
    """Count the embedding and, when it is not tied to it, the head; never more than the model has."""
    copies = 1 if model.tied_embeddings else 2
    return min(model.parameters, copies * model.vocab_size * model.hidden_size)


def expert_parameters(model: ModelInfo) -> int:
    """Parameters of all experts of all layers; 0 for a dense model."""
    each = 3 * model.hidden_size * model.expert_size
    return min(model.parameters - embedding_parameters(model), model.layers * model.experts * each)


def active_parameters(model: ModelInfo) -> int:
    """Parameters that one token passes, without the embedding: of the experts only those that it visits."""
    experts = expert_parameters(model)
    visited = experts * model.experts_per_token // model.experts if model.experts else 0
    return model.parameters - embedding_parameters(model) - experts + visited


def trainable_parameters(model: ModelInfo, work: Workload) -> int:
    """Count the parameters that are trained."""
    if work.full:
        return model.parameters
    return activations.adapter_parameters(model, work) + (embedding_parameters(model) if work.trains_embeddings else 0)


def needed_memory(
    model: ModelInfo, work: Workload, *, context_gib: float = 0.45, reserve: float | None = None, card_gib: float = 0
) -> Memory:
    """Predict the peak of one process: what stays, plus the largest of the phases of a step.

    `context_gib` is what CUDA takes outside of PyTorch's allocator; 0 leaves all of that out. `reserve` replaces the
    allocator's usual share (0: what is allocated, not what is reserved). `card_gib` is what vLLM's share is taken of.
    """
    shards = work.shards
    gradients = trained_bytes(model, work) / shards
    weights = weight_bytes(model, work) / shards
    adapters = 0.0 if work.full else gradients
    optimizer = state_bytes(model, work) / shards
    reference = 0.0
    if work.full and work.method in (Method.DPO, Method.KTO) and not work.precomputed_reference:
        reference = model.parameters * work.weight_bytes / shards
    vllm = work.vllm_share * card_gib * GIB
    phases = _phases(model, work, gradients)
    name = max(phases, key=lambda each: phases[each].total)
    phase = phases[name]
    held = _held(model, work, phase) if reserve is None else phase.total * reserve
    context = (context_gib + _LIBRARIES_GIB) * GIB + work.buffers if context_gib else float(work.buffers)
    return Memory(
        weights=int(weights),
        adapters=int(adapters),
        optimizer=int(optimizer),
        reference=int(reference),
        vllm=int(vllm),
        gradients=int(phase.gradients),
        activations=int(phase.activations),
        loss_head=int(phase.loss_head),
        working=int(phase.working),
        generation=int(phase.generation),
        reserve=int(held),
        context=int(context),
        phase=name,
        peak=int(weights + adapters + optimizer + reference + vllm + phase.total + held + context),
    )


def _held(model: ModelInfo, work: Workload, phase: _Phase) -> float:
    """What the allocator keeps above the bytes of the phase."""
    share = _RESERVE_4BIT if work.quantization.startswith("nf4") else _RESERVE
    shifted = phase.loss_head if work.loss_head in ("shifted", "half") else 0.0
    scores = activations.attention_scores_bytes(model, work) * work.tokens
    return share * (phase.total - shifted) + _RESERVE_SHIFTED * shifted + _RESERVE_SCORES * scores


def _phases(model: ModelInfo, work: Workload, gradients: float) -> dict[str, _Phase]:
    """What a step holds at its largest moments. `gradients`: all of them, on this process."""
    tokens = work.tokens
    layer = activations.layer_bytes(model, work) * tokens
    entry = activations.residual_bytes(model, work) * tokens
    kept = model.layers * (entry if work.checkpointing else layer)
    if work.offload_activations and work.checkpointing:
        kept = 2 * entry  # the one in use and the one on its way
    scores = activations.attention_scores_bytes(model, work) * tokens
    if work.optimizer_in_backward:
        gradients = gradients / model.layers
    # .grad survives from one micro-step to the next
    early = gradients if work.grad_accum > 1 else 0.0
    cast = 2.0 * model.parameters if work.full and work.weight_bytes == 4 and work.autocast else 0.0
    if work.sharding == "fsdp":
        cast = 0.0
    shared = _shared_bytes(model, work)
    # forward, recomputed, and the gradients that are on their way through the layer
    one = layer + activations.backward_bytes(model, work) * tokens
    passed = kept + max(0, model.layers - 2) * entry if work.keeps_input_gradients else entry
    phases = {
        "loss": _Phase(
            gradients=early,
            activations=kept + (0 if work.checkpointing else scores),
            loss_head=activations.loss_bytes(model, work),
            working=cast + shared,
        ),
        "backward": _Phase(gradients=early, activations=kept + one, working=_dequantized_bytes(model, work) + shared),
        "end of backward": _Phase(
            gradients=gradients, activations=one + passed, working=_dequantized_bytes(model, work) + shared
        ),
        "optimizer step": _Phase(
            gradients=gradients, working=work.optimizer_copies * gradients + (shared if work.sharding == "ddp" else 0)
        ),
    }
    if work.method is Method.GRPO and work.generated and not work.vllm_share:
        phases["generation"] = _Phase(generation=activations.generation_bytes(model, work), working=shared)
    return phases


def trained_bytes(model: ModelInfo, work: Workload) -> float:
    """All trained parameters; their gradients are as large.

    Embeddings that learn beside adapters keep the size of the model's weights. accelerate 1.15 turns what FSDP trains
    in mixed precision to 4 bytes (accelerate/utils/fsdp_utils.py).
    """
    if work.full:
        return model.parameters * (4.0 if work.sharding == "fsdp" and work.autocast else work.weight_bytes)
    learning = embedding_parameters(model) * work.weight_bytes if work.trains_embeddings else 0
    return activations.adapter_parameters(model, work) * work.adapter_bytes + float(learning)


def state_bytes(model: ModelInfo, work: Workload) -> float:
    """Optimizer states: they take the size of the parameter, or a size of their own."""
    if work.optimizer in _STATE_BYTES:
        return trainable_parameters(model, work) * _STATE_BYTES[work.optimizer]
    return trained_bytes(model, work) * _STATE_COPIES[work.optimizer]


def weight_bytes(model: ModelInfo, work: Workload) -> float:
    """The model itself.

    transformers 5.23 quantizes linear layers only, and experts are none: they stay as they are.
    """
    if work.quantization == "none":
        return trained_bytes(model, work) if work.full else float(model.parameters * work.weight_bytes)
    embedding, experts = embedding_parameters(model), 0 if work.experts_quantized else expert_parameters(model)
    linear = model.parameters - embedding - experts
    rest = 4 if work.kbit_prepared else work.weight_bytes
    return linear * _QUANTIZED[work.quantization] + embedding * rest + experts * work.weight_bytes


def _dequantized_bytes(model: ModelInfo, work: Workload) -> float:
    """A quantized layer in half precision while it is multiplied.

    bitsandbytes unpacks one linear layer at a time and forgets it. AutoGPTQ's own matrix product unpacks through
    4-byte integers, one-byte values, zeros and scales (8 bytes together), and autograd keeps the result of each linear
    layer of the block until its backward (auto_gptq/nn_modules/qlinear/qlinear_cuda.py).
    """
    largest = model.hidden_size * max(model.intermediate_size, model.hidden_size)
    match work.quantization:
        case "none":
            return 0.0
        case "gptq4":
            block = (model.parameters - embedding_parameters(model)) / max(1, model.layers)
            return 2 * block + 8.0 * largest
        case _:
            return 2.0 * largest


def _shared_bytes(model: ModelInfo, work: Workload) -> float:
    """What several GPUs need to work together.

    ddp: buckets as large as all gradients (torch.nn.parallel.DistributedDataParallel). fsdp: embedding and head in
    whole, as TRL's head asks for them, and two layers as they are stored (the one ahead is fetched early), which is in
    half precision where all of them learn.
    """
    if work.sharding == "ddp":
        return trained_bytes(model, work)
    if work.sharding == "none":
        return 0.0
    embedding = embedding_parameters(model)
    stored = 2.0 * model.parameters if work.full else weight_bytes(model, work)
    layers = stored - 2.0 * embedding
    return embedding * (4 if work.full else 2) + 2 * layers / max(1, model.layers)
