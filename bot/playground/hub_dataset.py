"""Read a dataset repository as the `datasets` library would: its configurations, splits, rows and features.

Knows JSON lines, image folders with metadata.jsonl, and the `configs` of a card. Does not know HTTP.
"""

import fnmatch
import json
import struct
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from bot.playground.hub_info import card_data
from bot.playground.hub_store import File, Repo

_SPLITS = {"train": "train", "test": "test", "eval": "test", "validation": "validation", "valid": "validation"}
_SPLITS |= {"dev": "validation", "val": "validation"}
#: The first that occurs holds the values: a whole number fits a float64.
_DTYPES = ((float, "float64"), (int, "int64"), (bool, "bool"), (str, "string"))
_LINES = (".jsonl", ".json", ".ndjson")
_IMAGES = (".png", ".jpg", ".jpeg")


@dataclass(frozen=True)
class Config:
    """A configuration (subset) of a dataset."""

    name: str
    #: Split -> paths of its files.
    splits: dict[str, list[str]]
    #: datasets' module: "json" or "imagefolder".
    builder: str


def configs_of(repo: Repo) -> list[Config]:
    """The configurations: those that the card names, else a single "default" from the file names."""
    paths = [path for path in repo.head.files if PurePosixPath(path).suffix in (*_LINES, *_IMAGES)]
    named = card_data(repo, repo.head).get("configs")
    if not isinstance(named, list):
        splits: dict[str, list[str]] = {}
        for path in sorted(paths):
            splits.setdefault(_split_of(path), []).append(path)
        order = ("train", "validation", "test")
        ordered = {split: splits[split] for split in order if split in splits}
        return [Config("default", ordered, _builder(paths))] if ordered else []
    configs = []
    for entry in named:
        data_files = entry.get("data_files", "*")
        if not isinstance(data_files, list) or (data_files and isinstance(data_files[0], str)):
            data_files = [{"split": "train", "path": data_files}]
        splits = {}
        for part in data_files:
            patterns = part["path"] if isinstance(part["path"], list) else [part["path"]]
            splits[part["split"]] = [p for p in sorted(paths) if any(fnmatch.fnmatchcase(p, q) for q in patterns)]
        files = [path for found in splits.values() for path in found]
        configs.append(Config(str(entry["config_name"]), splits, _builder(files)))
    return configs


def rows_of(repo: Repo, config: Config, split: str, *, address: str = "") -> list[dict[str, Any]]:
    """All rows of a split, every row with every column. `address` of the Hub goes before the pictures' paths."""
    rows = []
    for path in config.splits[split]:
        if config.builder == "json":
            rows += _lines(repo, path)
        elif PurePosixPath(path).name == "metadata.jsonl":
            folder = PurePosixPath(path).parent
            for row in _lines(repo, path):
                picture = str(folder / row.pop("file_name"))
                rows.append({"image": _picture(repo, picture, address), **row})
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return [{name: row.get(name) for name in columns} for row in rows]


def features_of(repo: Repo, config: Config) -> dict[str, Any]:
    """The columns in the notation of datasets' `Features.to_dict()`."""
    rows = [row for split in config.splits for row in rows_of(repo, config, split)]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    features = {name: infer([row.get(name) for row in rows]) for name in columns}
    if config.builder == "imagefolder":
        features["image"] = {"_type": "Image"}
    return features


def infer(values: list[Any]) -> dict[str, Any]:
    """The feature that holds all these values, as the JSON reader of datasets 5.2 infers it.

    What has no common type is "Json" (datasets/utils/json.py): objects with different keys, numbers beside texts.
    """
    known = [value for value in values if value is not None]
    kinds = {type(value) for value in known}
    if kinds == {dict}:
        keys = list(known[0])
        if not keys or any(value.keys() != known[0].keys() for value in known):
            return {"_type": "Json"}
        return {key: infer([value[key] for value in known]) for key in keys}
    if kinds == {list}:
        return {"feature": infer([item for value in known for item in value]), "_type": "List"}
    if len(kinds) > 1 and kinds != {int, float}:
        return {"_type": "Json"}
    dtype = next((name for kind, name in _DTYPES if kind in kinds), "null")
    return {"dtype": dtype, "_type": "Value"}


def _builder(paths: list[str]) -> str:
    return "imagefolder" if any(PurePosixPath(path).suffix in _IMAGES for path in paths) else "json"


def _split_of(path: str) -> str:
    """The split that a path's folder or name tells; "train" when it tells none."""
    for part in reversed(PurePosixPath(path).with_suffix("").parts):
        for word in part.lower().replace("-", "_").replace(".", "_").split("_"):
            if word in _SPLITS:
                return _SPLITS[word]
    return "train"


def _lines(repo: Repo, path: str) -> list[dict[str, Any]]:
    content = (repo.read(path) or b"").decode()
    if content.lstrip().startswith("["):
        return [dict(row) for row in json.loads(content)]
    return [json.loads(line) for line in content.splitlines() if line.strip()]


def _picture(repo: Repo, path: str, address: str) -> dict[str, Any]:
    file: File = repo.head.files[path]
    head = repo.path_of(file).read_bytes()[:24]
    # the PNG header chunk: https://www.w3.org/TR/png-3/#11IHDR
    width, height = struct.unpack(">II", head[16:24]) if head.startswith(b"\x89PNG") else (None, None)
    return {"src": f"{address}/datasets/{repo.id}/resolve/main/{path}", "height": height, "width": width}
