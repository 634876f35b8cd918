"""The repositories of the local Hub on disk: content-addressed files and commits, as git keeps them.

Knows folders and hashes. Does not know HTTP, tokens or what a model is. Layout below the state folder::

    repos/{models|datasets}/{namespace}/{name}/
        repo.json             settings; never served
        head                  the newest commit's id
        commits/{sha}.json    a Commit: every file's name, size and hash
        files/{hash}          the files of all commits
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Literal

from pydantic import BaseModel, ConfigDict

Kind = Literal["models", "datasets"]
KINDS: tuple[Kind, ...] = ("models", "datasets")

#: Fixtures were made then; a fixed date gives a fresh state folder the same commit ids every time.
FIXTURE_DATE = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)

#: The Hub's rule for one part of a repo id (huggingface_hub `validate_repo_id`).
_NAME = re.compile(r"(?!.*(--|\.\.))[A-Za-z0-9_][\w.-]{0,95}(?<!\.git)(?<![.-])")

#: The commit that brings a fixture in.
_IMPORT_TITLE = "Upload the files"

_GITATTRIBUTES = b"*.safetensors filter=lfs diff=lfs merge=lfs -text\n"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class File(_Frozen):
    """A file in one commit."""

    size: int
    #: Git's own hash: of the content, or of the LFS pointer.
    oid: str
    #: Of the content of an LFS file; None: not in LFS.
    sha256: str | None = None

    @property
    def etag(self) -> str:
        return self.sha256 or self.oid


class Commit(_Frozen):
    """A commit with the whole tree that it leaves behind."""

    sha: str
    #: None: the first one.
    parent: str | None
    title: str
    message: str = ""
    author: str
    date: datetime
    files: dict[str, File]


class RepoSettings(_Frozen):
    """What belongs to a repository beside its files."""

    private: bool = False
    gated: Literal[False, "auto", "manual"] = False
    #: Users who were given access to the gated repository.
    granted: tuple[str, ...] = ()
    created_at: datetime = FIXTURE_DATE


class Missing(LookupError):
    """Something that is not there. `what` is "repo", "revision" or "entry"; `name` names it."""

    def __init__(self, what: Literal["repo", "revision", "entry"], name: str) -> None:
        super().__init__(f"no {what} {name!r}")
        self.what = what
        self.name = name


def git_oid(content: bytes) -> str:
    """Hash as `git hash-object` does."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()  # noqa: S324 - git's choice


def lfs_pointer(sha256: str, size: int) -> bytes:
    """The text that git keeps in place of an LFS file."""
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()


def is_safe_path(path: str) -> bool:
    """Whether the path stays inside a repository."""
    parts = PurePosixPath(path).parts
    return bool(parts) and not path.startswith("/") and not {"..", ".git"} & set(parts) and "\0" not in path


class Repo:
    """One repository."""

    def __init__(self, kind: Kind, repo_id: str, folder: Path) -> None:
        self.kind = kind
        self.id = repo_id
        self.folder = folder
        self._commits: dict[str, Commit] = {}

    @property
    def settings(self) -> RepoSettings:
        return RepoSettings.model_validate_json((self.folder / "repo.json").read_bytes())

    def configure(self, settings: RepoSettings) -> None:
        _write(self.folder / "repo.json", settings.model_dump_json(indent=1).encode())

    @property
    def head(self) -> Commit:
        return self._load((self.folder / "head").read_text())

    def commits(self) -> Iterator[Commit]:
        """All commits, newest first."""
        commit: Commit | None = self.head
        while commit is not None:
            yield commit
            commit = self._load(commit.parent) if commit.parent else None

    def at(self, revision: str) -> Commit:
        """The commit that a branch, an id or the beginning of an id names.

        Raises:
            Missing: none of this repository.
        """
        if revision in ("main", "refs/heads/main"):
            return self.head
        if re.fullmatch(r"[0-9a-f]{7,40}", revision):
            for commit in self.commits():
                if commit.sha.startswith(revision):
                    return commit
        raise Missing("revision", revision)

    def path_of(self, file: File) -> Path:
        """Where the content of the file lies on disk."""
        return self.folder / "files" / file.etag

    def read(self, path: str, commit: Commit | None = None) -> bytes | None:
        """The content of a file; None: the commit (default: the newest) has none of that name."""
        file = (commit or self.head).files.get(path)
        return None if file is None else self.path_of(file).read_bytes()

    def keep(self, content: bytes, *, lfs: bool = False) -> File:
        """Put content into the store; it belongs to no commit yet."""
        if lfs:
            sha256 = hashlib.sha256(content).hexdigest()
            file = File(size=len(content), oid=git_oid(lfs_pointer(sha256, len(content))), sha256=sha256)
        else:
            file = File(size=len(content), oid=git_oid(content))
        if not self.path_of(file).exists():
            _write(self.path_of(file), content)
        return file

    def kept_lfs(self, sha256: str) -> File | None:
        """The LFS object with this hash, if it was uploaded."""
        path = self.folder / "files" / sha256
        if not re.fullmatch(r"[0-9a-f]{64}", sha256) or not path.exists():
            return None
        size = path.stat().st_size
        return File(size=size, oid=git_oid(lfs_pointer(sha256, size)), sha256=sha256)

    def commit(
        self, files: Mapping[str, File], *, title: str, author: str, message: str = "", date: datetime | None = None
    ) -> Commit:
        """Make a commit whose tree is exactly `files`."""
        parent = (self.folder / "head").read_text() if (self.folder / "head").exists() else None
        moment = date or datetime.now(UTC)
        tree = sorted((path, file.etag) for path, file in files.items())
        text = json.dumps([parent, title, message, author, moment.isoformat(), tree])
        sha = hashlib.sha1(text.encode()).hexdigest()  # noqa: S324 - an id, as git's
        commit = Commit(
            sha=sha, parent=parent, title=title, message=message, author=author, date=moment, files=dict(files)
        )
        _write(self.folder / "commits" / f"{sha}.json", commit.model_dump_json().encode())
        _write(self.folder / "head", sha.encode())
        return commit

    def squash(self, *, title: str, author: str) -> Commit:
        """Make the newest commit the only one; what only older ones hold is gone from the disk."""
        head = self.head
        (self.folder / "head").unlink()
        commit = self.commit(head.files, title=title, author=author)
        self._commits = {}
        for path in (self.folder / "commits").iterdir():
            if path.stem != commit.sha:
                path.unlink()
        kept = {file.etag for file in commit.files.values()}
        for path in (self.folder / "files").iterdir():
            if path.name not in kept:
                path.unlink()
        return commit

    def _load(self, sha: str) -> Commit:
        if sha not in self._commits:
            content = (self.folder / "commits" / f"{sha}.json").read_bytes()
            self._commits[sha] = Commit.model_validate_json(content)
        return self._commits[sha]


