"""Datasets on the Hub: which configuration and split, and their columns and first rows.

The card says which configurations and splits there are, and the dataset viewer has the rows and their number
(https://huggingface.co/docs/dataset-viewer). Where the card leaves that open, the viewer lists them; where the viewer
has no answer, a child process streams the first rows with `datasets`, so that this process never imports it and no name
that a person typed reaches it here.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

from bot.errors import HubRefusal, Transient, Unclear, UserError
from bot.hub_cards import Part, parts_of
from bot.hub_reader import HubReader
from bot.models import Method, Value

#: Sample rows that a plan keeps, and characters of them all together.
MAX_ROWS, MAX_CHARACTERS = 50, 200_000
#: Rows that are asked for, and bytes of them all together: the reader takes 5 MB.
_ASKED_ROWS, _ASKED_BYTES = 100, 3_000_000
#: Bytes beyond which /first-rows shortens the cells of its last rows: then /rows is asked, which shortens none.
_FIRST_ROWS_BYTES = 200_000
#: Seconds for the child process.
PEEK_TIMEOUT_S = 90.0
_SHOWN = 10
#: What the names of splits say of the method that they are made for.
_PAIRS = {"prefs", "pref", "preference", "preferences", "dpo", "rm"}
_SPLIT_WORDS = {
    Method.SFT: {"sft"},
    Method.DPO: _PAIRS,
    Method.KTO: _PAIRS,
    Method.REWARD: _PAIRS,
    Method.GRPO: {"grpo", "rl", "rlvr", "ppo"},
}
#: Configurations that are meant when none is named.
_USUAL = ("default", "main")


class Sample(Value):
    """The part of a dataset that one training would use."""

    config: str
    configs: tuple[str, ...]
    #: Rows of each split of the configuration; None: unknown.
    splits: dict[str, int | None]
    split: str
    features: dict[str, Any]
    rows: tuple[dict[str, Any], ...]
    #: Further whole rows, to be measured.
    more_rows: tuple[dict[str, Any], ...] = ()


class DatasetReader:
    """Looks into datasets. Safe to call from several threads."""

    def __init__(self, reader: HubReader, *, viewer_url: str, endpoint: str, token: str) -> None:
        self._reader = reader
        self._viewer = viewer_url.rstrip("/")
        self._endpoint = endpoint
        self._token = token
        #: Dataset -> (configuration, split) -> mean bytes of a row, from when it was sized until it is sampled.
        self._row_bytes: dict[str, dict[tuple[str, str], int]] = {}

    def by_card(
        self, repo_id: str, card: Mapping[str, Any], config: str | None, split: str | None, method: Method | None
    ) -> Sample | None:
        """Read the first rows of what the card leads to, in one call; None: ask what there is first.

        A card that lists nothing means one configuration, and most data to train on is called "train".
        """
        listed = parts_of(card) or {config or "default": {}}
        try:
            chosen = choose_config(repo_id, list(listed), config)
            parts = listed[chosen]
            part = choose_split(repo_id, list(parts), split, method) if parts else split or "train"
        except UserError:
            return None  # the viewer knows better than a card what there is
        told = parts.get(part, Part())
        try:
            answer = self._rows({"dataset": repo_id, "config": chosen, "split": part}, told.row_bytes)
        except (HubRefusal, Transient) as error:
            _let_through(error)
            return None
        found, total = _columns_and_rows(answer), answer.get("num_rows_total")
        if found is None or not isinstance(total, int):
            return None
        # of large data the viewer reads only a part
        rows = max(total, told.rows or 0) if answer.get("partial") else total
        splits = {name: it.rows for name, it in parts.items()} | {part: rows}
        return _sample(chosen, list(listed), splits, part, *found)

    def sizes(self, repo_id: str) -> dict[str, dict[str, int | None]] | None:
        """Configuration -> split -> rows, as far as the viewer knows; None: it does not know this dataset."""
        try:
            answer = self._ask("size", {"dataset": repo_id})
            splits = (answer.get("size") or {}).get("splits") or ()
            found = _by_config(splits)
            self._row_bytes[repo_id] = {(str(it["config"]), str(it["split"])): _row_bytes(it) for it in splits}
            if found and not answer.get("failed") and not answer.get("pending"):
                return found
            listed = _by_config(self._ask("splits", {"dataset": repo_id}).get("splits") or ())
        except (HubRefusal, Transient) as error:
            _let_through(error)
            return None
        return {config: splits | found.get(config, {}) for config, splits in listed.items()} or None

    def sample(
        self,
        repo_id: str,
        sha: str,
        sizes: Mapping[str, Mapping[str, int | None]] | None,
        config: str | None,
        split: str | None,
        method: Method | None,
    ) -> Sample:
        """Choose and read the first rows; the method tells splits apart that are made for different ones.

        Raises:
            Unclear: several configurations or splits, and none named.
            UserError: no such configuration or split, or the dataset cannot be read at all.
        """
        if sizes is not None:
            chosen = choose_config(repo_id, list(sizes), config)
            part = choose_split(repo_id, list(sizes[chosen]), split, method)
            found = self._first_rows(repo_id, chosen, part)
            if found is not None:
                return _sample(chosen, list(sizes), sizes[chosen], part, *found)
            return self._peek(repo_id, sha, chosen, part, method).model_copy(update={"splits": dict(sizes[chosen])})
        return self._peek(repo_id, sha, config, split, method)

    def _first_rows(self, repo_id: str, config: str, split: str) -> tuple[dict[str, Any], list[dict[str, Any]]] | None:
        """Columns and rows; rows that the viewer shortened are left out as long as whole ones remain."""
        place: dict[str, str | int | list[str]] = {"dataset": repo_id, "config": config, "split": split}
        each = self._row_bytes.pop(repo_id, {}).get((config, split), 0)
        if each * _ASKED_ROWS > _FIRST_ROWS_BYTES:
            try:
                return _columns_and_rows(self._rows(place, each))
            except (HubRefusal, Transient) as error:
                _let_through(error)  # too large, or not to be had row by row: the first ones then
        try:
            answer = self._ask("first-rows", place)
            entries = answer.get("rows") or []
            if entries and all(entry.get("truncated_cells") for entry in entries):
                answer = self._ask("rows", place | {"offset": 0, "length": 10})
                entries = answer.get("rows") or entries
        except (HubRefusal, Transient) as error:
            _let_through(error)
            return None
        return _columns_and_rows({"features": answer.get("features"), "rows": entries})

    def _rows(self, place: Mapping[str, str | int | list[str]], row_bytes: int) -> Mapping[str, Any]:
        """Whole rows, as many as an answer may hold; `row_bytes` 0: nobody knows how long they are."""
        length = max(10, min(_ASKED_ROWS, _ASKED_BYTES // row_bytes)) if row_bytes else _ASKED_ROWS
        return self._ask("rows", {**place, "offset": 0, "length": length})

    def _ask(self, path: str, params: Mapping[str, str | int | list[str]]) -> Mapping[str, Any]:
        answer = self._reader.get(f"{self._viewer}/{path}", params, doing="asking the dataset viewer")
        return answer if isinstance(answer, Mapping) else {}

    def _peek(self, repo_id: str, sha: str, config: str | None, split: str | None, method: Method | None) -> Sample:
        """Read the first rows in a child process that knows nothing but this dataset and the token."""
        wanted = {"repo_id": repo_id, "revision": sha, "config": config, "split": split, "rows": MAX_ROWS,
                  "method": method}  # fmt: skip
        with tempfile.TemporaryDirectory(prefix="tunesmith-") as folder:
            # built from nothing: the child gets no secret but the Hub's token
            environment = {
                "HF_TOKEN": self._token,
                "HF_ENDPOINT": self._endpoint,
                "HF_HOME": folder,
                "HF_HUB_DISABLE_TELEMETRY": "1",
                "HF_HUB_DISABLE_PROGRESS_BARS": "1",
                "HOME": folder,
                "PYTHONUTF8": "1",
            }
            try:
                done = subprocess.run(
                    [sys.executable, "-m", "bot.hub_peek"],
                    input=json.dumps(wanted),
                    capture_output=True,
                    text=True,
                    timeout=PEEK_TIMEOUT_S,
                    env=environment,
                    cwd=folder,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                raise UserError(
                    f"The first rows of {repo_id} did not arrive within {PEEK_TIMEOUT_S:.0f} seconds.",
                    "Try again later, or use a dataset that the dataset viewer on its page can show.",
                ) from None
        answer = _last_json(done.stdout)
        if answer is None or "error" in answer:
            said = str(answer["error"] if answer else f"it ended with status {done.returncode}")
            if "scripts are no longer supported" in said:
                # since datasets 4: https://github.com/huggingface/datasets/releases/tag/4.0.0
                raise UserError(
                    f"Dataset {repo_id} is a Python script that builds its rows; such scripts are not run any more.",
                    "Name a copy of it as Parquet or JSON files: many of these are on the Hub under other owners.",
                )
            raise UserError(
                f"Dataset {repo_id} cannot be read: {said[:300]}.",
                "Look at its page on the Hub: the dataset viewer there has to show rows.",
            )
        chosen = choose_config(repo_id, answer["configs"], config)
        part = choose_split(repo_id, answer.get("splits") or [], split, method)
        return Sample(
            config=chosen,
            configs=tuple(answer["configs"]),
            splits=dict.fromkeys(answer["splits"]),
            split=part,
            features=answer["features"],
            rows=few(answer["rows"]),
        )


def choose_config(repo_id: str, configs: Sequence[str], named: str | None) -> str:
    """The configuration that was named, in capitals or not; else the only one, "default" or "main".

    Raises:
        UserError: there is no such configuration.
        Unclear: there are several, and none was named.
    """
    if named is not None:
        if (meant := _meant(configs, named)) is not None:
            return meant
        raise UserError(
            f"Dataset {repo_id} has no configuration “{named}”.", f"It has {_listing(configs)}: name one of them."
        )
    if len(configs) == 1:
        return configs[0]
    for usual in _USUAL:
        if usual in configs:
            return usual
    # "all" is one among others, but often what somebody means who named none
    configs = sorted(configs, key=lambda config: config != "all")
    raise Unclear(
        f"Dataset {repo_id} has {len(configs)} configurations; which one?",
        f"Answer with one of {_listing(configs)}.",
        field="dataset_config",
        choices=configs[:_SHOWN],
    )


def choose_split(repo_id: str, splits: Sequence[str], named: str | None, method: Method | None = None) -> str:
    """The split that was named, in capitals or not; else "train", the only one with "train" in it, or the only one.

    Of several with "train" in them, the one whose name says the method, such as "train_prefs" for DPO.

    Raises:
        UserError: there is no such split.
        Unclear: there are several, and none was named.
    """
    if named is not None:
        if (meant := _meant(splits, named)) is not None:
            return meant
        raise UserError(f"Dataset {repo_id} has no split “{named}”.", f"It has {_listing(splits)}: name one of them.")
    if "train" in splits:
        return "train"
    alike = [split for split in splits if "train" in split] or list(splits)
    if len(alike) > 1 and method is not None:
        made = [split for split in alike if _SPLIT_WORDS[method] & set(split.lower().replace("-", "_").split("_"))]
        alike = made if len(made) == 1 else alike
    if len(alike) == 1:
        return alike[0]
    raise Unclear(
        f"Dataset {repo_id} has no split named “train”; which one?",
        f"Answer with one of {_listing(splits)}.",
        field="split",
        choices=[*alike, *(split for split in splits if split not in alike)][:_SHOWN],
    )


def _meant(names: Sequence[str], named: str) -> str | None:
    """The name that was typed, capitals aside."""
    alike = [name for name in names if name.lower() == named.lower()]
    return named if named in names else alike[0] if len(alike) == 1 else None


def _sample(
    config: str,
    configs: Sequence[str],
    splits: Mapping[str, int | None],
    split: str,
    features: dict[str, Any],
    rows: Sequence[dict[str, Any]],
) -> Sample:
    kept = few(rows)
    return Sample(
        config=config,
        configs=tuple(configs),
        splits=dict(splits),
        split=split,
        features=features,
        rows=kept,
        more_rows=tuple(rows[len(kept) : _ASKED_ROWS]),
    )


def few(rows: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """As many of the first rows as a plan keeps; at least one."""
    kept: list[dict[str, Any]] = []
    room = MAX_CHARACTERS
    for row in rows[:MAX_ROWS]:
        room -= len(json.dumps(row, ensure_ascii=False, default=str))
        if kept and room < 0:
            break
        kept.append(row)
    return tuple(kept)


def _columns_and_rows(answer: Mapping[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]] | None:
    """The columns and the whole rows of an answer of the viewer; None: it has columns or rows, not both."""
    entries = answer.get("rows") or []
    features = {str(item["name"]): item["type"] for item in answer.get("features") or ()}
    whole = [entry["row"] for entry in entries if not entry.get("truncated_cells")]
    return (features, whole) if features and (whole or not entries) else None


def _row_bytes(split: Mapping[str, Any]) -> int:
    """Mean bytes of a row in memory; 0: unknown."""
    return int(split.get("num_bytes_memory") or 0) // max(1, int(split.get("num_rows") or 0))


def _by_config(splits: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, int | None]]:
    found: dict[str, dict[str, int | None]] = {}
    for item in splits:
        rows = item.get("num_rows")
        found.setdefault(str(item["config"]), {})[str(item["split"])] = int(rows) if rows is not None else None
    return found


def _let_through(error: HubRefusal | Transient) -> None:
    """A rate limit is no reason to read the dataset another way."""
    if isinstance(error, Transient) and error.retry_after_s is not None:
        raise error


def _listing(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _last_json(text: str) -> dict[str, Any] | None:
    """The last line that is a JSON object: libraries may print before it."""
    for line in reversed(text.splitlines()):
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            return value
    return None
