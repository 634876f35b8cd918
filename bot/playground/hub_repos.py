"""Repositories of the local Hub over HTTP, the reading half: infos, search, trees, files, access checks.

Speaks what huggingface_hub 2.4 expects (hf_api.py, file_download.py). The writing half is hub_uploads.py.
"""

import itertools
import re
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from bot.playground.hub_access import Refusal, caller_of, iso, require_permission
from bot.playground.hub_info import (
    DATASET_PROPERTIES,
    MODEL_PROPERTIES,
    dataset_info,
    lfs_info,
    listed,
    model_info,
    safetensors_header,
    shown,
)
from bot.playground.hub_store import Commit, File, Kind, Missing, Repo, RepoStore

_CHUNK_BYTES = 1 << 20

_API = "/api/{kind:models|datasets}/{namespace}/{name}"


def find_repo(store: RepoStore, request: web.Request, kind: Kind, repo_id: str) -> Repo:
    """The repository, if the caller may know that it exists.

    Raises:
        Refusal: unknown, or private: the Hub answers both alike.
    """
    caller = caller_of(request)
    try:
        repo = store.get(kind, repo_id)
        if repo.settings.private and not caller.sees(repo_id.split("/")[0]):
            raise Missing("repo", repo_id)
    except Missing:
        # The real Hub sends no code with its 401: the client knows it by an https address, which we have not.
        if caller.user is None:
            raise Refusal(401, "Invalid username or password.", code="RepoNotFound") from None
        raise Refusal(404, "Repository not found", code="RepoNotFound") from None
    return repo


def require_access(repo: Repo, request: web.Request) -> None:
    """Refuse the files of a gated repository to whoever was not given access."""
    settings = repo.settings
    caller = caller_of(request)
    if settings.gated is False or (caller.user is not None and caller.user in settings.granted):
        return
    what = f"Access to {repo.kind.removesuffix('s')} {repo.id} is restricted"
    if caller.user is None:
        message = f"{what}. You must have access to it and be authenticated to access it. Please log in."
        raise Refusal(401, message, code="GatedRepo")
    page = f"{request.url.origin()}/{'datasets/' if repo.kind == 'datasets' else ''}{repo.id}"
    message = f"{what} and you are not in the authorized list. Visit {page} to ask for access."
    raise Refusal(403, message, code="GatedRepo")


def find_commit(repo: Repo, revision: str) -> Commit:
    try:
        return repo.at(revision)
    except Missing:
        raise Refusal(404, f"Invalid rev id: {revision}", code="RevisionNotFound") from None


def no_entry(path: str, commit: Commit) -> Refusal:
    return Refusal(
        404, f"{path} does not exist on revision", code="EntryNotFound", headers={"X-Repo-Commit": commit.sha}
    )


def part(request: web.Request, name: str) -> str:
    """A piece of the path. aiohttp leaves %2F as it is, and the client sends paths as one piece."""
    return unquote(request.match_info.get(name, ""))


def file_entry(path: str, file: File) -> dict[str, Any]:
    """A file as trees and paths-info describe it."""
    return {"type": "file", "oid": file.oid, "size": file.size, "path": path, **lfs_info(file, hash_key="oid")}


def _flag(value: Any) -> bool:
    return str(value).lower() in ("true", "1")


def _folder_entry(path: str, commit: Commit) -> dict[str, Any]:
    return {"type": "directory", "oid": commit.sha, "size": 0, "path": path}


