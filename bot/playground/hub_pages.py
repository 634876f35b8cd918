"""The pages of the local Hub for people: an index, a repository with its card and files, a job with its log.

They are the owner's view: shown without a login, private repositories too. HTML is put together by hub_html.py.
"""

import html
from datetime import UTC, datetime
from urllib.parse import quote

from aiohttp import web

from bot.playground.hub_flavors import FLAVORS
from bot.playground.hub_html import card, facts, link, page, plain, size, tags
from bot.playground.hub_info import dataset_info, model_info, split_card
from bot.playground.hub_repos import part
from bot.playground.hub_runner import Job, Runner
from bot.playground.hub_store import KINDS, Commit, Kind, Missing, Repo, RepoStore

#: A page of an unfinished job loads itself again this often.
_REFRESH_S = 2
_LOG_LINES = 2000


class Pages:
    """The handlers, over the store and the runner."""

    def __init__(self, store: RepoStore, runner: Runner) -> None:
        self.store = store
        self.runner = runner

    def add_to(self, app: web.Application) -> None:
        for prefix in ("/{kind:datasets}/{namespace}/{name}", "/{namespace}/{name}"):
            app.add_routes(
                [
                    web.get(prefix, self.repo),
                    web.get(prefix + "/{view:tree|commit|commits}/{revision}", self.repo),
                    web.get(prefix + "/{view:blob|raw}/{revision}/{path:.+}", self.file),
                ]
            )
        app.add_routes([web.get("/", self.index), web.get("/jobs/{namespace}/{job_id}", self.job)])

    async def index(self, request: web.Request) -> web.Response:
        body = "<h1>Tunesmith Hub</h1><p class='soft'>Everything here lives in a folder on this machine.</p>"
        for kind in KINDS:
            repos = sorted(self.store.all(kind), key=lambda repo: repo.head.date, reverse=True)
            rows = "".join(
                f"<tr><td>{link(_address(repo), repo.id)}{_marks(repo)}</td>"
                f"<td>{size(_bytes(repo.head))}</td><td>{_ago(repo.head.date)}</td></tr>"
                for repo in repos
            )
            body += f'<h2 id="{kind}">{kind.title()}</h2><div class="box"><table class="files">{rows}</table></div>'
        rows = "".join(
            f"<tr><td>{link(f'/jobs/{job.namespace}/{job.id}', f'{job.namespace}/{job.id}')}</td>"
            f'<td>{job.spec.flavor}</td><td class="stage {job.stage}">{job.stage}</td>'
            f"<td>{_ago(job.created_at)}</td></tr>"
            for job in reversed(self.runner.jobs.values())
        )
        rows = rows or '<tr><td class="soft">No job yet.</td></tr>'
        body += f'<h2 id="jobs">Jobs</h2><div class="box"><table class="files">{rows}</table></div>'
        return page("Tunesmith Hub", body)

    async def repo(self, request: web.Request) -> web.Response:
        kind: Kind = "datasets" if request.match_info.get("kind") == "datasets" else "models"
        repo_id = f"{part(request, 'namespace')}/{part(request, 'name')}"
        try:
            repo = self.store.get(kind, repo_id)
            commit = repo.at(part(request, "revision") or "main")
        except Missing as missing:
            return _not_found(missing)
        if request.match_info.get("view") == "commits":
            return _history(repo)
        info = model_info(repo, commit) if kind == "models" else dataset_info(repo, commit)
        text = split_card((repo.read("README.md", commit) or b"").decode(errors="replace"))[1]
        namespace, name = repo_id.split("/")
        head = f"<h1><small>{html.escape(namespace)} /</small> {html.escape(name)}{_marks(repo)}</h1>"
        shown = card(text) if text.strip() else '<p class="soft">This repository has no card.</p>'
        side = _files(repo, commit) + _about(info, commit)
        return page(
            f"{repo_id} · Tunesmith Hub",
            f'{head}{tags(info["tags"])}<div class="columns"><div>{shown}</div><aside>{side}</aside></div>',
        )

    async def file(self, request: web.Request) -> web.Response:
        raise web.HTTPFound(request.rel_url.raw_path.replace(f"/{request.match_info['view']}/", "/resolve/", 1))

    async def job(self, request: web.Request) -> web.Response:
        job = self.runner.jobs.get(request.match_info["job_id"])
        if job is None or job.namespace != request.match_info["namespace"]:
            return _not_found(Missing("repo", f"jobs/{request.match_info['job_id']}"))
        head = (
            f'<h1><small>{job.namespace} / jobs /</small> {job.id}</h1><p class="stage {job.stage}">{job.stage}'
            f"{': ' + html.escape(job.message) if job.message else ''}</p>"
        )
        lines = "".join(f"<time>{line.at:%H:%M:%S}</time>{plain(line.text)}\n" for line in job.lines[-_LOG_LINES:])
        log = f'<h2>Log</h2><pre class="log">{lines or "Nothing printed yet."}</pre>'
        refresh_s = None if job.is_final else _REFRESH_S
        return page(f"Job {job.id} · Tunesmith Hub", head + _job_facts(job) + log, refresh_s=refresh_s)


