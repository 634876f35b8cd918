"""Hub over the Hugging Face Hub: facts about models, datasets, wallets and what a job left behind.

Only reads. Does not plan: what a model or a dataset is good for is decided elsewhere.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Lock
from typing import Any

from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id

from bot.errors import HubRefusal, Transient, UserError
from bot.hub_datasets import DatasetReader
from bot.hub_models import EXPAND, check_files, gating, license_of, read_model
from bot.hub_reader import HubReader
from bot.models import DatasetInfo, Landed, ModelInfo, Value

#: Seconds that whoami is believed: its rate limit is far below that of the other calls.
WHOAMI_TTL_S = 600.0
#: What a token must be able to do for us. https://huggingface.co/docs/hub/security-tokens
_NEEDED_RIGHTS = ("job.write", "repo.write")
_DATASET_EXPAND = ["cardData", "gated", "private", "sha"]


class TokenRights(Value):
    """What the token may do, as far as the Hub says."""

    #: "read", "write" or "fineGrained".
    role: str
    #: Rights that we need and the token has in no namespace.
    missing: tuple[str, ...]


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
        self._monotonic = monotonic
        self._whoami: tuple[float, dict[str, Any]] | None = None
        self._lock = Lock()

    def model(self, repo_id: str) -> ModelInfo:
        """Look a base model up: two calls, one after the other."""
        check_repo_id(repo_id, "model")
        doing = f"looking up the model {repo_id}"
        info = self._info("models", repo_id, EXPAND, doing)
        name, sha = str(info.get("id") or repo_id), str(info.get("sha") or "main")
        missing: HubRefusal | None = None
        config: Any = {}
        try:
            config = self._reader.file(name, sha, "config.json", doing=doing)
        except HubRefusal as refusal:
            if refusal.status != 404:
                raise self._locked("models", repo_id) if refusal.status == 403 else refusal from refusal
            missing = refusal
        check_files(repo_id, info)
        if missing is not None:
            raise UserError(
                f"{repo_id} has no config.json, so transformers cannot load it.",
                "Name a model in the format of transformers.",
            )
        return read_model(repo_id, info, config if isinstance(config, dict) else {})

    def dataset(self, repo_id: str, config: str | None, split: str | None) -> DatasetInfo:
        """Look a dataset up: two calls side by side, then one for the rows."""
        check_repo_id(repo_id, "dataset")
        with ThreadPoolExecutor(2) as pool:
            asked = pool.submit(self._info, "datasets", repo_id, _DATASET_EXPAND, f"looking up the dataset {repo_id}")
            counted = pool.submit(self._datasets.sizes, repo_id)
        info, sizes = asked.result(), counted.result()
        if sizes is None and gating(info):
            self._check_access(repo_id)
        sha = str(info.get("sha") or "main")
        found = self._datasets.sample(repo_id, sha, sizes, config, split)
        return DatasetInfo(
            repo_id=str(info.get("id") or repo_id),
            sha=sha,
            config=found.config,
            configs=found.configs,
            splits=found.splits,
            features=found.features,
            rows=found.rows,
            rows_split=found.split,
            private=bool(info.get("private")),
            gated=gating(info),
            license=license_of(info.get("cardData") or {}),
        )

    def search_models(self, words: str, limit: int = 5) -> Sequence[str]:
        """Repo ids that match the words, the most downloaded first."""
        return self._search("models", words, limit)

    def search_datasets(self, words: str, limit: int = 5) -> Sequence[str]:
        """Repo ids that match the words, the most downloaded first."""
        return self._search("datasets", words, limit)

    def namespaces(self) -> Sequence[str]:
        """The token's user first, then its organizations; kept for WHOAMI_TTL_S."""
        me = self._who()
        return [str(me["name"]), *(str(org["name"]) for org in me.get("orgs") or ())]

    def token_rights(self) -> TokenRights:
        """What the token may do."""
        token = ((self._who().get("auth") or {}).get("accessToken")) or {}
        role = str(token.get("role") or "unknown")
        if role == "write":
            return TokenRights(role=role, missing=())
        fine = token.get("fineGrained") or {}
        granted = set(fine.get("global") or ())
        for scope in fine.get("scoped") or ():
            granted |= set(scope.get("permissions") or ())
        return TokenRights(role=role, missing=tuple(right for right in _NEEDED_RIGHTS if right not in granted))

    def repo_exists(self, repo_id: str) -> bool:
        """Whether a model repository of this name exists; one that we may not see counts as missing."""
        return self._model_or_none(repo_id, {"expand": ["sha"]}, f"looking whether {repo_id} exists") is not None

    def repo_private(self, repo_id: str) -> bool | None:
        """Whether only its owners can read this model repository; None: there is none, or the Hub does not say."""
        info = self._model_or_none(repo_id, {"expand": ["private"]}, f"looking who can read {repo_id}")
        private = (info or {}).get("private")
        return private if isinstance(private, bool) else None

    def landed(self, repo_id: str) -> Landed | None:
        """What the model repository holds now, with sizes."""
        doing = f"looking what arrived in {repo_id}"
        info = self._model_or_none(repo_id, {"blobs": "true"}, doing)
        if info is None:
            return None
        files = {str(item["rfilename"]): int(item.get("size") or 0) for item in info.get("siblings") or ()}
        base = None
        if "adapter_config.json" in files:
            adapter = self._reader.file(repo_id, str(info["sha"]), "adapter_config.json", doing=doing)
            base = adapter.get("base_model_name_or_path") if isinstance(adapter, dict) else None
        return Landed(
            url=f"{self._reader.endpoint}/{repo_id}",
            sha=str(info["sha"]),
            committed_at=datetime.fromisoformat(str(info["lastModified"])),
            files=files,
            adapter_base=str(base) if base else None,
        )

    def _info(self, kind: str, repo_id: str, expand: list[str], doing: str) -> dict[str, Any]:
        try:
            answer = self._reader.api(f"{kind}/{repo_id}", {"expand": expand}, doing=doing)
        except HubRefusal as refusal:
            if refusal.status == 404:
                raise self._unknown(kind, repo_id) from refusal
            if refusal.status == 403:
                raise self._locked(kind, repo_id) from refusal
            raise
        return answer if isinstance(answer, dict) else {}

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
        params: dict[str, str | int | list[str]] = {"search": words, "limit": limit, "sort": "downloads"}
        answer = self._reader.api(kind, params, doing=f"searching {kind} for “{words}”")
        return [str(item["id"]) for item in answer][:limit] if isinstance(answer, list) else []

    def _who(self) -> dict[str, Any]:
        with self._lock:
            now = self._monotonic()
            if self._whoami is None or now - self._whoami[0] > WHOAMI_TTL_S:
                self._whoami = (now, self._reader.api("whoami-v2", doing="asking whom the token belongs to"))
            return self._whoami[1]

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
            f"“{repo_id}” is no name of a {what} on the Hub.",
            "Write it as owner/name, such as Qwen/Qwen3-0.6B or trl-lib/Capybara.",
        )
