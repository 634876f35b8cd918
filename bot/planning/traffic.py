"""Work of one training step: floating point operations and bytes that a GPU moves, for one token.

Counted from the operations that transformers 5.23 and PEFT 0.21 run, fusing nothing unless the layer is compiled.
Pure; knows no hardware. Sources: 2 operations a weight and pass (Kaplan et al. 2020, https://arxiv.org/abs/2001.08361,
section 2.1), one more forward for recomputation (https://arxiv.org/abs/2205.05198).
"""

from bot.models import Method, ModelInfo, Value
from bot.planning.activations import mlp_width
from bot.planning.memory import (
    active_parameters,
    embedding_parameters,
    expert_parameters,
    trainable_parameters,
    trained_bytes,
    weight_bytes,
)
from bot.planning.workload import Workload

#: What AdamW moves for one parameter, in units of its size: fused, it reads four tensors and writes three; PyTorch's
#: `foreach` one reads and writes whole lists ten times (torch/optim/adamw.py, `_multi_tensor_adamw`).
_FUSED_MOVES, _FOREACH_MOVES = 7, 22
#: Bytes of one logit on its way through the full loss: written, read and copied in 2 and 4 bytes, and back.
_FULL_LOSS_MOVES = 40
#: Bytes of one attention score that eager attention moves: forward (product, scale, mask, softmax in 4 bytes, cast,
#: dropout of nothing) and backward.
_EAGER_FORWARD, _EAGER_BACKWARD = 31, 39
#: Bytes that unpacking one weight moves. bitsandbytes: half a byte read, 2 written, by a kernel that reaches some 60 %
#: of what elementwise ones do. AutoGPTQ without its own kernels: 4-byte integers, shifted, cast, masked,
#: scaled (auto_gptq/nn_modules/qlinear/qlinear_cuda.py).
UNPACKED = {"none": 0.0, "nf4": 4.2, "nf4_double": 4.2, "int8": 4.8, "gptq4": 22.0}


class TokenWork(Value):
    """What one token of one micro-step takes on the GPU."""

    #: Matrix products in half precision, and those within attention.
    flops: float
    attention_flops: float
    #: Both in 4 bytes: what `prepare_model_for_kbit_training` leaves so where nothing casts it back.
    flops_fp32: float
    #: Bytes read and written beside the matrix products.
    moved: float


def passes(work: Workload) -> int:
    """Forward passes that a training pass is worth: the backward is two of them, one where the weights are frozen."""
    return 1 + (2 if work.full else 1) + (1 if work.checkpointing else 0)


def token_work(model: ModelInfo, work: Workload, padded: float) -> TokenWork:
    """Count one token of sequences of `padded` tokens, reference passes included."""
    head = 0 if work.loss_head == "none" else model.vocab_size * model.hidden_size
    # the causal half of the scores; eager attention computes the other half, too
    attention = 2 * model.layers * padded * model.heads * model.head_dim * (2 if work.attention == "eager" else 1)
    body = 2 * active_parameters(model)
    learned = 2 * trainable_parameters(model, work) if not work.full else 0
    # TRL's tiled head computes its tiles once more in the backward; other heads keep their logits
    head_passes = (3 if work.full else 2) + (1 if work.loss_head == "tiled" else 0)
    forwards = _more_forwards(work)
    flops = body * (passes(work) + forwards) + learned * (passes(work) + 1)
    # the backward computes the scores again, so it is 2.5 forwards (Dao 2023, https://arxiv.org/abs/2307.08691)
    attention *= (2 if work.attention == "eager" else 2.5) + 1 + (1 if work.checkpointing else 0) + forwards
    flops_head = 2.0 * head * (head_passes + forwards)
    fp32 = work.kbit_prepared and not work.autocast
    moved = _layer_moves(model, work) * model.layers * (passes(work) + (0 if work.full else 1) + forwards)
    moved += _adapter_moves(model, work) * (3.5 if work.checkpointing else 2.5)
    if work.loss_head in ("full", "shifted"):
        moved += _FULL_LOSS_MOVES * model.vocab_size
    if work.attention == "eager":
        scores = model.layers * model.heads * padded
        moved += scores * (_EAGER_FORWARD * (2 if work.checkpointing else 1) + _EAGER_BACKWARD)
    if fp32:
        return TokenWork(flops=flops, attention_flops=0, flops_fp32=flops_head + attention, moved=moved)
    return TokenWork(flops=flops + flops_head, attention_flops=attention, flops_fp32=0, moved=moved)


