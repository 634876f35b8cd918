"""What a dataset column holds, read from its feature type and a few rows.

Knows the notations of datasets' `Features.to_dict()` and of the dataset viewer. Does not know training methods.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

#: Roles that chat templates know. https://huggingface.co/docs/transformers/chat_templating
ROLES = frozenset({"system", "user", "assistant", "tool"})
#: Other words for them, which the script translates (ROLES in templates/scripts/base.py.j2; a test compares the two).
#: Source: LLaMA-Factory data/README.md and https://github.com/lm-sys/FastChat/blob/main/docs/training.md
ROLE_MAP = {
    "human": "user",
    "prompter": "user",
    "instruction": "user",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bot": "assistant",
    "model": "assistant",
    "bing": "assistant",
    "bard": "assistant",
    "chatbot": "assistant",
    "function_call": "assistant",
    "developer": "system",
    "function": "tool",
    "function_response": "tool",
    "observation": "tool",
}


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    NUMBER = "number"
    BOOL = "bool"
    #: [{role, content}]
    MESSAGES = "messages"
    #: [{from, value}]
    SHAREGPT = "sharegpt"
    TEXTS = "list of texts"
    MEDIA = "media"
    OTHER = "other"


_MEDIA = ("Image", "Audio", "Video", "Pdf", "Nifti")
_MEDIA_NAMES = {"image", "images", "audio", "audios", "video", "videos"}


def kind_of(name: str, feature: Any) -> Kind:
    """Say what the column holds. A column named `image` holds images even when it only names their files."""
    if is_media(feature) or name.lower() in _MEDIA_NAMES:
        return Kind.MEDIA
    item = list_item(feature)
    if item is None:
        return _scalar_kind(feature)
    keys = set(item) if _is_struct(item) else set()
    if {"role", "content"} <= keys:
        return Kind.MESSAGES
    if {"from", "value"} <= keys:
        return Kind.SHAREGPT
    if scalar_type(item) in ("string", "large_string"):
        return Kind.TEXTS
    return Kind.OTHER


def is_media(feature: Any) -> bool:
    """True for images, audio and the like, also inside lists and structs."""
    if isinstance(feature, list):
        return any(is_media(item) for item in feature)
    if not isinstance(feature, Mapping):
        return False
    if feature.get("_type") in _MEDIA:
        return True
    if isinstance(feature.get("_type"), str):
        return is_media(feature.get("feature"))
    return any(is_media(value) for value in feature.values())


def list_item(feature: Any) -> Any:
    """The feature of a list's items; None for what is no list."""
    if isinstance(feature, list):
        return feature[0] if feature else {}
    if isinstance(feature, Mapping) and feature.get("_type") in ("List", "LargeList", "Sequence"):
        return feature.get("feature", {})
    return None


def scalar_type(feature: Any) -> str | None:
    """Such as "string", "int64", "ClassLabel"; None for lists and structs."""
    if not isinstance(feature, Mapping):
        return None
    if feature.get("_type") == "Value" and isinstance(feature.get("dtype"), str):
        return str(feature["dtype"])
    return "ClassLabel" if feature.get("_type") == "ClassLabel" else None


def turns(value: Any) -> list[Mapping[str, Any]]:
    """The messages of one cell; [] when it holds none."""
    if not isinstance(value, list):
        return []
    return [turn for turn in value if isinstance(turn, Mapping)]


def roles(rows: Iterable[Mapping[str, Any]], name: str) -> set[str]:
    """All roles said in the column, translated; an unknown word stays as it is."""
    found = set()
    for row in rows:
        for turn in turns(row.get(name)):
            word = str(turn.get("role", turn.get("from", ""))).lower()
            found.add(ROLE_MAP.get(word, word))
    return found


def need_translation(rows: Iterable[Mapping[str, Any]], name: str) -> bool:
    """True when some role is not in the very words of the chat templates."""
    return any(str(turn["role"]) not in ROLES for row in rows for turn in turns(row.get(name)) if "role" in turn)


def text_of(value: Any) -> str:
    """Everything readable of one cell, to be measured."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "\n".join(text_of(item) for item in value)
    if isinstance(value, Mapping):
        for key in ("content", "value", "text"):
            if key in value:
                return text_of(value[key])
        return "\n".join(text_of(item) for item in value.values())
    return "" if value is None else str(value)


def _scalar_kind(feature: Any) -> Kind:
    name = scalar_type(feature)
    if name in ("string", "large_string", "string_view"):
        return Kind.TEXT
    if name == "bool":
        return Kind.BOOL
    if name is not None and name.startswith(("int", "uint", "float", "decimal")):
        return Kind.NUMBER
    return Kind.OTHER


def _is_struct(feature: Any) -> bool:
    return isinstance(feature, Mapping) and not isinstance(feature.get("_type"), str)
