"""A child process that reads the first rows of a dataset: `python -m bot.hub_peek`, JSON in, one line of JSON out.

Started by bot/hub_datasets.py when the dataset viewer has no answer. It alone imports `datasets`; it limits its own
memory and processor time and writes only where its environment says. Reads at most the rows that it is asked for.
"""

import json
import resource
import sys
from typing import Any

#: Bytes of address space: pyarrow reserves far more than it uses.
_MEMORY_BYTES = 12 * 2**30
#: Seconds of processor time.
_CPU_S = 60
_LONGEST_TEXT = 50_000


def main() -> int:
    """Answer one question; errors are part of the answer."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
    wanted = json.load(sys.stdin)
    try:
        answer = peek(wanted)
    except Exception as error:  # noqa: BLE001 - `datasets` raises anything; whatever it is, the parent tells it
        said = str(error).strip().splitlines()
        answer = {"error": said[0] if said else type(error).__name__}
    sys.stdout.write(json.dumps(answer, default=_plain) + "\n")
    return 0


def peek(wanted: dict[str, Any]) -> dict[str, Any]:
    """Configurations, splits, features and rows; without rows when the configuration or split is not clear yet."""
    # imported here, below the limits that main() sets
    from datasets import (  # type: ignore[import-untyped]  # ships no types
        Dataset,
        get_dataset_config_names,
        get_dataset_split_names,
        load_dataset,
    )

    from bot.errors import UserError
    from bot.hub_datasets import choose_config, choose_split
    from bot.planning.columns import is_media

    repo_id, revision = wanted["repo_id"], wanted["revision"]
    configs = get_dataset_config_names(repo_id, revision=revision)
    answer: dict[str, Any] = {"configs": configs, "splits": [], "features": {}, "rows": []}
    try:
        config = choose_config(repo_id, configs, wanted["config"])
        answer["splits"] = get_dataset_split_names(repo_id, config, revision=revision)
        split = choose_split(repo_id, answer["splits"], wanted["split"], wanted["method"])
    except UserError:
        return answer  # the parent asks the person
    stream = load_dataset(repo_id, config, split=split, revision=revision, streaming=True)
    if stream.features and is_media(stream.features.to_dict()):
        return answer | {"features": stream.features.to_dict()}  # reading pictures needs more packages, and nobody asks
    rows = list(stream.take(wanted["rows"]))
    features = stream.features or Dataset.from_list(rows).features
    return answer | {"features": features.to_dict(), "rows": rows}


def _plain(value: object) -> str:
    """Write what JSON has no word for."""
    return f"<{len(value)} bytes>" if isinstance(value, bytes) else str(value)[:_LONGEST_TEXT]


if __name__ == "__main__":
    sys.exit(main())
