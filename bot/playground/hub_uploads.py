"""Repositories of the local Hub over HTTP, the writing half: create, delete, settings, commits, LFS.

Speaks what huggingface_hub 2.4 sends (_commit_api.py, lfs.py). Files below `lfs_over_bytes` travel inside the commit,
whatever their kind: a client with hf_xet would upload LFS files to Xet storage, which a plain HTTP server cannot be.
"""

import base64
import binascii
import json
import secrets
from typing import Any

import yaml
from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from bot.playground.hub_access import Refusal, json_body, require_permission
from bot.playground.hub_repos import find_commit, find_repo, part
from bot.playground.hub_store import File, Kind, Repo, RepoStore, is_safe_path

_API = "/api/{kind:models|datasets}/{namespace}/{name}"

#: Larger files go through LFS. High, so that clients with hf_xet need not care (see above).
LFS_OVER_BYTES = 64 << 20


class _Operation(BaseModel):
    """One line of a commit."""

    model_config = ConfigDict(extra="forbid")

    key: str
    value: dict[str, Any]


class UploadRoutes:
    """The handlers, over one store."""

    def __init__(self, store: RepoStore, *, lfs_over_bytes: int = LFS_OVER_BYTES) -> None:
        self.store = store
        self.lfs_over_bytes = lfs_over_bytes
        #: One-time names of LFS objects that may be uploaded now, and where to: what a signed address is on the Hub.
        self._open_uploads: dict[str, tuple[Repo, str]] = {}

    def add_to(self, app: web.Application) -> None:
        app.add_routes(
            [
                web.post("/api/repos/create", self.create),
                web.delete("/api/repos/delete", self.delete),
                web.put(_API + "/settings", self.settings),
                web.post(_API + "/preupload/{revision}", self.preupload),
                web.post(_API + "/commit/{revision}", self.commit),
                web.post(_API + "/super-squash/main", self.super_squash),
                web.get(_API + "/xet-write-token/{revision}", self.no_xet),
                web.post("/api/validate-yaml", self.validate_yaml),
                web.post("/{kind:datasets}/{namespace}/{name}.git/info/lfs/objects/batch", self.lfs_batch),
                web.post("/{namespace}/{name}.git/info/lfs/objects/batch", self.lfs_batch),
                web.put("/lfs/{ticket}", self.lfs_put),
            ]
        )

    def _writable(self, request: web.Request) -> Repo:
        kind: Kind = "datasets" if request.match_info.get("kind") == "datasets" else "models"
        repo = find_repo(self.store, request, kind, f"{part(request, 'namespace')}/{part(request, 'name')}")
        require_permission(request, repo.id.split("/")[0], "repo.write")
        return repo

    async def create(self, request: web.Request) -> web.Response:
        body = await json_body(request)
        kind = _kind(body)
        caller = require_permission(request, str(body.get("organization") or "tunesmith-lab"), "repo.write")
        repo_id = f"{body.get('organization') or caller.user}/{body.get('name')}"
        prefix = "datasets/" if kind == "datasets" else ""
        answer = {"url": f"{request.url.origin()}/{prefix}{repo_id}", "name": repo_id}
        private = body.get("visibility") == "private" or body.get("private") is True
        try:
            repo = self.store.create(kind, repo_id, author=caller.user or "", private=private)
        except FileExistsError:
            # the address is in the answer because the client reads it when exist_ok=True
            error = f"You already created this {kind.removesuffix('s')} repo: {repo_id}"
            return web.json_response({"error": error, **answer}, status=409)
        except ValueError as error:
            raise Refusal(400, str(error)) from None
        return web.json_response({**answer, "id": repo.head.sha[:24]})

    async def delete(self, request: web.Request) -> web.Response:
        body = await json_body(request)
        namespace = str(body.get("organization") or "tunesmith-lab")
        repo = find_repo(self.store, request, _kind(body), f"{namespace}/{body.get('name')}")
        require_permission(request, namespace, "repo.write")
        self.store.delete(repo.kind, repo.id)
        return web.Response()

    async def settings(self, request: web.Request) -> web.Response:
        repo = self._writable(request)
        caller = require_permission(request, repo.id.split("/")[0], "repo.write")
        body = await json_body(request)
        changes: dict[str, Any] = {}
        if "visibility" in body or "private" in body:
            changes["private"] = body.get("visibility") == "private" or body.get("private") is True
        if "gated" in body:
            changes |= {"gated": body["gated"], "granted": (caller.user,)}
        try:
            repo.configure(repo.settings.model_validate({**repo.settings.model_dump(), **changes}))
        except ValidationError as error:
            raise Refusal(400, str(error.errors()[0]["msg"])) from None
        return web.json_response({"private": repo.settings.private, "gated": repo.settings.gated})

    async def validate_yaml(self, request: web.Request) -> web.Response:
        """Check a card's metadata, as clients do before they commit a README."""
        content = str((await json_body(request)).get("content", ""))
        if not content.startswith("---"):
            warning = "empty or missing yaml metadata in repo card"
            return web.json_response({"errors": [], "warnings": [{"message": warning}]})
        try:
            yaml.safe_load(content[3:].partition("\n---")[0])
        except yaml.YAMLError as error:
            message = " ".join(str(error).split())
            return web.json_response({"errors": [{"message": message}], "warnings": []}, status=400)
        return web.json_response({"errors": [], "warnings": []})

    async def preupload(self, request: web.Request) -> web.Response:
        """Say how each file should come, and the hash of what is there already."""
        repo = self._writable(request)
        commit = find_commit(repo, part(request, "revision"))
        answers = []
        for item in (await json_body(request)).get("files", []):
            old = commit.files.get(item["path"])
            is_lfs = item["size"] > self.lfs_over_bytes
            # The client compares this with its own hash, of the kind that fits the mode, and skips equal files.
            comparable = old is not None and (old.sha256 is not None) == is_lfs
            answers.append(
                {
                    "path": item["path"],
                    "uploadMode": "lfs" if is_lfs else "regular",
                    "shouldIgnore": False,
                    **({"oid": old.etag} if old and comparable else {}),
                }
            )
        return web.json_response({"files": answers, "commitOid": commit.sha})

    async def commit(self, request: web.Request) -> web.Response:
        """Take a commit: one JSON value a line, a header and then operations."""
        repo = self._writable(request)
        caller = require_permission(request, repo.id.split("/")[0], "repo.write")
        if part(request, "revision") != "main":
            find_commit(repo, part(request, "revision"))
            raise Refusal(400, "The playground's Hub takes commits on the branch main only")
        if request.query.get("create_pr"):
            raise Refusal(403, f"Discussions are disabled for this repo: {repo.id}")
        lines = (await request.read()).splitlines()
        try:
            operations = [_Operation.model_validate_json(line) for line in lines if line.strip()]
        except ValidationError:
            raise Refusal(400, "Invalid NDJSON in the commit") from None
        if not operations or operations[0].key != "header":
            raise Refusal(400, "The commit has no header")
        header = operations[0].value
        parent = header.get("parentCommit")
        if parent is not None and parent != repo.head.sha:
            raise Refusal(412, "A commit has happened since. Please refresh and try again.")
        files = dict(repo.head.files)
        for operation in operations[1:]:
            _apply(repo, files, operation)
        commit = repo.commit(
            files,
            title=str(header.get("summary", "")),
            message=str(header.get("description", "")),
            author=caller.user or "",
        )
        prefix = "datasets/" if repo.kind == "datasets" else ""
        url = f"{request.url.origin()}/{prefix}{repo.id}/commit/{commit.sha}"
        return web.json_response({"success": True, "commitOid": commit.sha, "commitUrl": url, "hookOutput": ""})

    async def super_squash(self, request: web.Request) -> web.Response:
        repo = self._writable(request)
        caller = require_permission(request, repo.id.split("/")[0], "repo.write")
        message = str((await json_body(request)).get("message", ""))
        repo.squash(title=message, author=caller.user or "")
        return web.json_response({})

    async def no_xet(self, request: web.Request) -> web.Response:
        self._writable(request)
        raise Refusal(501, "The playground's Hub has no Xet storage: set HF_HUB_DISABLE_XET=1 to upload this file")

    async def lfs_batch(self, request: web.Request) -> web.Response:
        """Say where to put each LFS object that is not here yet (git-lfs batch API, transfer "basic")."""
        repo = self._writable(request)
        answers: list[dict[str, Any]] = []
        for item in json.loads(await request.read())["objects"]:
            answer: dict[str, Any] = {"oid": item["oid"], "size": item["size"]}
            if repo.kept_lfs(item["oid"]) is None:
                ticket = secrets.token_hex(16)
                self._open_uploads[ticket] = (repo, item["oid"])
                answer["actions"] = {"upload": {"href": f"{request.url.origin()}/lfs/{ticket}"}}
            answers.append(answer)
        body = {"transfer": "basic", "objects": answers, "hash_algo": "sha256"}
        return web.json_response(body, content_type="application/vnd.git-lfs+json")

    async def lfs_put(self, request: web.Request) -> web.Response:
        repo, oid = self._open_uploads.get(request.match_info["ticket"], (None, ""))
        if repo is None:
            raise Refusal(403, "This upload address has expired")
        content = await request.read()
        if repo.keep(content, lfs=True).sha256 != oid:
            raise Refusal(400, "The content does not have the announced hash")
        del self._open_uploads[request.match_info["ticket"]]
        return web.Response()


