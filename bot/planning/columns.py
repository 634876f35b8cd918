"""What a dataset column holds, read from its feature type and a few rows.

Knows the notations of datasets' `Features.to_dict()` and of the dataset viewer. Does not know training methods.
"""

import json
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from bot.rows import ROLES as OTHER_WORDS
from bot.rows.functions import BY_MODEL, BY_USER, SAID, SPEAKERS, answers_as_system, speaker

#: Roles that chat templates know. https://huggingface.co/docs/transformers/chat_templating
ROLES = frozenset({"system", "user", "assistant", "tool"})


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    NUMBER = "number"
    BOOL = "bool"
    #: A number that stands for a name.
    LABEL = "class label"
    #: [{role, content}]
    MESSAGES = "messages"
    #: A single {role, content} or {from, value}.
    TURN = "one message"
    #: [{from, value}] and other words for the same two things.
    SHAREGPT = "sharegpt"
    #: [{question, answer}]: a question and its answer in each item.
    EXCHANGES = "exchanges"
    TEXTS = "list of texts"
    NUMBERS = "list of numbers"
    FLAGS = "list of booleans"
    STRUCT = "struct"
    STRUCTS = "list of structs"
    MEDIA = "media"
    OTHER = "other"


_MEDIA = ("Image", "Audio", "Video", "Pdf", "Nifti", "Mesh", "Array2D", "Array3D", "Array4D", "Array5D")
_MEDIA_NAMES = {
    *("image", "images", "img", "jpg", "jpeg", "png", "webp", "audio", "audios", "wav", "mp3", "flac"),
    *("video", "videos", "mp4", "pixel_values"),
}
#: A question and its answer in one item.
_ASKED = ("user", "human", "instruction", "prompt", "question", "query", "input")
_ANSWERED = ("assistant", "gpt", "bot", "response", "answer", "completion", "output")


def kind_of(name: str, feature: Any) -> Kind:
    """Say what the column holds. A column named `image` holds images even when it only names their files."""
    if is_media(feature) or name.lower() in _MEDIA_NAMES or _is_file(name, feature):
        return Kind.MEDIA
    item = list_item(feature)
    if item is None:
        return _struct_kind(feature) if _is_struct(feature) else _scalar_kind(feature)
    if _is_struct(item):
        return _turns_kind(item)
    return {Kind.TEXT: Kind.TEXTS, Kind.NUMBER: Kind.NUMBERS, Kind.BOOL: Kind.FLAGS}.get(_scalar_kind(item), Kind.OTHER)


#: The path of a file with a picture, sound or film (no address on the web), or how the bytes of one begin in base64.
_MEDIA_FILE = re.compile(r"(?!\w+://)\S+\.(jpe?g|png|webp|gif|wav|mp3|flac|mp4)|(/9j/|iVBORw0|R0lGOD|UklGR)\S*", re.I)


def is_media_file(values: Iterable[Any]) -> bool:
    """True for pictures or sounds, or their paths: what the row says is about them."""
    texts = [value for value in values if isinstance(value, str)]
    return bool(texts) and all(_MEDIA_FILE.fullmatch(text) is not None for text in texts)


def _names_media(name: str) -> bool:
    return bool(set(re.findall(r"[a-z]+\d?", name.lower())) & _MEDIA_NAMES)


def _is_file(name: str, feature: Any) -> bool:
    """True for pictures that were not declared as such: bytes beside a path, or in a column named after images."""
    binary = scalar_type(feature) in ("binary", "large_binary")
    return (binary and _names_media(name)) or (_is_struct(feature) and set(feature) == {"bytes", "path"})


def feature_of(value: Any) -> Any:
    """The feature that fits a JSON value."""
    if isinstance(value, Mapping):
        return {str(key): feature_of(item) for key, item in value.items()}
    if isinstance(value, list):
        return {"_type": "List", "feature": feature_of(value[0]) if value else {"_type": "Value", "dtype": "null"}}
    names = {bool: "bool", int: "int64", float: "float64", str: "string"}
    return {"_type": "Value", "dtype": names.get(type(value), "null")}


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
        item = feature.get("feature", {})
        # a sequence of structs is stored as a struct of lists: https://huggingface.co/docs/datasets/about_dataset_features
        return None if feature["_type"] == "Sequence" and _is_struct(item) and "role" not in item else item
    return None


def fields_of(feature: Any) -> Mapping[str, Any]:
    """The features of a struct's keys; {} for what is none."""
    if isinstance(feature, Mapping) and feature.get("_type") == "Sequence" and _is_struct(feature.get("feature")):
        return {key: {"_type": "List", "feature": value} for key, value in feature["feature"].items()}
    if isinstance(feature, Mapping) and feature.get("_type") in ("Translation", "TranslationVariableLanguages"):
        return {language: {"_type": "Value", "dtype": "string"} for language in feature.get("languages", ())}
    return feature if _is_struct(feature) else {}


def exchange_keys(feature: Any) -> tuple[str, str] | None:
    """The keys of question and answer in each item of a list."""
    item = list_item(feature)
    if not _is_struct(item):
        return None
    asked, answered = _first(_ASKED, item), _first(_ANSWERED, item)
    return (asked, answered) if asked and answered else None


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


def role_words(values: Iterable[Any]) -> set[str]:
    """Who speaks in these conversations, in their own words."""
    found = set()
    for value in values:
        words = [speaker(turn) for turn in turns(value)]
        if answers_as_system([word.lower() for word in words]):
            words = [word if word.lower() == "user" else "agent" for word in words]
        found.update(words)
    return found


def translated_roles(words: Iterable[str]) -> set[str]:
    """The words of the chat templates for these; an unknown word stays as it is."""
    return {OTHER_WORDS.get(word.lower(), word.lower()) for word in words}


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


def json_value(text: Any) -> Any:
    """The list or struct that a text holds as JSON; None for any other text."""
    if not isinstance(text, str) or text.lstrip()[:1] not in ("[", "{"):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def _first(names: tuple[str, ...], item: Mapping[str, Any]) -> str | None:
    return next((key for key in item if key.lower() in names), None)


def _turns_kind(item: Mapping[str, Any]) -> Kind:
    keys = {key.lower() for key in item}
    if {"role", "content"} <= keys:
        return Kind.MESSAGES
    if keys & {*SPEAKERS, *BY_USER, *BY_MODEL} and keys & set(SAID):
        return Kind.SHAREGPT
    if _first(_ASKED, item) and _first(_ANSWERED, item):
        return Kind.EXCHANGES
    return Kind.STRUCTS


def _struct_kind(feature: Mapping[str, Any]) -> Kind:
    return Kind.TURN if _turns_kind(feature) in (Kind.MESSAGES, Kind.SHAREGPT) and len(feature) <= 4 else Kind.STRUCT


def _scalar_kind(feature: Any) -> Kind:
    name = scalar_type(feature)
    if name in ("string", "large_string", "string_view"):
        return Kind.TEXT
    if name == "bool":
        return Kind.BOOL
    if name == "ClassLabel":
        return Kind.LABEL
    if name is not None and name.startswith(("int", "uint", "float", "decimal")):
        return Kind.NUMBER
    return Kind.OTHER


def _is_struct(feature: Any) -> bool:
    return isinstance(feature, Mapping) and not isinstance(feature.get("_type"), str)
