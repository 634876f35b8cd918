"""What the Hub's documents say about a model, or why it cannot be fine-tuned here.

Pure: documents in, values out. Does not speak to the Hub.
"""

from collections.abc import Mapping
from typing import Any, Literal

from bot.errors import Unclear, UserError
from bot.hub_architectures import CAUSAL
from bot.models import ModelInfo

#: Properties of /api/models/{id} that are needed. https://huggingface.co/docs/hub/api#get-apimodelsrepoid
EXPAND = ["cardData", "config", "gated", "gguf", "private", "safetensors", "sha", "siblings", "tags"]

#: Names that the safetensors format gives to numbers. https://huggingface.co/docs/safetensors/index#format
_DTYPES = {"F32": "float32", "BF16": "bfloat16", "F16": "float16"}
#: Bits of one number of each format of safetensors.
_BITS = {"F64": 64, "I64": 64, "U64": 64, "F32": 32, "I32": 32, "U32": 32, "BF16": 16, "F16": 16, "I16": 16, "U16": 16}
#: Configurations that leave `tie_word_embeddings` out mean True only in these families (transformers' classes).
_TIED = ("bloom", "cohere", "falcon", "gemma", "gpt2", "gpt_neo", "opt")
_CAUSAL = ("ForCausalLM", "LMHeadModel")
#: Models that also see or hear and that TRL 1.16 trains on text alone, with the tokenizer in place of the processor:
#: tests/test_seeing_models.py tries it, with all weights and with LoRA.
TRAINED_ON_TEXT = frozenset({"gemma3", "mistral3", "qwen3_5"})
#: Architectures whose attention normalizes queries and keys (their `q_norm` in transformers 5.23).
_QK_NORM = ("qwen3", "gemma3", "gemma4", "olmo2", "olmo3", "olmoe", "exaone4", "hunyuan_v1")
#: Special tokens that chat templates use.
_SPECIAL = ("bos_token", "eos_token", "pad_token", "unk_token")


def check_files(repo_id: str, info: Mapping[str, Any], *, base: str | None = None) -> None:
    """Refuse a repository whose files say that it is no base model for us. `base`: what its adapter_config.json names.

    Raises:
        Unclear: it was made from another model that its card names: that one is offered.
        UserError: it holds an adapter, only GGUF, only pickled weights, or no weights at all.
    """
    files = file_names(info)
    if "adapter_config.json" in files and "config.json" not in files:
        raise instead(
            repo_id,
            f"{repo_id} is an adapter, not a model: it holds only what was trained on top of another.",
            "Name its base model instead.",
            bases_of(info) or ([base] if base else []),
        )
    if any(name.endswith(".safetensors") for name in files):
        return
    if any(name.endswith(".gguf") for name in files):
        raise instead(
            repo_id,
            f"{repo_id} holds GGUF files, which are made for running a model and cannot be trained.",
            "Name the repository that it was converted from (its card says which).",
            bases_of(info),
        )
    if any(name.endswith((".bin", ".pt", ".pth", ".ckpt")) for name in files):
        raise UserError(
            f"{repo_id} holds its weights as pickle files only, which can run code when they are loaded.",
            "Name a model with safetensors weights, or convert it first:"
            " https://huggingface.co/docs/safetensors/convert-weights.",
        )
    raise UserError(f"{repo_id} holds no weights.", "Name a repository with safetensors files.")


def instead(repo_id: str, problem: str, fix: str, bases: list[str]) -> UserError:
    """The refusal, or a question whose answer is the model that the repository was made from."""
    bases = [base for base in bases if base != repo_id and base.count("/") == 1]
    if not bases:
        return UserError(problem, fix)
    told = " or ".join(bases)
    return Unclear(
        f"{problem} Shall I train {told} instead?",
        f"Answer with {told}, or name another.",
        field="model",
        choices=bases,
    )