class RepoStore:
    """All repositories below one folder."""

    def __init__(self, state: Path) -> None:
        self._folder = state / "repos"
        self._repos: dict[tuple[str, str], Repo] = {}
        for kind in KINDS:
            for head in sorted((self._folder / kind).glob("*/*/head")):
                repo_id = "/".join(head.parent.parts[-2:])
                self._repos[kind, repo_id] = Repo(kind, repo_id, head.parent)

    def get(self, kind: Kind, repo_id: str) -> Repo:
        """Look a repository up.

        Raises:
            Missing: there is none.
        """
        if (kind, repo_id) not in self._repos:
            raise Missing("repo", repo_id)
        return self._repos[kind, repo_id]

    def all(self, kind: Kind) -> list[Repo]:
        return [repo for (its_kind, _), repo in sorted(self._repos.items()) if its_kind == kind]

    def create(self, kind: Kind, repo_id: str, *, author: str, private: bool) -> Repo:
        """Make a repository with the first commit that the Hub makes, which holds only .gitattributes.

        Raises:
            ValueError: the id is not allowed.
            FileExistsError: there is one.
        """
        namespace, _, name = repo_id.partition("/")
        if not (_NAME.fullmatch(namespace) and _NAME.fullmatch(name)):
            raise ValueError(f"Invalid repo id {repo_id!r}")
        if (kind, repo_id) in self._repos:
            raise FileExistsError(repo_id)
        repo = self._open(kind, repo_id)
        repo.configure(RepoSettings(private=private, created_at=datetime.now(UTC)))
        repo.commit({".gitattributes": repo.keep(_GITATTRIBUTES)}, title="initial commit", author=author)
        return repo

    def delete(self, kind: Kind, repo_id: str) -> None:
        """Remove a repository and all its files.

        Raises:
            Missing: there is none.
        """
        shutil.rmtree(self.get(kind, repo_id).folder)
        del self._repos[kind, repo_id]

    def import_folder(self, kind: Kind, repo_id: str, source: Path, *, author: str) -> Repo:
        """Make a repository of a folder's files, or bring it up to date if nobody committed to it since.

        A `repo.json` in the folder becomes the settings and is not a file.
        """
        repo = self._repos.get((kind, repo_id)) or self._open(kind, repo_id)
        settings = source / "repo.json"
        repo.configure(RepoSettings.model_validate_json(settings.read_bytes()) if settings.exists() else RepoSettings())
        files = {
            path.relative_to(source).as_posix(): repo.keep(path.read_bytes(), lfs=path.suffix == ".safetensors")
            for path in sorted(source.rglob("*"))
            if path.is_file() and path != settings and "__pycache__" not in path.parts
        }
        is_new = not (repo.folder / "head").exists()
        if is_new or (repo.head.title == _IMPORT_TITLE and repo.head.files != files):
            repo.commit(files, title=_IMPORT_TITLE, author=author, date=FIXTURE_DATE)
        return repo

    def _open(self, kind: Kind, repo_id: str) -> Repo:
        folder = self._folder / kind / repo_id
        for name in ("commits", "files"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self._repos[kind, repo_id] = Repo(kind, repo_id, folder)
        return self._repos[kind, repo_id]


def _write(path: Path, content: bytes) -> None:
    # written beside and moved: a Hub that is killed in the middle leaves no half file
    beside = path.with_name(path.name + ".new")
    beside.write_bytes(content)
    os.replace(beside, path)
