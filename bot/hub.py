"""Hub over the Hugging Face Hub: facts about models, datasets, wallets and what a job left behind.

Only reads. Does not plan: what a model or a dataset is good for is decided elsewhere.
"""

import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from itertools import takewhile
from threading import Lock
from typing import Any

from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id

from bot.errors import HubRefusal, Transient, UserError
from bot.hub_counting import TokenCounter
from bot.hub_datasets import DatasetReader
from bot.hub_http import translated
from bot.hub_models import (
    EXPAND,
    bases_of,
    chat_template,
    check_files,
    counted_parameters,
    file_names,
    gating,
    license_of,
    read_model,
)
from bot.hub_reader import MAX_FILE_BYTES, HubReader
from bot.hub_whoami import read_rights
from bot.models import Counted, DatasetInfo, Landed, Method, ModelInfo, Passage, TokenRights

#: Seconds that whoami is believed: its rate limit is far below that of the other calls.
WHOAMI_TTL_S = 600.0
#: Seconds for which what a search told about a repository is as good as a look at it.
_FOUND_TTL_S = 30.0
_DATASET_EXPAND = ["cardData", "gated", "private", "sha"]
#: Where a script keeps how far it was (templates/scripts/checkpoints.py.j2).
_TRAINER_STATE = "last-checkpoint/trainer_state.json"
#: Repositories of one listing, and configurations that are kept.
_LISTED, _DOCUMENTS = 100, 64