def read_model(
    repo_id: str,
    info: Mapping[str, Any],
    config: Mapping[str, Any],
    *,
    template: str | None = None,
    stored_bytes: int = 0,
) -> ModelInfo:
    """Put the facts together. `template`: chat_template.jinja, where the Hub's own words do not have its text.

    `stored_bytes`: of all weights together, where the Hub did not count the parameters; 0: unknown.

    Raises:
        Unclear: it is stored quantized and its card names the original.
        UserError: it needs code from its repository, is no causal language model, is stored quantized, or its
            documents lack something.
    """
    _check_config(repo_id, info, config)
    text = _text_part(config)
    hidden = _number(text, "hidden_size", "n_embd", "d_model")
    heads = _number(text, "num_attention_heads", "n_head", "num_heads")
    layers = _number(text, "num_hidden_layers", "n_layer", "num_layers")
    vocabulary = _number(text, "vocab_size") or _number(config, "vocab_size")
    counts = counted_parameters(info) or _parameters_in(stored_bytes, config)
    parameters = sum(counts.values())
    missing = [
        name
        for name, value in (
            ("its number of parameters", parameters),
            ("hidden_size", hidden),
            ("num_attention_heads", heads),
            ("num_hidden_layers", layers),
            ("vocab_size", vocabulary),
        )
        if not value
    ]
    if missing:
        raise UserError(
            f"The Hub does not say {', '.join(missing)} of {repo_id}, so its size cannot be planned.",
            "Name a model with safetensors weights and a complete config.json.",
        )
    model_type = str(text.get("model_type") or config.get("model_type") or "")
    tied = config.get("tie_word_embeddings", text.get("tie_word_embeddings"))
    experts = _number(text, "num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts")
    active = _number(text, "num_experts_per_tok", "num_experts_per_token", "moe_topk", "moe_k") if experts else 0
    width = _number(text, "intermediate_size", "n_inner", "ffn_dim", "ffn_hidden_size") or 4 * hidden
    expert_size = (_number(text, "moe_intermediate_size") or width) if experts else 0
    shared = _number(text, "shared_expert_intermediate_size") or expert_size * _number(text, "n_shared_experts")
    return ModelInfo(
        repo_id=str(info.get("id") or repo_id),
        sha=str(info.get("sha") or "main"),
        parameters=parameters,
        dtype=_dtype(counts, config),
        model_type=model_type,
        layers=layers,
        hidden_size=hidden,
        # of a mixture of experts: what one token passes
        intermediate_size=active * expert_size + shared if active else width,
        heads=heads,
        kv_heads=_number(text, "num_key_value_heads", "num_kv_heads") or heads,
        head_dim=_number(text, "head_dim") or hidden // heads,
        vocab_size=vocabulary,
        tied_embeddings=bool(tied) if tied is not None else model_type.startswith(_TIED),
        has_chat_template=has_chat_template(info),
        chat_template=chat_template(info) or template,
        special_tokens=_special_tokens(info),
        weight_bytes=sum(count * _BITS.get(name, 8) for name, count in counts.items()) // 8,
        qk_norm=model_type.startswith(_QK_NORM) or bool(text.get("use_qk_norm")),
        experts=experts,
        experts_per_token=active,
        expert_size=expert_size,
        context_tokens=_number(text, "max_position_embeddings", "n_positions", "max_sequence_length"),
        also_sees="vision_config" in config or "audio_config" in config,
        private=bool(info.get("private")),
        gated=gating(info),
        license=license_of(info.get("cardData") or {}),
    )


def counted_parameters(info: Mapping[str, Any]) -> dict[str, int]:
    """Parameters by the format of their numbers, as the Hub counted them in the headers; empty: it did not."""
    return dict((info.get("safetensors") or {}).get("parameters") or {})