def _more_forwards(work: Workload) -> int:
    """Forward passes without a graph: the reference's, and KTO's pass over mismatched pairs.

    A reference that was computed before the training still costs its forward, once for each row; counted alike.
    GRPO computes the old probabilities once more when a generation serves several steps; with one step it does not.
    """
    match work.method:
        case Method.DPO:
            return 1
        case Method.KTO:
            return 3  # reference, and both models on the mismatched completions
        case _:
            return 0


def _layer_moves(model: ModelInfo, work: Workload) -> float:
    """Bytes of one layer's forward beside its matrix products.

    Two norms in 4 bytes (36h each), rotary embeddings (16), attention (4), two residual sums (6h each), gate (10f).
    A compiled layer reads and writes each of them once. In a 4-byte residual stream over 4-bit layers all of these are
    wider, and each layer's input and output is cast (6 bytes each).
    """
    h, f = model.hidden_size, mlp_width(model)
    q, kv = model.heads * model.head_dim, model.kv_heads * model.head_dim
    if work.compiled:
        return 14 * h + 8 * (q + kv) + 6 * f
    if work.kbit_prepared:
        return 126 * h + 52 * (q + kv) + 38 * f
    return 84 * h + 20 * (q + kv) + 10 * f + (36 * (q + kv) if model.qk_norm else 0)


def _adapter_moves(model: ModelInfo, work: Workload) -> float:
    """Bytes of all adapters' forward: the input in 4 bytes and back (14), the output scaled and added (12).

    Adapters of 2 bytes need no cast. Over 4-bit layers that is not credited: published QLoRA runs are no faster.
    """
    if work.full:
        return 0.0
    h, f = model.hidden_size, model.intermediate_size
    q, kv = model.heads * model.head_dim, model.kv_heads * model.head_dim
    sides = {"q": (h, q), "k": (h, kv), "v": (h, kv), "o": (q, h)}
    if not model.experts:
        sides |= {"gate": (h, f), "up": (h, f), "down": (f, h)}
    narrow = work.adapter_bytes == 2 and not work.quantization.startswith("nf4")
    into, out = (2, 4) if work.compiled else (2, 10) if narrow else (14, 12)
    pairs = [sides[target] for target in work.lora_targets if target in sides]
    return float(model.layers * sum(into * side[0] + out * side[1] for side in pairs))


def weight_moves(model: ModelInfo, work: Workload) -> float:
    """Bytes that one micro-step moves for the weights alone: unpacked, cast, and their gradients added up.

    Quantized layers are unpacked once for each pass. Autocast casts 4-byte weights (6 bytes each) in each forward.
    """
    linear = model.parameters - embedding_parameters(model) - expert_parameters(model)
    moved = passes(work) * linear * UNPACKED[work.quantization]
    if work.full and work.weight_bytes == 4 and work.autocast:
        moved += 6 * model.parameters * (2 if work.checkpointing else 1)
    if work.full and work.grad_accum > 1:
        moved += 3 * work.weight_bytes * model.parameters / work.shards
    return moved


def exchanged(model: ModelInfo, work: Workload) -> float:
    """Bytes that one process sends for one micro-step.

    fsdp: the weights as they are stored (half precision where all learn), gathered in the forward and again in the
    backward, and where all learn their gradients. ddp: all gradients, once for each optimizer step, there and back.
    Shares of the whole: https://github.com/NVIDIA/nccl-tests/blob/master/doc/PERFORMANCE.md.
    """
    others = (work.processes - 1) / work.processes
    if work.sharding == "ddp":
        return 2 * others * trained_bytes(model, work) / work.grad_accum
    if work.sharding == "none":
        return 0.0
    stored = 2.0 * model.parameters if work.full else weight_bytes(model, work)
    return others * stored * (3 if work.full else 2)


def optimizer_moves(model: ModelInfo, work: Workload) -> float:
    """Bytes that one optimizer step moves, of one process."""
    size = work.weight_bytes if work.full else work.adapter_bytes
    if work.optimizer == "adamw_master":
        return 40.0 * trainable_parameters(model, work)
    moves = _FOREACH_MOVES if work.optimizer_copies else _FUSED_MOVES
    return moves * size * trainable_parameters(model, work) / work.shards