def _job_facts(job: Job) -> str:
    flavor = FLAVORS[job.spec.flavor]
    running_s = job.running_s or 0.0
    labels = ", ".join(f"{key}={value}" for key, value in job.spec.labels.items())
    return facts(
        [
            ("Hardware", html.escape(f"{flavor.pretty_name}, ${flavor.usd_hour:.2f} an hour")),
            ("Created", _when(job.created_at)),
            ("Running", f"{running_s:.0f} s of at most {job.spec.timeoutSeconds} s"),
            ("Cost", f"${flavor.usd_hour * running_s / 3600:.4f}"),
            ("Labels", html.escape(labels or "none")),
            ("Secrets", html.escape(", ".join(job.spec.secrets) or "none")),
            ("Image", html.escape(job.spec.dockerImage or job.spec.spaceId or "")),
        ]
    )


def _files(repo: Repo, commit: Commit) -> str:
    rows = "".join(
        f"<tr><td>{link(f'{_address(repo)}/resolve/{commit.sha}/{quote(path)}', path)}</td>"
        f"<td>{size(file.size)}</td></tr>"
        for path, file in sorted(commit.files.items())
    )
    top = (
        f"{html.escape(commit.author)}: {html.escape(commit.title)}<br>"
        f'<span class="soft">commit {link(f"{_address(repo)}/commit/{commit.sha}", commit.sha[:8])},'
        f" {_ago(commit.date)} · {link(f'{_address(repo)}/commits/main', 'history')}</span>"
    )
    return f'<div class="box"><p>{top}</p><table class="files">{rows}</table></div>'


def _about(info: dict[str, object], commit: Commit) -> str:
    pairs = [("Last change", _when(commit.date))]
    weights = info.get("safetensors")
    if isinstance(weights, dict):
        kinds = ", ".join(html.escape(kind) for kind in weights["parameters"])
        pairs.append(("Parameters", f"{weights['total']:,} ({kinds})"))
    storage = info["usedStorage"]
    if isinstance(storage, int):
        pairs.append(("Size", size(storage)))
    bases = info.get("baseModels")
    if isinstance(bases, dict):
        pairs.append(("Base model", ", ".join(link(f"/{model['id']}", model["id"]) for model in bases["models"])))
    return facts(pairs)


def _history(repo: Repo) -> web.Response:
    rows = "".join(
        f"<tr><td>{link(f'{_address(repo)}/commit/{commit.sha}', commit.title)}</td>"
        f'<td class="mono">{commit.sha[:8]}</td><td>{html.escape(commit.author)}</td><td>{_when(commit.date)}</td></tr>'
        for commit in repo.commits()
    )
    body = f'<h1>{link(_address(repo), repo.id)}</h1><div class="box"><table class="files">{rows}</table></div>'
    return page(f"History of {repo.id} · Tunesmith Hub", body)


def _bytes(commit: Commit) -> int:
    return sum(file.size for file in commit.files.values())


def _address(repo: Repo) -> str:
    return f"/{'datasets/' if repo.kind == 'datasets' else ''}{repo.id}"


def _marks(repo: Repo) -> str:
    settings = repo.settings
    marks = [name for name, is_set in (("private", settings.private), ("gated", settings.gated)) if is_set]
    return "".join(f' <span class="tag">{mark}</span>' for mark in marks)


def _when(moment: datetime) -> str:
    return f"{moment:%-d %b %Y, %H:%M} UTC"


def _ago(moment: datetime) -> str:
    seconds = (datetime.now(UTC) - moment).total_seconds()
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def _not_found(missing: Missing) -> web.Response:
    body = (
        f"<h1>404</h1><p>There is no {missing.what} {html.escape(missing.name)} here. {link('/', 'To the index')}</p>"
    )
    return page("Not found · Tunesmith Hub", body, status=404)
