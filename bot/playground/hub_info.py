"""What the local Hub tells about a model or a dataset: the JSON of /api/models and /api/datasets.

Computed from the files of a commit (card, config, tokenizer, safetensors header), as the real Hub does. Does not know
HTTP or tokens.
"""

import json
import math
import struct
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import yaml

from bot.playground.hub_access import account_id, iso
from bot.playground.hub_store import Commit, File, Repo, lfs_pointer

#: What `expand=` may name, as huggingface_hub 2.4 lists it.
MODEL_PROPERTIES = frozenset(
    [
        "author",
        "baseModels",
        "cardData",
        "childrenModelCount",
        "config",
        "createdAt",
        "disabled",
        "downloads",
        "downloadsAllTime",
        "evalResults",
        "gated",
        "gguf",
        "inference",
        "inferenceProviderMapping",
        "lastModified",
        "library_name",
        "likes",
        "mask_token",
        "model-index",
        "pipeline_tag",
        "private",
        "resourceGroup",
        "safetensors",
        "sha",
        "siblings",
        "spaces",
        "tags",
        "transformersInfo",
        "trendingScore",
        "usedStorage",
        "widgetData",
    ]
)
DATASET_PROPERTIES = frozenset(
    [
        "author",
        "cardData",
        "citation",
        "createdAt",
        "description",
        "disabled",
        "downloads",
        "downloadsAllTime",
        "gated",
        "lastModified",
        "likes",
        "mainSize",
        "paperswithcode_id",
        "private",
        "resourceGroup",
        "sha",
        "siblings",
        "tags",
        "trendingScore",
        "usedStorage",
    ]
)

#: Without `expand`, an info has everything but these.
_ONLY_EXPANDED = frozenset({"baseModels", "mainSize", "downloadsAllTime", "trendingScore", "resourceGroup"})
#: A listing shows these; `full` adds the second line.
_LISTED = frozenset({"likes", "private", "downloads", "tags", "pipeline_tag", "library_name", "createdAt"})
_LISTED_FULL = _LISTED | {"author", "gated", "disabled", "lastModified", "sha", "siblings", "description"}

#: Special tokens that the real Hub copies from tokenizer_config.json.
_TOKENS = ("bos_token", "eos_token", "pad_token", "unk_token")

_TASKS = {"ForCausalLM": "text-generation", "ForSequenceClassification": "text-classification"}


def card_data(repo: Repo, commit: Commit) -> dict[str, Any]:
    """The YAML block on top of the card; empty when there is none or it is broken."""
    return split_card((repo.read("README.md", commit) or b"").decode(errors="replace"))[0]


def split_card(text: str) -> tuple[dict[str, Any], str]:
    """Cut a card into its metadata and its text."""
    text = text.replace("\r\n", "\n")
    if not text.startswith("---\n") or "\n---" not in text[3:]:
        return {}, text
    head, _, body = text[4:].partition("\n---")
    try:
        metadata = yaml.safe_load(head)
    except yaml.YAMLError:
        return {}, body.lstrip("\n")
    return metadata if isinstance(metadata, dict) else {}, body.lstrip("-").lstrip("\n")


def safetensors_header(path: Path) -> dict[str, Any]:
    """Read the JSON header of a safetensors file; empty when it is none.

    Format: 8 bytes little-endian length, then JSON (https://huggingface.co/docs/safetensors/index#format).
    """
    with path.open("rb") as file:
        prefix = file.read(8)
        if len(prefix) < 8:
            return {}
        (length,) = struct.unpack("<Q", prefix)
        if length > 25_000_000:
            return {}
        try:
            header = json.loads(file.read(length))
        except ValueError:
            return {}
    return header if isinstance(header, dict) else {}


def safetensors_info(repo: Repo, commit: Commit) -> dict[str, Any] | None:
    """Count the parameters by type of number, from the headers of the weights; None: no safetensors weights."""
    if "model.safetensors" in commit.files:
        names: Collection[str] = ["model.safetensors"]
    else:
        index = _json_file(repo, commit, "model.safetensors.index.json")
        names = {str(name) for name in index.get("weight_map", {}).values()} & commit.files.keys()
    counts: Counter[str] = Counter()
    for name in names:
        for tensor, about in safetensors_header(repo.path_of(commit.files[name])).items():
            if tensor != "__metadata__":
                counts[about["dtype"]] += math.prod(about["shape"])
    return {"parameters": dict(counts), "total": counts.total()} if counts else None


def siblings(commit: Commit, *, blobs: bool = False) -> list[dict[str, Any]]:
    """The files as an info lists them; sizes and hashes only when `blobs`."""
    return [{"rfilename": path, **(_blob(file) if blobs else {})} for path, file in sorted(commit.files.items())]


def lfs_info(file: File, *, hash_key: str) -> dict[str, Any]:
    """The LFS part of a file's description; empty when it is not in LFS."""
    if file.sha256 is None:
        return {}
    pointer_size = len(lfs_pointer(file.sha256, file.size))
    return {"lfs": {hash_key: file.sha256, "size": file.size, "pointerSize": pointer_size}}


def _blob(file: File) -> dict[str, Any]:
    return {"blobId": file.oid, "size": file.size, **lfs_info(file, hash_key="sha256")}


