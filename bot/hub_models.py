"""What the Hub's documents say about a model, or why it cannot be fine-tuned here.

Pure: documents in, values out. Does not speak to the Hub.
"""

from collections.abc import Mapping
from typing import Any, Literal

from bot.errors import UserError
from bot.models import ModelInfo

#: Properties of /api/models/{id} that are needed. https://huggingface.co/docs/hub/api#get-apimodelsrepoid
EXPAND = ["cardData", "config", "gated", "gguf", "private", "safetensors", "sha", "siblings", "tags"]

#: Names that the safetensors format gives to numbers. https://huggingface.co/docs/safetensors/index#format
_DTYPES = {"F32": "float32", "BF16": "bfloat16", "F16": "float16"}
#: Configurations that leave `tie_word_embeddings` out mean True only in these families (transformers' classes).
_TIED = ("bloom", "cohere", "falcon", "gemma", "gpt2", "gpt_neo", "opt")
_CAUSAL = ("ForCausalLM", "LMHeadModel")


def check_files(repo_id: str, info: Mapping[str, Any]) -> None:
    """Refuse a repository whose files say that it is no base model for us.

    Raises:
        UserError: it holds an adapter, only GGUF, only pickled weights, or no weights at all.
    """
    files = file_names(info)
    if "adapter_config.json" in files and "config.json" not in files:
        base = next(iter(_bases(info)), None)
        raise UserError(
            f"{repo_id} is an adapter, not a model: it holds only what was trained on top of another.",
            f"Name its base model{f', {base}' if base else ''}, instead.",
        )
    if any(name.endswith(".safetensors") for name in files):
        return
    if any(name.endswith(".gguf") for name in files):
        raise UserError(
            f"{repo_id} holds GGUF files, which are made for running a model and cannot be trained.",
            "Name the repository that it was converted from (its card says which).",
        )
    if any(name.endswith((".bin", ".pt", ".pth", ".ckpt")) for name in files):
        raise UserError(
            f"{repo_id} holds its weights as pickle files only, which can run code when they are loaded.",
            "Name a model with safetensors weights, or convert it first:"
            " https://huggingface.co/docs/safetensors/convert-weights.",
        )
    raise UserError(f"{repo_id} holds no weights.", "Name a repository with safetensors files.")


def read_model(repo_id: str, info: Mapping[str, Any], config: Mapping[str, Any]) -> ModelInfo:
    """Put the facts together.

    Raises:
        UserError: it needs code from its repository, is no causal language model, is stored quantized, or its
            documents lack something.
    """
    _check_config(repo_id, config)
    hidden = _number(config, "hidden_size", "n_embd", "d_model")
    heads = _number(config, "num_attention_heads", "n_head", "num_heads")
    layers = _number(config, "num_hidden_layers", "n_layer", "num_layers")
    vocabulary = _number(config, "vocab_size")
    counts: dict[str, int] = (info.get("safetensors") or {}).get("parameters") or {}
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
    model_type = str(config.get("model_type") or "")
    tied = config.get("tie_word_embeddings")
    card = info.get("cardData") or {}
    return ModelInfo(
        repo_id=str(info.get("id") or repo_id),
        sha=str(info.get("sha") or "main"),
        parameters=parameters,
        dtype=_dtype(counts, config),
        model_type=model_type,
        layers=layers,
        hidden_size=hidden,
        intermediate_size=_active_width(config) or 4 * hidden,
        heads=heads,
        kv_heads=_number(config, "num_key_value_heads", "num_kv_heads") or heads,
        head_dim=_number(config, "head_dim") or hidden // heads,
        vocab_size=vocabulary,
        tied_embeddings=bool(tied) if tied is not None else model_type.startswith(_TIED),
        has_chat_template=has_chat_template(info),
        private=bool(info.get("private")),
        gated=gating(info),
        license=license_of(card),
    )


def file_names(info: Mapping[str, Any]) -> set[str]:
    return {str(item.get("rfilename")) for item in info.get("siblings") or ()}


def has_chat_template(info: Mapping[str, Any]) -> bool:
    """True when the tokenizer brings one, in its configuration or as a file of its own."""
    config = info.get("config") or {}
    tokenizer = config.get("tokenizer_config") or {}
    files = file_names(info)
    return bool(
        config.get("chat_template_jinja")
        or tokenizer.get("chat_template")
        or files & {"chat_template.jinja", "chat_template.json"}
    )


def gating(info: Mapping[str, Any]) -> Literal[False, "auto", "manual"]:
    said = info.get("gated")
    return "auto" if said == "auto" else "manual" if said else False


def license_of(card: Mapping[str, Any]) -> str | None:
    """The license that a card names; several are joined."""
    said = card.get("license")
    if isinstance(said, list):
        return ", ".join(map(str, said)) or None
    return str(said) if said else None


def _check_config(repo_id: str, config: Mapping[str, Any]) -> None:
    architectures = [str(name) for name in config.get("architectures") or ()]
    if config.get("auto_map"):
        raise UserError(
            f"{repo_id} needs code from its own repository to load, and Tunesmith runs no code from repositories.",
            "Name a model whose architecture transformers knows itself.",
        )
    if "vision_config" in config or "audio_config" in config:
        raise UserError(
            f"{repo_id} also reads images or sound ({', '.join(architectures)}); Tunesmith trains text models only.",
            "Name a text-only model of the same family.",
        )
    if architectures and not any(name.endswith(_CAUSAL) for name in architectures):
        raise UserError(
            f"{repo_id} is no causal language model ({', '.join(architectures)}).",
            "Name a model for text generation, such as Qwen/Qwen3-0.6B.",
        )
    if quantization := config.get("quantization_config"):
        how = quantization.get("quant_method", "quantized") if isinstance(quantization, Mapping) else "quantized"
        raise UserError(
            f"The weights of {repo_id} are stored quantized ({how}), and such weights cannot be trained.",
            "Name the original model; 4-bit training quantizes it itself.",
        )


def _bases(info: Mapping[str, Any]) -> list[str]:
    said = (info.get("cardData") or {}).get("base_model")
    return [str(name) for name in said] if isinstance(said, list) else [str(said)] if said else []


def _active_width(config: Mapping[str, Any]) -> int:
    """The width of the MLP that one token passes: of a mixture of experts, all experts that it is sent to."""
    expert = _number(config, "moe_intermediate_size")
    active = _number(config, "num_experts_per_tok")
    if expert and active:
        return expert * active
    width = _number(config, "intermediate_size", "n_inner", "ffn_dim")
    return width * active if active else width


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