def _parameters_in(stored_bytes: int, config: Mapping[str, Any]) -> dict[str, int]:
    """The same from the size of all shards, which their index names: all in the format of the configuration."""
    stored = str(config.get("dtype") or config.get("torch_dtype") or "").removeprefix("torch.")
    name = next((name for name, dtype in _DTYPES.items() if dtype == stored), None)
    return {name: 8 * stored_bytes // _BITS[name]} if name and stored_bytes else {}


def file_names(info: Mapping[str, Any]) -> set[str]:
    return {str(item.get("rfilename")) for item in info.get("siblings") or ()}


def has_chat_template(info: Mapping[str, Any]) -> bool:
    """True when the tokenizer brings one, in its configuration or as a file of its own."""
    return chat_template(info) is not None or bool(file_names(info) & {"chat_template.jinja", "chat_template.json"})


def chat_template(info: Mapping[str, Any]) -> str | None:
    """The template's text; of several the one named "default", as transformers takes it."""
    said = (info.get("config") or {}).get("chat_template_jinja") or _tokenizer_config(info).get("chat_template")
    if isinstance(said, list):
        named = {str(item.get("name")): item.get("template") for item in said if isinstance(item, Mapping)}
        said = named.get("default")
    return said if isinstance(said, str) and said else None


def gating(info: Mapping[str, Any]) -> Literal[False, "auto", "manual"]:
    said = info.get("gated")
    return "auto" if said == "auto" else "manual" if said else False


def license_of(card: Mapping[str, Any]) -> str | None:
    """The license that a card names; several are joined."""
    said = card.get("license")
    if isinstance(said, list):
        return ", ".join(map(str, said)) or None
    return str(said) if said else None


def bases_of(info: Mapping[str, Any]) -> list[str]:
    """The models that this one was made from, as its card says."""
    said = (info.get("cardData") or {}).get("base_model")
    return [str(name) for name in said] if isinstance(said, list) else [str(said)] if said else []


def _check_config(repo_id: str, info: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    architectures = [str(name) for name in config.get("architectures") or ()]
    model_type = str(config.get("model_type") or "")
    native = model_type in CAUSAL and all(name.endswith(_CAUSAL) for name in architectures)
    if config.get("auto_map") and not (native or model_type in TRAINED_ON_TEXT):
        raise instead(
            repo_id,
            f"{repo_id} needs code from its own repository to load, and Tunesmith runs no code from repositories.",
            "Name a model whose architecture transformers knows itself.",
            bases_of(info),
        )
    if ("vision_config" in config or "audio_config" in config) and model_type not in TRAINED_ON_TEXT:
        raise UserError(
            f"{repo_id} also reads images or sound ({', '.join(architectures)}); Tunesmith trains text models only.",
            "Name a text-only model of the same family.",
        )
    if architectures and model_type not in TRAINED_ON_TEXT and not any(n.endswith(_CAUSAL) for n in architectures):
        raise UserError(
            f"{repo_id} is no causal language model ({', '.join(architectures)}).",
            "Name a model for text generation: its page on the Hub says so.",
        )
    if model_type and model_type not in CAUSAL | TRAINED_ON_TEXT:
        raise UserError(
            f"transformers 5.23, which the job installs, does not know the architecture of {repo_id} ({model_type}).",
            "Name an older model of the same family.",
        )
    if quantization := config.get("quantization_config"):
        how = quantization.get("quant_method", "quantized") if isinstance(quantization, Mapping) else "quantized"
        raise instead(
            repo_id,
            f"The weights of {repo_id} are stored quantized ({how}), and such weights cannot be trained.",
            "Name the original model; 4-bit training quantizes it itself.",
            bases_of(info),
        )


def _text_part(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Where the sizes of the language model stand: models that also see keep them in a part of their own."""
    part = config.get("text_config")
    return part if isinstance(part, Mapping) else config


def _tokenizer_config(info: Mapping[str, Any]) -> Mapping[str, Any]:
    found = (info.get("config") or {}).get("tokenizer_config")
    return found if isinstance(found, Mapping) else {}


def _special_tokens(info: Mapping[str, Any]) -> dict[str, str]:
    config = _tokenizer_config(info)
    found = {name: config.get(name) for name in _SPECIAL}
    plain = {name: token.get("content") if isinstance(token, Mapping) else token for name, token in found.items()}
    return {name: token for name, token in plain.items() if isinstance(token, str)}


def _dtype(counts: Mapping[str, int], config: Mapping[str, Any]) -> str:
    most = max(counts, key=lambda name: counts[name])
    stored = _DTYPES.get(most) or str(config.get("dtype") or config.get("torch_dtype") or "bfloat16")
    return stored.removeprefix("torch.")


def _number(config: Mapping[str, Any], *names: str) -> int:
    """The first of the names that holds a whole number above 0; 0: none does."""
    for name in names:
        value = config.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    return 0