class HfHub:
    """The real Hub. Safe to call from several threads."""

    def __init__(
        self,
        *,
        endpoint: str,
        viewer_url: str,
        token: str,
        timeout_s: float = 20.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reader = HubReader(endpoint=endpoint, token=token, timeout_s=timeout_s)
        self._datasets = DatasetReader(self._reader, viewer_url=viewer_url, endpoint=endpoint, token=token)
        self._counter = TokenCounter()
        self._monotonic = monotonic
        self._rights: tuple[float, TokenRights] | None = None
        #: (kind, repository) -> when a search told about it, and what.
        self._found: dict[tuple[str, str], tuple[float, dict[str, Any]]] = {}
        #: (repository, commit, path) -> a document, which never changes; None: it is not there.
        self._documents: dict[tuple[str, str, str], str | None] = {}
        self._lock = Lock()
        #: Held while whoami is asked, so that it is asked once.
        self._asking = Lock()

    def model(self, repo_id: str) -> ModelInfo:
        """Look a base model up: one call, then two or three side by side."""
        check_repo_id(repo_id, "model")
        self._counter.get_ready()
        doing = f"looking up the model {repo_id}"
        info = self._info("models", repo_id, EXPAND, doing)
        name, sha, files = str(info.get("id") or repo_id), str(info.get("sha") or "main"), file_names(info)
        adapter = not bases_of(info) and "config.json" not in files
        wanted = {
            "config.json": True,
            "adapter_config.json": adapter,
            "chat_template.jinja": chat_template(info) is None,
            "model.safetensors.index.json": not counted_parameters(info),
        }
        with ThreadPoolExecutor(len(wanted) + 1) as pool:
            pool.submit(self._learn_tokenizer, name, sha, files)
            asked = {
                path: pool.submit(self._text, name, sha, path, doing)
                for path, needed in wanted.items()
                if needed and path in files
            }
        found = {path: answer.result() for path, answer in asked.items()}
        check_files(repo_id, info, base=_document(found.get("adapter_config.json")).get("base_model_name_or_path"))
        if (config := found.get("config.json")) is None:
            raise UserError(
                f"{repo_id} has no config.json, so transformers cannot load it.",
                "Name a model in the format of transformers.",
            )
        with translated(doing):
            index = _document(found.get("model.safetensors.index.json"))
            return read_model(
                repo_id,
                info,
                json.loads(config),
                template=found.get("chat_template.jinja"),
                stored_bytes=int((index.get("metadata") or {}).get("total_size") or 0),
            )

    def count(
        self, model: ModelInfo, passages: Sequence[Passage], *, template: str | None, show: int
    ) -> Counted | None:
        """Count the tokens of passages with the model's tokenizer; None: it has none that can be read."""
        return self._counter.count(model, passages, template=template, show=show)

    def dataset(self, repo_id: str, config: str | None, split: str | None, method: Method | None = None) -> DatasetInfo:
        """Look a dataset up: one call, then one for the rows; two more where its card does not lead to them."""
        check_repo_id(repo_id, "dataset")
        info = self._info("datasets", repo_id, _DATASET_EXPAND, f"looking up the dataset {repo_id}")
        sha, card = str(info.get("sha") or "main"), info.get("cardData") or {}
        found = self._datasets.by_card(repo_id, card, config, split, method)
        if found is None:
            sizes = self._datasets.sizes(repo_id)
            if sizes is None and gating(info):
                self._check_access(repo_id)
            found = self._datasets.sample(repo_id, sha, sizes, config, split, method)
        return DatasetInfo(
            repo_id=str(info.get("id") or repo_id),
            sha=sha,
            config=found.config,
            configs=found.configs,
            splits=found.splits,
            features=found.features,
            rows=found.rows,
            more_rows=found.more_rows,
            rows_split=found.split,
            private=bool(info.get("private")),
            gated=gating(info),
            license=license_of(card),
        )

    def search_models(self, words: str, limit: int = 5) -> Sequence[str]:
        """Repo ids that match the words, the most downloaded first."""
        return self._search("models", words, limit)

    def search_datasets(self, words: str, limit: int = 5) -> Sequence[str]:
        """Repo ids that match the words, the most downloaded first."""
        return self._search("datasets", words, limit)

    def namespaces(self) -> Sequence[str]:
        """The token's user first, then its organizations; kept for WHOAMI_TTL_S."""
        return self.rights().namespaces

    def rights(self) -> TokenRights:
        """What the token may do; kept for WHOAMI_TTL_S."""
        with self._asking:
            now = self._monotonic()
            if self._rights is None or now - self._rights[0] > WHOAMI_TTL_S:
                doing = "asking whom the token belongs to"
                me = self._reader.api("whoami-v2", doing=doing)
                with translated(doing):
                    self._rights = (now, read_rights(me))
            return self._rights[1]

    def check_write(self, repo_id: str) -> None:
        """Ask whether the token may write into a model repository that exists.

        Raises:
            HubRefusal: it may not.
        """
        self._reader.allowed(f"models/{repo_id}/auth-check/write", doing=f"asking for the right to write {repo_id}")

    def existing(self, repo_id: str) -> Mapping[str, bool | None]:
        """The model repositories of one owner whose names contain this name -> whether only its owners can read it.

        None: the Hub does not say who can. One that we may not see counts as missing.
        """
        check_repo_id(repo_id, "model")
        owner, _, name = repo_id.partition("/")
        params: dict[str, str | int | list[str]] = {
            "author": owner, "search": name, "limit": _LISTED, "expand": ["private"],
        }  # fmt: skip
        answer = self._reader.api("models", params, doing=f"looking which models {owner} has")
        found = answer if isinstance(answer, list) else []
        return {str(it["id"]): it.get("private") if isinstance(it.get("private"), bool) else None for it in found}

    def repo_exists(self, repo_id: str) -> bool:
        """Whether a model repository of this name exists; one that we may not see counts as missing."""
        return self._model_or_none(repo_id, {"expand": ["sha"]}, f"looking whether {repo_id} exists") is not None

    def landed(self, repo_id: str) -> Landed | None:
        """What the model repository holds now, with sizes."""
        doing = f"looking what arrived in {repo_id}"
        info = self._model_or_none(repo_id, {"blobs": "true"}, doing)
        if info is None:
            return None
        files = {str(item["rfilename"]): int(item.get("size") or 0) for item in info.get("siblings") or ()}
        base = None
        if "adapter_config.json" in files:
            adapter = self._text(repo_id, str(info["sha"]), "adapter_config.json", doing)
            base = _document(adapter).get("base_model_name_or_path")
        return Landed(
            url=f"{self._reader.endpoint}/{repo_id}",
            sha=str(info["sha"]),
            committed_at=datetime.fromisoformat(str(info["lastModified"])),
            files=files,
            adapter_base=str(base) if base else None,
        )

    def newer_commits(self, repo_id: str, commit: str) -> Sequence[str]:
        """Titles of the commits since this one, the newest first; of its first page: many more are not ours anyway."""
        doing = f"looking what changed in {repo_id}"
        history = self._reader.api(f"models/{repo_id}/commits/main", doing=doing)
        return [str(one.get("title")) for one in takewhile(lambda one: one.get("id") != commit, history)]

    def checkpoint_step(self, repo_id: str, commit: str) -> int | None:
        """The step of the checkpoint at a commit; None: that commit is not there, or holds none that can be read."""
        try:
            doing = f"looking for the checkpoint in {repo_id}"
            state = self._reader.file(repo_id, commit, _TRAINER_STATE, doing=doing, limit=MAX_FILE_BYTES)
        except HubRefusal as refusal:
            if refusal.status == 404:
                return None
            raise
        step = _document(state.decode(errors="replace")).get("global_step")
        return step if isinstance(step, int) else None

    def _info(self, kind: str, repo_id: str, expand: list[str], doing: str) -> dict[str, Any]:
        with self._lock:
            at, found = self._found.pop((kind, repo_id), (0.0, {}))
            if found and self._monotonic() - at <= _FOUND_TTL_S:
                return found
        try:
            answer = self._reader.api(f"{kind}/{repo_id}", {"expand": expand}, doing=doing)
        except HubRefusal as refusal:
            if refusal.status == 404:
                raise self._unknown(kind, repo_id) from refusal
            if refusal.status == 403:
                raise self._locked(kind, repo_id) from refusal
            raise
        return answer if isinstance(answer, dict) else {}

    def _text(self, repo_id: str, sha: str, path: str, doing: str) -> str | None:
        """A document of a model at a commit, read once; None: it is not there."""
        key = (repo_id, sha, path)
        with self._lock:
            if key in self._documents:
                return self._documents[key]
        try:
            text = self._reader.file(repo_id, sha, path, doing=doing).decode(errors="replace")
        except HubRefusal as refusal:
            if refusal.status != 404:
                raise self._locked("models", repo_id) if refusal.status == 403 else refusal from refusal
            text = None
        with self._lock:
            while len(self._documents) >= _DOCUMENTS:
                del self._documents[next(iter(self._documents))]
            self._documents[key] = text
        return text

    def _learn_tokenizer(self, repo_id: str, sha: str, files: Collection[str]) -> None:
        """Fetch the tokenizer where it is not known yet; without it, lengths are guessed."""

        def fetch() -> bytes | None:
            if "tokenizer.json" not in files:
                return None
            try:
                doing = f"reading the tokenizer of {repo_id}"
                return self._reader.file(repo_id, sha, "tokenizer.json", doing=doing, limit=MAX_FILE_BYTES)
            except HubRefusal:
                return None

        with suppress(Transient):  # the next plan asks again
            self._counter.learn(repo_id, sha, fetch)

    def _model_or_none(
        self, repo_id: str, params: dict[str, str | int | list[str]], doing: str
    ) -> dict[str, Any] | None:
        check_repo_id(repo_id, "output")
        try:
            answer = self._reader.api(f"models/{repo_id}", params, doing=doing)
        except HubRefusal as refusal:
            if refusal.status == 404:
                return None
            raise
        return answer if isinstance(answer, dict) else {}

    def _search(self, kind: str, words: str, limit: int) -> list[str]:
        """Search, and keep what the answer says of each repository: whoever is chosen need not be asked again."""
        params: dict[str, str | int | list[str]] = {
            "search": words, "limit": limit, "sort": "downloads",
            "expand": _DATASET_EXPAND if kind == "datasets" else EXPAND,
        }  # fmt: skip
        answer = self._reader.api(kind, params, doing=f"searching {kind} for “{words}”")
        found = {str(item["id"]): item for item in answer[:limit]} if isinstance(answer, list) else {}
        with self._lock:
            now = self._monotonic()
            self._found = {key: value for key, value in self._found.items() if now - value[0] <= _FOUND_TTL_S}
            self._found |= {(kind, name): (now, item) for name, item in found.items()}
        return list(found)

    def _check_access(self, repo_id: str) -> None:
        """Ask whether a gated dataset is open to us.

        Raises:
            HubRefusal: it is not.
        """
        try:
            self._reader.allowed(f"datasets/{repo_id}/auth-check", doing=f"asking for access to {repo_id}")
        except HubRefusal as refusal:
            raise self._locked("datasets", repo_id) from refusal

    def _locked(self, kind: str, repo_id: str) -> HubRefusal:
        what, path = ("dataset", f"datasets/{repo_id}") if kind == "datasets" else ("model", repo_id)
        return HubRefusal(
            f"The {what} {repo_id} is gated, and the token of Tunesmith has no access to it.",
            f"Open {self._reader.endpoint}/{path} with the account of that token and request access there.",
            status=403,
        )

    def _unknown(self, kind: str, repo_id: str) -> HubRefusal:
        what = "dataset" if kind == "datasets" else "model"
        try:
            near = [name for name in self._search(kind, repo_id.partition("/")[2], 5) if name != repo_id]
        except (HubRefusal, Transient):
            near = []
        fix = (
            f"Did you mean {' or '.join(near[:3])}?" if near else "Check the name on the Hub, with its owner in front."
        )
        return HubRefusal(
            f"There is no {what} {repo_id} on the Hub, or the token of Tunesmith may not see it.", fix, status=404
        )


def check_repo_id(repo_id: str, what: str) -> None:
    """Refuse anything but "owner/name": paths, addresses and the names of local file formats never reach the Hub.

    Raises:
        UserError: it is no such name.
    """
    try:
        validate_repo_id(repo_id)
        good = repo_id.count("/") == 1
    except HFValidationError:
        good = False
    if not good:
        raise UserError(
            f"“{repo_id}” is not the name of {'an' if what[0] in 'aeiou' else 'a'} {what} on the Hub.",
            "Write it as owner/name, as in the address of its page on the Hub.",
        )


def _document(text: str | None) -> dict[str, Any]:
    """The JSON object in a file; empty when it holds none."""
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
