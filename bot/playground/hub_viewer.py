"""The dataset viewer of the local Hub: /is-valid /splits /first-rows /rows /info /size, as datasets-server answers.

Rows and their features are computed from the JSON lines and images of the newest commit. Knows the viewer's JSON and
the notation of datasets' `Features.to_dict()`; reads no Parquet and no CSV.
"""

import json
from typing import Any

from aiohttp import web

from bot.playground.hub_access import Refusal, caller_of
from bot.playground.hub_dataset import Config, configs_of, features_of, rows_of
from bot.playground.hub_store import Missing, Repo, RepoStore

#: Rows of one page of /rows and of /first-rows.
_MAX_ROWS = 100
#: /first-rows cuts long cells of its last rows until all rows together are this small.
_FIRST_ROWS_BYTES = 200_000
_MIN_CELL_BYTES = 100

#: Where it ends for everybody: what cannot be seen does not exist.
_NOT_SEEN = (
    "The dataset does not exist, or is not accessible {how} (private or gated). Please check the spelling of the"
    " dataset name or retry with {retry}."
)


class ViewerRoutes:
    """The handlers, over one store. Served at the root, beside the Hub's own paths."""

    def __init__(self, store: RepoStore) -> None:
        self.store = store

    def add_to(self, app: web.Application) -> None:
        app.add_routes(
            [
                web.get("/is-valid", self.is_valid),
                web.get("/splits", self.splits),
                web.get("/first-rows", self.first_rows),
                web.get("/rows", self.rows),
                web.get("/info", self.info),
                web.get("/size", self.size),
            ]
        )

    async def is_valid(self, request: web.Request) -> web.Response:
        repo = self._repo(request)
        answer = dict.fromkeys(("preview", "viewer", "search", "filter", "statistics"), bool(configs_of(repo)))
        return _answer(repo, answer)

    async def splits(self, request: web.Request) -> web.Response:
        repo = self._repo(request)
        found = [
            {"dataset": repo.id, "config": config.name, "split": split}
            for config in _chosen(repo, request)
            for split in config.splits
        ]
        return _answer(repo, {"splits": found, "pending": [], "failed": []})

    async def first_rows(self, request: web.Request) -> web.Response:
        repo = self._repo(request)
        config, split = _split(repo, request)
        rows = [
            {"row_idx": number, "row": row, "truncated_cells": []}
            for number, row in enumerate(rows_of(repo, config, split, address=str(request.url.origin()))[:_MAX_ROWS])
        ]
        is_cut = _shorten(rows) or len(rows) < _count(repo, config, split)
        place = {"dataset": repo.id, "config": config.name, "split": split}
        features = _features_list(features_of(repo, config))
        return _answer(repo, {**place, "features": features, "rows": rows, "truncated": is_cut})

    async def rows(self, request: web.Request) -> web.Response:
        repo = self._repo(request)
        config, split = _split(repo, request)
        offset, length = _number(request, "offset", 0), _number(request, "length", _MAX_ROWS)
        if length > _MAX_ROWS:
            raise Refusal(422, f"Parameter 'length' must not be greater than {_MAX_ROWS}", code="InvalidParameter")
        all_rows = rows_of(repo, config, split, address=str(request.url.origin()))
        page = [
            {"row_idx": offset + number, "row": row, "truncated_cells": []}
            for number, row in enumerate(all_rows[offset : offset + length])
        ]
        answer = {
            "features": _features_list(features_of(repo, config)),
            "rows": page,
            "num_rows_total": len(all_rows),
            "num_rows_per_page": _MAX_ROWS,
            "partial": False,
        }
        return _answer(repo, answer)

    async def info(self, request: web.Request) -> web.Response:
        repo = self._repo(request)
        infos = {config.name: _info(repo, config) for config in _chosen(repo, request)}
        if "config" in request.query:
            return _answer(repo, {"dataset_info": infos[request.query["config"]], "partial": False})
        return _answer(repo, {"dataset_info": infos, "pending": [], "failed": [], "partial": False})

    async def size(self, request: web.Request) -> web.Response:
        repo = self._repo(request)
        configs, splits = [], []
        for config in _chosen(repo, request):
            columns = len(features_of(repo, config))
            parts = [
                {
                    "dataset": repo.id,
                    "config": config.name,
                    "split": split,
                    "num_bytes_parquet_files": _bytes(repo, config, split),
                    "num_bytes_memory": _bytes(repo, config, split),
                    "num_rows": _count(repo, config, split),
                    "num_columns": columns,
                    "estimated_num_rows": None,
                }
                for split in config.splits
            ]
            splits += parts
            configs.append(
                {
                    "dataset": repo.id,
                    "config": config.name,
                    "num_bytes_original_files": _total(parts, "num_bytes_parquet_files"),
                    **{key: _total(parts, key) for key in ("num_bytes_parquet_files", "num_bytes_memory", "num_rows")},
                    "num_columns": columns,
                    "estimated_num_rows": None,
                }
            )
        if "config" in request.query:
            return _answer(repo, {"size": {"config": configs[0], "splits": splits}, "partial": False})
        keys = ("num_bytes_original_files", "num_bytes_parquet_files", "num_bytes_memory", "num_rows")
        dataset = {"dataset": repo.id, **{key: _total(configs, key) for key in keys}, "estimated_num_rows": None}
        size = {"dataset": dataset, "configs": configs, "splits": splits}
        return _answer(repo, {"size": size, "pending": [], "failed": [], "partial": False})

    def _repo(self, request: web.Request) -> Repo:
        """The dataset that the request names, if its files may be seen."""
        repo_id = request.query.get("dataset")
        if not repo_id:
            raise Refusal(422, "Parameter 'dataset' is required", code="MissingRequiredParameter")
        try:
            caller = caller_of(request)
        except Refusal:
            message = _NOT_SEEN.format(how="with the current credentials", retry="other credentials")
            raise Refusal(404, message, code="ExternalAuthenticatedError") from None
        try:
            repo = self.store.get("datasets", repo_id)
            is_hidden = (repo.settings.private and not caller.sees(repo_id.split("/")[0])) or (
                bool(repo.settings.gated) and caller.user not in repo.settings.granted
            )
        except Missing:
            is_hidden = True
        if not is_hidden:
            return repo
        if caller.user is None:
            message = _NOT_SEEN.format(how="without authentication", retry="authentication")
            raise Refusal(401, message, code="ExternalUnauthenticatedError")
        message = _NOT_SEEN.format(how="with the current credentials", retry="other credentials")
        raise Refusal(404, message, code="ExternalAuthenticatedError")