def _json_file(repo: Repo, commit: Commit, path: str) -> dict[str, Any]:
    try:
        value = json.loads(repo.read(path, commit) or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _model_config(repo: Repo, commit: Commit) -> dict[str, Any] | None:
    """The part of config.json and of the tokenizer's configuration that the real Hub indexes."""
    config = _json_file(repo, commit, "config.json")
    if not config:
        return None
    indexed = ("architectures", "model_type", "auto_map", "quantization_config")
    kept: dict[str, Any] = {key: config[key] for key in indexed if key in config}
    tokenizer = _json_file(repo, commit, "tokenizer_config.json")
    if tokenizer:
        tokens = {key: tokenizer[key] for key in (*_TOKENS, "chat_template") if tokenizer.get(key) is not None}
        kept["tokenizer_config"] = {
            key: value["content"] if isinstance(value, dict) and "content" in value else value
            for key, value in tokens.items()
        }
    template = repo.read("chat_template.jinja", commit)
    if template is not None:
        kept["chat_template_jinja"] = template.decode(errors="replace")
    return kept


def _words(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _common(repo: Repo, commit: Commit, *, blobs: bool) -> dict[str, Any]:
    settings = repo.settings
    return {
        "_id": account_id(f"{repo.kind}/{repo.id}"),
        "id": repo.id,
        "author": repo.id.split("/")[0],
        "sha": commit.sha,
        "lastModified": iso(commit.date),
        "private": settings.private,
        "gated": settings.gated,
        "disabled": False,
        "downloads": 0,
        "downloadsAllTime": 0,
        "likes": 0,
        "trendingScore": 0,
        "resourceGroup": None,
        "createdAt": iso(settings.created_at),
        "siblings": siblings(commit, blobs=blobs),
        "usedStorage": sum({file.etag: file.size for file in commit.files.values()}.values()),
        "cardData": card_data(repo, commit) or None,
    }


def model_info(repo: Repo, commit: Commit, *, blobs: bool = False) -> dict[str, Any]:
    """Everything that is known about a model."""
    info = _common(repo, commit, blobs=blobs)
    card = info["cardData"] or {}
    config = _model_config(repo, commit)
    weights = safetensors_info(repo, commit)
    architecture = next(iter((config or {}).get("architectures") or []), "")
    task = card.get("pipeline_tag") or next((t for end, t in _TASKS.items() if architecture.endswith(end)), None)
    library = card.get("library_name") or ("transformers" if config else None)
    if "adapter_config.json" in commit.files and not card.get("library_name"):
        library = "peft"
    bases = _words(card.get("base_model"))
    relation = card.get("base_model_relation") or ("adapter" if library == "peft" else "finetune")
    tags = [
        *([library] if library else []),
        *(["safetensors"] if any(path.endswith(".safetensors") for path in commit.files) else []),
        *([config["model_type"]] if config and "model_type" in config else []),
        *([task] if task else []),
        *_words(card.get("tags")),
        *(["conversational"] if _has_chat_template(config) else []),
        *(f"dataset:{name}" for name in _words(card.get("datasets"))),
        *(f"base_model:{name}" for name in bases),
        *(f"base_model:{relation}:{name}" for name in bases),
        *(f"license:{name}" for name in _words(card.get("license"))),
        "region:us",
    ]
    models = [{"_id": account_id(f"models/{name}"), "id": name} for name in bases]
    return {
        **info,
        "modelId": repo.id,
        "tags": list(dict.fromkeys(tags)),
        "pipeline_tag": task,
        "library_name": library,
        "config": config,
        "safetensors": weights,
        "gguf": None,
        "inference": None,
        "mask_token": None,
        "model-index": None,
        "spaces": [],
        "widgetData": None,
        "childrenModelCount": 0,
        "transformersInfo": {"auto_model": "AutoModelForCausalLM", "pipeline_tag": task, "processor": "AutoTokenizer"}
        if architecture
        else None,
        "baseModels": {"relation": relation, "models": models} if models else None,
    }


def _has_chat_template(config: dict[str, Any] | None) -> bool:
    config = config or {}
    return "chat_template_jinja" in config or "chat_template" in config.get("tokenizer_config", {})


def dataset_info(repo: Repo, commit: Commit, *, blobs: bool = False) -> dict[str, Any]:
    """Everything that is known about a dataset."""
    info = _common(repo, commit, blobs=blobs)
    card = info["cardData"] or {}
    tags = [
        *(f"task_categories:{name}" for name in _words(card.get("task_categories"))),
        *(f"language:{name}" for name in _words(card.get("language"))),
        *(f"license:{name}" for name in _words(card.get("license"))),
        *(f"size_categories:{name}" for name in _words(card.get("size_categories"))),
        *_words(card.get("tags")),
        "library:datasets",
        "region:us",
    ]
    text = split_card((repo.read("README.md", commit) or b"").decode(errors="replace"))[1]
    return {
        **info,
        "tags": list(dict.fromkeys(tags)),
        "description": " ".join(line for line in text.splitlines() if line and not line.startswith("#"))[:500],
        "citation": None,
        "paperswithcode_id": None,
        "mainSize": info["usedStorage"],
    }


def shown(info: dict[str, Any], expand: Sequence[str]) -> dict[str, Any]:
    """The properties that a look-up asks for; `expand` empty: the usual ones."""
    if expand:
        wanted = {"_id", "id", "modelId", *expand}
        return {key: value for key, value in info.items() if key in wanted and value is not None}
    return {key: value for key, value in info.items() if key not in _ONLY_EXPANDED and value is not None}


def listed(info: dict[str, Any], expand: Sequence[str], *, full: bool, also: Collection[str] = ()) -> dict[str, Any]:
    """The properties that a listing asks for."""
    if expand:
        return shown(info, expand)
    wanted = {"_id", "id", "modelId", *(_LISTED_FULL if full else _LISTED), *also}
    return {key: value for key, value in info.items() if key in wanted and value is not None}
