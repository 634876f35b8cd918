"""How much memory a training job needs at its peak: counted components, nothing fitted.

Knows tensors and formats; does not know flavors, prices or time. All sizes are bytes unless a name says GiB.
The counts follow PyTorch's autograd and TRL 1.16 (whose loss head never builds the full logits). Sources: Korthikanti
et al. 2022 (https://arxiv.org/abs/2205.05198) for activations, without the terms that flash attention and missing
dropout remove; https://huggingface.co/docs/transformers/model_memory_anatomy for the 18 bytes a parameter of mixed
precision; Dettmers et al. 2023 (https://arxiv.org/abs/2305.14314) for the 4-bit sizes.
"""

from bot.models import Method, ModelInfo, Tuning, Value

GIB = 2**30
#: cuBLAS workspaces and the like.
_WORKSPACES = int(0.15 * GIB)
#: What PyTorch's caching allocator holds above what is allocated, for batches of even length.
_RESERVE = 1.13
#: A plan fits when this many times its predicted peak is usable: published counted models are within 10 %
#: (https://arxiv.org/abs/2404.10933 reports 1.6 to 3 %, fitcheck 5.5 % on average).
FIT_MARGIN = 1.10
#: Architectures that normalize queries and keys, which keeps two more tensors a layer.
_QK_NORM = ("qwen3", "gemma3", "gemma4", "olmo2", "olmo3")


class Workload(Value):
    """One training step, as far as memory is concerned."""

    method: Method
    tuning: Tuning
    #: Bytes of one stored weight: 4 or 2 (the frozen 4-bit layers of QLoRA are counted apart).
    weight_bytes: int
    #: Computes in half precision over 4-byte weights, or over 2-byte ones with 4-byte adapters.
    autocast: bool
    batch: int
    #: Tokens of the longest row, prompt included.
    length: int
    grad_accum: int = 1
    checkpointing: bool = True
    lora_r: int = 16
    #: 8-bit AdamW keeps 2 bytes a trainable parameter, AdamW twice the parameter's own size.
    optim_8bit: bool = False
    #: GRPO: rows that are generated together, and the tokens of each completion.
    generated: int = 0
    completion: int = 0


class Memory(Value):
    """The peak and what it consists of, in bytes."""

    weights: int
    adapters: int
    gradients: int
    optimizer: int
    #: DPO without adapters keeps the model that it started from.
    reference: int
    activations: int
    loss_head: int
    #: GRPO: the key-value cache and the scores while it generates.
    generation: int
    overhead: int
    #: The phase that needs most: "loss", "backward", "optimizer step" or "generation".
    phase: str
    peak: int

    @property
    def peak_gib(self) -> float:
        return self.peak / GIB


def trainable_parameters(model: ModelInfo, tuning: Tuning, lora_r: int) -> int:
    """Count the parameters that are trained. LoRA sits on all linear layers of the blocks: r(in + out) each."""
    if tuning is Tuning.FULL:
        return model.parameters
    h, f = model.hidden_size, model.intermediate_size
    q, kv = model.heads * model.head_dim, model.kv_heads * model.head_dim
    each = (h + q) + 2 * (h + kv) + (q + h) + 3 * (h + f)
    return model.layers * lora_r * each


def embedding_parameters(model: ModelInfo) -> int:
    """Count the embedding and, when it is not tied to it, the head; never more than the model has."""
    copies = 1 if model.tied_embeddings else 2
    return min(model.parameters, copies * model.vocab_size * model.hidden_size)


def needed_memory(model: ModelInfo, work: Workload, *, context_gib: float = 0.45) -> Memory:
    """Predict the peak of one process, in bytes: what stays, plus the largest of the phases of a step."""
    full = work.tuning is Tuning.FULL
    half = work.autocast or work.weight_bytes == 2
    linear = model.parameters - embedding_parameters(model)
    weights = _weight_bytes(model, work, linear)
    trained = trainable_parameters(model, work.tuning, work.lora_r)
    # PEFT keeps adapters in 4 bytes; TRL 1.16 casts those of a quantized model to 2.
    adapter_size = 2 if work.tuning is Tuning.QLORA else 4
    size = work.weight_bytes if full else adapter_size
    adapters = 0 if full else trained * size
    gradients = trained * size
    optimizer = int(trained * (2.06 if work.optim_8bit else 2 * size))
    reference = weights if full and work.method is Method.DPO else 0
    resident = weights + adapters + optimizer + reference

    tokens = work.batch * work.length * (2 if work.method is Method.DPO else 1)
    layer = _layer_bytes(model, work) * tokens
    # the residual stream is 4 bytes wide when the weights are
    kept = model.layers * (model.hidden_size * work.weight_bytes * tokens if work.checkpointing else layer)
    head = _loss_head_bytes(model, tokens, full=full)
    cast = 2 * model.parameters if full and work.weight_bytes == 4 and half else 0
    early = gradients if work.grad_accum > 1 else 0
    late = gradients if work.checkpointing else max(early, gradients)
    dequantized = 2 * model.hidden_size * model.intermediate_size if work.tuning is Tuning.QLORA else 0
    phases = {
        "loss": kept + head + early + cast,
        "backward": kept + int(1.25 * layer) + dequantized + (early if work.checkpointing else late),
        "optimizer step": gradients,
    }
    generation = 0
    if work.method is Method.GRPO and work.generated:
        kv = model.layers * 2 * model.kv_heads * model.head_dim * 2
        generation = work.generated * (work.length * kv + 8 * model.vocab_size)
        phases["generation"] = generation
    phase = max(phases, key=lambda name: phases[name])
    overhead = _WORKSPACES + int(context_gib * GIB)
    return Memory(
        weights=weights,
        adapters=adapters,
        gradients=gradients,
        optimizer=optimizer,
        reference=reference,
        activations=kept + int(1.25 * layer),
        loss_head=head,
        generation=generation,
        overhead=overhead,
        phase=phase,
        peak=resident + int(phases[phase] * _RESERVE) + overhead,
    )


def _weight_bytes(model: ModelInfo, work: Workload, linear: int) -> int:
    """QLoRA: NF4 is half a byte and one 4-byte scale for each 64 weights, quantized once more: 0.516 bytes."""
    if work.tuning is not Tuning.QLORA:
        return model.parameters * work.weight_bytes
    return int(linear * 0.516) + embedding_parameters(model) * 2


def _layer_bytes(model: ModelInfo, work: Workload) -> int:
    """Bytes that autograd keeps of one layer for one token, without checkpointing.

    Counted on transformers 5 with scaled dot product attention, a gated MLP and no dropout.
    """
    h, f = model.hidden_size, model.intermediate_size
    q, kv = model.heads * model.head_dim, model.kv_heads * model.head_dim
    qk_norm = model.model_type.startswith(_QK_NORM)
    if work.tuning is Tuning.FULL:
        kept = (26 if work.autocast and work.weight_bytes == 4 else 16) * h + 8 * f + 4 * q + 4 * kv
        kept += 6 * (q + kv) if qk_norm else 0
    else:
        kept = 18 * h + 8 * f + 6 * q + 4 * kv
        kept += 4 * (q + kv) if qk_norm else 0
    return 2 * kept if work.weight_bytes == 4 and not work.autocast else kept


def _loss_head_bytes(model: ModelInfo, tokens: int, *, full: bool) -> int:
    """TRL 1.16 computes the loss in tiles of at most 256 MiB, so the vocabulary times the tokens never exists."""
    tile = min(256 * 2**20, 14 * tokens * model.vocab_size)
    return tile + 4 * model.hidden_size * tokens + (4 * model.vocab_size * model.hidden_size if full else 0)