def _kind(body: dict[str, Any]) -> Kind:
    match body.get("type"):
        case None | "model":
            return "models"
        case "dataset":
            return "datasets"
        case other:
            raise Refusal(400, f"The playground's Hub has no repositories of type {other!r}")


def _apply(repo: Repo, files: dict[str, File], operation: _Operation) -> None:
    """Do one operation of a commit to the tree.

    Raises:
        Refusal: it names what is not there, or a path that is not allowed.
    """
    path = str(operation.value.get("path", "")).rstrip("/")
    if not is_safe_path(path):
        raise Refusal(400, f"Invalid path {path!r}")
    match operation.key:
        case "file":
            try:
                content = base64.b64decode(operation.value["content"], validate=True)
            except (KeyError, binascii.Error):
                raise Refusal(400, f"The content of {path} is not base64") from None
            files[path] = repo.keep(content)
        case "lfsFile":
            kept = repo.kept_lfs(str(operation.value.get("oid")))
            if kept is None:
                raise Refusal(400, f"Your push was rejected because an LFS pointer of {path} pointed to nothing")
            files[path] = kept
        case "deletedFile":
            if path not in files:
                raise Refusal(404, f"A file with this name doesn't exist: {path}", code="EntryNotFound")
            del files[path]
        case "deletedFolder":
            inside = [name for name in files if name.startswith(path + "/")]
            if not inside:
                raise Refusal(404, f"A folder with this name doesn't exist: {path}", code="EntryNotFound")
            for name in inside:
                del files[name]
        case other:
            raise Refusal(400, f"Unknown operation {other!r} in the commit")
