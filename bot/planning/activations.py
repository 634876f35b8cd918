"""What one training step keeps of a batch: layers, attention scores, the loss head, a generation's cache.

Bytes for one token unless it says otherwise. Counted on what autograd saves of a decoder layer in transformers 5.23
(scaled dot product attention, gated MLP, no dropout), after Korthikanti et al. 2022
(https://arxiv.org/abs/2205.05198), whose terms for attention scores and dropout masks are gone.
"""

from bot.models import ModelInfo, Tuning
from bot.planning.workload import Workload

#: Tile of TRL 1.16's fused head: 4,096 tokens by 32,768 pieces in half precision (trl/kernels/chunked_logprob.py).
_TILE_TOKENS, _TILE_PIECES = 4096, 32_768
#: Bytes of one score of eager attention, and the share that is kept for its backward (2 and 4).
_SCORES, _SCORES_KEPT = 16.5, 6 / 16.5
#: Architectures that normalize queries and keys, which keeps two more tensors a layer.
_QK_NORM = ("qwen3", "gemma3", "gemma4", "olmo2", "olmo3")


def mlp_width(model: ModelInfo) -> int:
    """The width of the MLP that one token passes: of all the experts it visits, in a mixture of experts."""
    return model.experts_per_token * model.expert_size if model.experts else model.intermediate_size


def layer_bytes(model: ModelInfo, work: Workload) -> float:
    """What autograd keeps of one layer for one token, without checkpointing.

    h, f, q, kv are the widths of the residual stream, MLP, queries and keys. A linear layer keeps its input when its
    weight or its adapter learns; a norm keeps input and output in 4 bytes when autocast is on; attention keeps
    queries, keys, values and output; the gated MLP gate, up, activation and product. Under torch.compile the pointwise
    parts are recomputed and only what enters a matrix product is kept: the partitioner's
    `ban_recompute_materialized_backward` (torch/_functorch/config.py).
    """
    h, f = model.hidden_size, mlp_width(model)
    q, kv = model.heads * model.head_dim, model.kv_heads * model.head_dim
    norms = q + kv if model.qk_norm or model.model_type.startswith(_QK_NORM) else 0
    if work.compiled:
        return 8 * h + 6 * f + 4 * q + 4 * kv + 2 * norms
    if work.full:
        wide = work.autocast and work.weight_bytes == 4
        kept = (26 if wide else 16) * h + 8 * f + 4 * q + 4 * kv + 6 * norms
        return 2 * kept if work.weight_bytes == 4 and not work.autocast else kept
    if _wide_stream(work):
        return 20 * h + 12 * f + 12 * q + 8 * kv + 8 * norms
    # each adapter keeps its own input: once in half precision under autocast, else converted to the adapter's 4 bytes
    own = 2 if work.autocast or work.adapter_bytes == 2 else 4
    targets = set(work.lora_targets)
    kept = (8 + own * (len(targets & {"q", "k", "v"}) + len(targets & {"gate", "up"}))) * h
    kept += (6 + own * ("down" in targets)) * f + (4 + own * ("o" in targets)) * q + 4 * kv + 4 * norms
    return 2 * kept if work.weight_bytes == 4 and not work.autocast else kept


def backward_bytes(model: ModelInfo, work: Workload) -> float:
    """What the backward of one layer holds for one token beside what the layer keeps.

    The gradient of the layer's output, and those on their way through the MLP: of the product, of gate's activation
    and of up (2f each). An adapter on down passes its part through 4 bytes and back (6f beside the 2f) before, and
    what it kept is gone after. Eager attention comes last, when gate, up and the activation (6f) are gone; until then
    it keeps the probabilities in 2 and in 4 bytes.
    """
    wide = 2 if (work.weight_bytes == 4 and not work.autocast) or _wide_stream(work) else 1
    h, f, scores = model.hidden_size, mlp_width(model), attention_scores_bytes(model, work)
    learns_down = work.full or "down" in work.lora_targets
    through = 6
    if learns_down:
        through = 8 if not work.full and work.adapter_bytes == 4 and wide == 1 else 4
    return max(wide * (2 * h + through * f) + _SCORES_KEPT * scores, wide * (2 * h - 6 * f) + scores)