def _answer(repo: Repo, body: dict[str, Any]) -> web.Response:
    return web.json_response(body, headers={"X-Revision": repo.head.sha})


def _chosen(repo: Repo, request: web.Request) -> list[Config]:
    """The configurations that the request is about: one, or all."""
    configs = configs_of(repo)
    if not configs:
        raise Refusal(500, "The dataset is empty.", code="EmptyDatasetError")
    name = request.query.get("config")
    chosen = [config for config in configs if name in (None, config.name)]
    if not chosen:
        raise Refusal(404, "Not found.", code="ResponseNotFound")
    return chosen


def _split(repo: Repo, request: web.Request) -> tuple[Config, str]:
    for parameter in ("config", "split"):
        if not request.query.get(parameter):
            raise Refusal(422, "Parameters 'config' and 'split' are required", code="MissingRequiredParameter")
    config = _chosen(repo, request)[0]
    if request.query["split"] not in config.splits:
        raise Refusal(404, "Not found.", code="ResponseNotFound")
    return config, request.query["split"]


def _number(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name, str(default))
    if not text.isdigit():
        raise Refusal(422, f"Parameter '{name}' must be integer", code="InvalidParameter")
    return int(text)


def _features_list(features: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"feature_idx": i, "name": name, "type": type_} for i, (name, type_) in enumerate(features.items())]


def _shorten(rows: list[dict[str, Any]]) -> bool:
    """Cut long cells of the last rows until all are small enough; says whether any was cut.

    A cell that is no string becomes the beginning of its JSON, as with the real viewer.
    """
    size = len(json.dumps(rows))
    is_cut = False
    for entry in reversed(rows):
        for name, cell in entry["row"].items():
            text = cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False)
            if size > _FIRST_ROWS_BYTES and len(text) > _MIN_CELL_BYTES:
                size -= len(text) - _MIN_CELL_BYTES
                entry["row"][name] = text[:_MIN_CELL_BYTES]
                entry["truncated_cells"].append(name)
                is_cut = True
    return is_cut


def _count(repo: Repo, config: Config, split: str) -> int:
    return len(rows_of(repo, config, split))


def _bytes(repo: Repo, config: Config, split: str) -> int:
    return sum(repo.head.files[path].size for path in config.splits[split])


def _total(parts: list[dict[str, Any]], key: str) -> int:
    return sum(part[key] for part in parts)


def _info(repo: Repo, config: Config) -> dict[str, Any]:
    """The shape of datasets' DatasetInfo.to_dict()."""
    name = repo.id.split("/")[1]
    splits = {
        split: {
            "name": split,
            "num_bytes": _bytes(repo, config, split),
            "num_examples": _count(repo, config, split),
            "dataset_name": name,
        }
        for split in config.splits
    }
    size = sum(_bytes(repo, config, split) for split in config.splits)
    return {
        "description": "",
        "citation": "",
        "homepage": "",
        "license": "",
        "features": features_of(repo, config),
        "builder_name": config.builder,
        "dataset_name": name,
        "config_name": config.name,
        "version": {"version_str": "0.0.0", "major": 0, "minor": 0, "patch": 0},
        "splits": splits,
        "download_size": size,
        "dataset_size": size,
    }
