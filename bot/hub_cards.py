"""What the card of a dataset says of its configurations and splits. Pure: does not ask the Hub.

A card lists them for the `datasets` library, which loads what stands there and nothing else
(https://huggingface.co/docs/hub/datasets-manual-configuration); counts and bytes are added by whatever pushed the rows.
"""

from collections.abc import Mapping
from typing import Any

from bot.models import Value


class Part(Value):
    """A split, as the card has it."""

    #: None: the card does not say.
    rows: int | None = None
    #: Mean bytes of a row; 0: the card does not say.
    row_bytes: int = 0


def parts_of(card: Mapping[str, Any]) -> dict[str, dict[str, Part]]:
    """Configuration -> split -> what the card says; {}: it lists none, so there is a single one, "default".

    A configuration without splits takes them from the names of its files.
    """
    info = card.get("dataset_info")
    measured = {
        str(entry.get("config_name") or "default"): _measured(entry.get("splits"))
        for entry in (info if isinstance(info, list) else [info])
        if isinstance(entry, Mapping)
    }
    listed = card.get("configs")
    if not isinstance(listed, list):
        return measured
    found = {}
    for entry in listed:
        if isinstance(entry, Mapping) and "config_name" in entry:
            name = str(entry["config_name"])
            known = measured.get(name, {})
            found[name] = {split: known.get(split, Part()) for split in _splits(entry.get("data_files")) or known}
    return found


def _measured(splits: Any) -> dict[str, Part]:
    found = {}
    for split in splits if isinstance(splits, list) else []:
        if isinstance(split, Mapping) and "name" in split:
            rows, size = split.get("num_examples"), split.get("num_bytes")
            count = int(rows) if isinstance(rows, int | float) else None
            each = int(size / count) if count and isinstance(size, int | float) else 0
            found[str(split["name"])] = Part(rows=count, row_bytes=each)
    return found


def _splits(files: Any) -> list[str]:
    """The splits that a list of files names; files without a split are all for training."""
    if isinstance(files, str):
        return ["train"]
    if not isinstance(files, list):
        return []
    named = [str(entry["split"]) for entry in files if isinstance(entry, Mapping) and "split" in entry]
    return named or (["train"] if files else [])