def residual_bytes(model: ModelInfo, work: Workload) -> float:
    """The input of one layer, which checkpointing keeps for one token: 4 bytes wide where the embedding is."""
    return model.hidden_size * (4 if work.weight_bytes == 4 or work.kbit_prepared else 2)


def _wide_stream(work: Workload) -> bool:
    """Over 4-bit layers with norms and embedding in 4 bytes all results are as wide, unless autocast is on."""
    return work.kbit_prepared and not work.autocast


def attention_scores_bytes(model: ModelInfo, work: Workload) -> float:
    """All scores of one layer for one token, with eager attention: its backward holds 16.5 bytes of each.

    Scores, masked scores and probabilities in half precision, the softmax in 4 bytes, and the gradients of these.
    """
    return _SCORES * model.heads * work.length if work.attention == "eager" else 0.0


def loss_bytes(model: ModelInfo, work: Workload) -> float:
    """What the loss needs for all tokens of the micro-step together.

    full: the log-softmax, its gradient and that of the loss, 4 bytes each, and the logits themselves in 2 (4 with a
    4-byte head) where the caller keeps them (transformers' `ForCausalLMLoss`). shifted: the same, but the logits were
    turned into 4 bytes before. half: all of these in half precision.
    tiled: one tile, the hidden states' gradient in 4 bytes and, where the head learns, its gradient in 4.
    chunked: half precision logits of all tokens, the loss's own copies of an eighth; the head's gradient twice while
    it is summed.
    """
    tokens, vocab, h = work.tokens, model.vocab_size, model.hidden_size
    head_learns = work.full or work.trains_embeddings
    match work.loss_head:
        case "none":
            return 0.0
        case "fused":
            return 2.0 * h * tokens + (4 * vocab * h if head_learns else 0)
        case "chunked":
            each = 2 + (0.25 if work.compiled else 1.5)
            return each * tokens * vocab + (4 * vocab * h if head_learns else 0)
        case "full":
            wide = work.kbit_prepared or (work.weight_bytes == 4 and not work.autocast)
            return (12.0 + work.keeps_logits * (4 if wide else 2)) * tokens * vocab
        case "shifted":
            return (12.0 + work.keeps_logits * 4) * tokens * vocab
        case "half":
            return (6.0 + work.keeps_logits * 2) * tokens * vocab
        case "tiled":
            tile = 2 * min(tokens, _TILE_TOKENS) * min(vocab, _TILE_PIECES)
            return float(tile + 4 * h * tokens + (4 * vocab * h if head_learns else 0))


def generation_bytes(model: ModelInfo, work: Workload) -> float:
    """GRPO with plain `generate`: keys and values of all sequences in 2 bytes, and the scores of the next token."""
    cache = model.layers * 2 * model.kv_heads * model.head_dim * 2
    return float(work.generated * (work.length * cache + 8 * model.vocab_size))


def adapter_parameters(model: ModelInfo, work: Workload) -> int:
    """Parameters of the adapters: r(in + out) for each linear layer.

    transformers 5 keeps experts as one parameter, which is no linear layer, so adapters leave them alone.
    """
    if work.tuning is Tuning.FULL:
        return 0
    h, f = model.hidden_size, model.intermediate_size
    q, kv = model.heads * model.head_dim, model.kv_heads * model.head_dim
    width = {"q": h + q, "k": h + kv, "v": h + kv, "o": q + h}
    if not model.experts:
        width |= {"gate": h + f, "up": h + f, "down": f + h}
    return model.layers * work.lora_r * sum(width.get(target, 0) for target in work.lora_targets)