class RepoRoutes:
    """The handlers, over one store."""

    def __init__(self, store: RepoStore) -> None:
        self.store = store

    def add_to(self, app: web.Application) -> None:
        app.add_routes(
            [
                web.get("/api/{kind:models|datasets}", self.search),
                web.get("/api/{kind:models|datasets}/{name}", self.bare_name),
                web.get(_API, self.info),
                web.get(_API + "/revision/{revision}", self.info),
                web.get(_API + "/tree/{revision}", self.tree),
                web.get(_API + "/tree/{revision}/{path:.+}", self.tree),
                web.post(_API + "/paths-info/{revision}", self.paths_info),
                web.get(_API + "/commits/{revision}", self.commits),
                web.get(_API + "/refs", self.refs),
                web.get(_API + "/auth-check", self.auth_check),
                web.get(_API + "/auth-check/write", self.auth_check_write),
                web.get(_API + "/safetensors-metadata/{path:.+}", self.safetensors_metadata),
                web.get("/{kind:datasets}/{namespace}/{name}/resolve/{revision}/{path:.+}", self.resolve),
                web.get("/{namespace}/{name}/resolve/{revision}/{path:.+}", self.resolve),
            ]
        )

    def _repo(self, request: web.Request) -> Repo:
        kind: Kind = "datasets" if request.match_info.get("kind") == "datasets" else "models"
        return find_repo(self.store, request, kind, f"{part(request, 'namespace')}/{part(request, 'name')}")

    def _commit(self, request: web.Request) -> tuple[Repo, Commit]:
        repo = self._repo(request)
        return repo, find_commit(repo, part(request, "revision") or "main")

    async def bare_name(self, request: web.Request) -> web.Response:
        """A name without a namespace, such as "gpt2": the local Hub has none."""
        caller = caller_of(request)
        status, message = (404, "Repository not found") if caller.user else (401, "Invalid username or password.")
        raise Refusal(status, message, code="RepoNotFound")

    async def info(self, request: web.Request) -> web.Response:
        repo, commit = self._commit(request)
        expand = _expand(request)
        blobs = _flag(request.query.get("blobs"))
        info = (
            model_info(repo, commit, blobs=blobs) if repo.kind == "models" else dataset_info(repo, commit, blobs=blobs)
        )
        return web.json_response(shown(info, expand))

    async def search(self, request: web.Request) -> web.Response:
        """List repositories: every word of `search` must be in the id, every `filter` among the tags."""
        caller = caller_of(request)
        query = request.query
        kind: Kind = "datasets" if request.match_info["kind"] == "datasets" else "models"
        words = query.get("search", "").lower().split()
        found = []
        for repo in self.store.all(kind):
            namespace = repo.id.split("/")[0]
            if repo.settings.private and not caller.sees(namespace):
                continue
            if query.get("author", namespace) != namespace or not all(word in repo.id.lower() for word in words):
                continue
            info = model_info(repo, repo.head) if kind == "models" else dataset_info(repo, repo.head)
            if not set(query.getall("filter", [])) <= set(info["tags"]):
                continue
            if query.get("pipeline_tag", info.get("pipeline_tag")) != info.get("pipeline_tag"):
                continue
            if "gated" in query and _flag(query["gated"]) != bool(info["gated"]):
                continue
            found.append(info)
        if query.get("sort") in ("lastModified", "createdAt"):
            found.sort(key=lambda info: str(info[query["sort"]]), reverse=True)
        also = [name for name in ("cardData", "config") if _flag(query.get(name))]
        page = found[: int(query.get("limit", "1000"))]
        expand = _expand(request)
        return web.json_response([listed(info, expand, full=_flag(query.get("full")), also=also) for info in page])

    async def tree(self, request: web.Request) -> web.Response:
        repo, commit = self._commit(request)
        top = part(request, "path").strip("/")
        inside = {p: f for p, f in commit.files.items() if not top or p.startswith(top + "/")}
        if not inside and top:
            raise no_entry(top, commit)
        entries: dict[str, dict[str, Any]] = {}
        for path, file in sorted(inside.items()):
            below = [str(parent) for parent in PurePosixPath(path).parents if str(parent) not in (".", top)]
            for folder in reversed([name for name in below if not top or name.startswith(top + "/")]):
                entries.setdefault(folder, _folder_entry(folder, commit))
            entries[path] = file_entry(path, file)
        if not _flag(request.query.get("recursive")):
            depth = len(PurePosixPath(top).parts)
            entries = {p: e for p, e in entries.items() if len(PurePosixPath(p).parts) == depth + 1}
        if _flag(request.query.get("expand")):
            for path, entry in entries.items():
                entry["lastCommit"] = _last_commit(repo, commit, path)
        return web.json_response(list(entries.values()))

    async def paths_info(self, request: web.Request) -> web.Response:
        repo, commit = self._commit(request)
        if request.content_type == "application/json":
            body = await request.json()
            paths, expand = list(body.get("paths", [])), _flag(body.get("expand"))
        else:
            form = await request.post()
            paths, expand = [str(path) for path in form.getall("paths", [])], _flag(form.get("expand"))
        entries = []
        for path in paths:
            if path in commit.files:
                entries.append(file_entry(path, commit.files[path]))
            elif any(name.startswith(path.rstrip("/") + "/") for name in commit.files):
                entries.append(_folder_entry(path, commit))
            else:
                continue
            if expand:
                entries[-1]["lastCommit"] = _last_commit(repo, commit, path)
        return web.json_response(entries)

    async def commits(self, request: web.Request) -> web.Response:
        repo, commit = self._commit(request)
        history = list(repo.commits())
        history = history[history.index(commit) :]
        return web.json_response(
            [
                {
                    "id": each.sha,
                    "title": each.title,
                    "message": each.message,
                    "date": iso(each.date),
                    "authors": [{"user": each.author, "avatar": ""}],
                }
                for each in history
            ]
        )

    async def refs(self, request: web.Request) -> web.Response:
        main = {"name": "main", "ref": "refs/heads/main", "targetCommit": self._repo(request).head.sha}
        return web.json_response({"branches": [main], "converts": [], "tags": [], "pullRequests": []})

    async def auth_check(self, request: web.Request) -> web.Response:
        require_access(self._repo(request), request)
        return web.json_response({})

    async def auth_check_write(self, request: web.Request) -> web.Response:
        repo = self._repo(request)
        require_permission(request, repo.id.split("/")[0], "repo.write")
        return web.json_response({})

    async def safetensors_metadata(self, request: web.Request) -> web.Response:
        """The headers of all shards at once (`get_sharded_safetensors_metadata`)."""
        repo, commit = self._commit(request)
        require_access(repo, request)
        index = part(request, "path")
        if index not in commit.files:
            raise no_entry(index, commit)
        shards = [path for path in commit.files if re.fullmatch(r"model-\d+-of-\d+\.safetensors", path)]
        headers = {path: safetensors_header(repo.path_of(commit.files[path])) for path in shards}
        return web.json_response({"index": {"metadata": {}}, "headers": headers})

    async def resolve(self, request: web.Request) -> web.StreamResponse:
        """Serve a file, or the part of it that a Range header asks for."""
        repo, commit = self._commit(request)
        require_access(repo, request)
        path = part(request, "path")
        file = commit.files.get(path)
        if file is None:
            raise no_entry(path, commit)
        headers = {
            "X-Repo-Commit": commit.sha,
            "ETag": f'"{file.etag}"',
            "Accept-Ranges": "bytes",
            "Content-Disposition": f"inline; filename*=UTF-8''{PurePosixPath(path).name}",
        }
        if file.sha256:
            headers |= {"X-Linked-Etag": f'"{file.sha256}"', "X-Linked-Size": str(file.size)}
        start, stop, status = 0, file.size, 200
        if "Range" in request.headers:
            try:
                start, stop, _ = request.http_range.indices(file.size)
            except ValueError:
                stop = 0
            if start >= stop:
                raise Refusal(416, "Range not satisfiable", headers={"Content-Range": f"bytes */{file.size}"})
            status = 206
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{file.size}"
        response = web.StreamResponse(status=status, headers=headers)
        response.content_type = _content_type(path)
        response.content_length = stop - start
        await response.prepare(request)
        if request.method != "HEAD":
            with repo.path_of(file).open("rb") as content:
                content.seek(start)
                while start < stop:
                    chunk = content.read(min(_CHUNK_BYTES, stop - start))
                    start += len(chunk)
                    await response.write(chunk)
        await response.write_eof()
        return response


def _content_type(path: str) -> str:
    kinds = {".json": "application/json", ".png": "image/png", ".safetensors": "application/octet-stream"}
    return kinds.get(PurePosixPath(path).suffix, "text/plain")


def _last_commit(repo: Repo, commit: Commit, path: str) -> dict[str, str]:
    """The commit that last touched a file or a folder."""
    history = list(repo.commits())
    history = history[history.index(commit) :]

    def below(each: Commit) -> dict[str, str]:
        return {p: f.etag for p, f in each.files.items() if p == path or p.startswith(path + "/")}

    found = history[-1]
    for newer, older in itertools.pairwise(history):
        if below(newer) != below(older):
            found = newer
            break
    return {"id": found.sha, "title": found.title, "date": iso(found.date)}


def _expand(request: web.Request) -> list[str]:
    known = MODEL_PROPERTIES if request.match_info["kind"] == "models" else DATASET_PROPERTIES
    asked = [*request.query.getall("expand", []), *request.query.getall("expand[]", [])]
    unknown = [name for name in asked if name not in known]
    if unknown:
        raise Refusal(400, f'"expand" must be one of [{", ".join(sorted(known))}], got {", ".join(unknown)}')
    return asked
