"""The jobs API of the local Hub, as huggingface_hub 2.4 calls it: run, list, inspect, logs, metrics, labels, cancel.

Knows the protocol. Processes are hub_runner.py's, prices hub_flavors.py's.
"""

import asyncio
import json
import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from pydantic import ValidationError

from bot.playground.faults import Faults
from bot.playground.hub_access import (
    NAMESPACES,
    Caller,
    Refusal,
    account_id,
    caller_of,
    iso,
    json_body,
    owner,
    require_permission,
    require_user,
)
from bot.playground.hub_flavors import FLAVORS
from bot.playground.hub_runner import Job, JobSpec, Runner, line_event

#: Jobs on one page of a listing.
PAGE = 100
#: The Hub sends a comment this often when a log is silent.
KEEP_ALIVE_S = 30.0

#: huggingface_hub, docstring of update_job_labels; the name of a job may hold dots.
_LABEL = re.compile(r"[A-Za-z0-9_-]{1,100}")
_NAME = re.compile(r"[A-Za-z0-9._-]{0,100}")

_NO_CREDIT = "Pre-paid credit balance is insufficient - add more credits to your account to use Jobs."


class JobRoutes:
    """The handlers, over one runner."""

    def __init__(
        self,
        runner: Runner,
        faults: Faults,
        *,
        endpoint: Callable[[], str] | None = None,
        keep_alive_s: float = KEEP_ALIVE_S,
    ) -> None:
        self.runner = runner
        self._endpoint = endpoint
        self.faults = faults
        self.keep_alive_s = keep_alive_s
        #: Whether each namespace can pay for a job.
        self.payers = dict.fromkeys(NAMESPACES, True)

    def add_to(self, app: web.Application) -> None:
        job = "/api/jobs/{namespace}/{job_id}"
        app.add_routes(
            [
                web.get("/api/jobs/hardware", self.hardware),
                web.get("/api/jobs/{namespace}", self.listing),
                web.post("/api/jobs/{namespace}", self.run),
                web.get(job, self.inspect),
                web.get(job + "/logs", self.logs),
                web.get(job + "/metrics", self.metrics),
                web.post(job + "/cancel", self.cancel),
                web.post(job + "/duplicate", self.duplicate),
                web.put(job + "/labels", self.labels),
                web.post("/_billing", self.billing),
            ]
        )

    async def hardware(self, request: web.Request) -> web.Response:
        caller_of(request)
        return web.json_response([flavor.json for flavor in FLAVORS.values()])

    async def billing(self, request: web.Request) -> web.Response:
        """Not of the Hub: {"namespace": "acme", "can_pay": false} makes its next jobs end in 402."""
        body = await json_body(request)
        self.payers[body["namespace"]] = bool(body["can_pay"])
        return web.json_response(self.payers)

    async def run(self, request: web.Request) -> web.Response:
        caller = self._payer(request)
        body = await json_body(request)
        for unsupported in ("volumes", "expose", "ssh", "network"):
            if body.pop(unsupported, None):
                raise Refusal(400, f"The playground's jobs have no {unsupported}")
        try:
            spec = JobSpec.model_validate(body)
        except ValidationError as error:
            first = error.errors()[0]
            raise Refusal(400, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
        if spec.flavor not in FLAVORS:
            raise Refusal(400, f'Invalid option for "flavor": expected one of {", ".join(sorted(FLAVORS))}')
        if not spec.dockerImage and not spec.spaceId:
            raise Refusal(400, "Either dockerImage or spaceId is required")
        _check_labels(spec.labels)
        return web.json_response(self._json(self._start(request, spec, _by_user(caller))))

    async def duplicate(self, request: web.Request) -> web.Response:
        self._payer(request)
        job = self._job(request)
        if any(value == "" for value in job.spec.secrets.values()):
            raise Refusal(400, "The playground's Hub was restarted and no longer has this job's secrets")
        initiator: dict[str, str | None] = {"type": "duplicated-job", "id": job.id}
        return web.json_response(self._json(self._start(request, job.spec, initiator)))

    async def listing(self, request: web.Request) -> web.Response:
        """Jobs of a namespace, newest first, in pages that the Link header chains."""
        namespace = self._readable(request)
        stages = set(request.query.getall("stage", []))
        labels = [tuple(label.split("=", 1)) for label in request.query.getall("label", [])]
        before = int(request.query.get("cursor", "0")) or None
        stale_s = self.faults.stale_s(request.path)
        now = datetime.now(UTC)
        found = [
            job
            for job in reversed(self.runner.jobs.values())
            if job.namespace == namespace
            and (not stages or job.stage in stages)
            and all(job.spec.labels.get(key) == (value or [""])[0] for key, *value in labels)
            and (before is None or job.number < before)
            and (now - job.created_at).total_seconds() >= stale_s
        ]
        page = int(request.query.get("limit", PAGE))
        headers = {}
        if len(found) > page:
            query = [(key, value) for key, value in request.query.items() if key != "cursor"]
            link = f"{request.url.origin()}{request.path}?{urlencode([*query, ('cursor', found[page - 1].number)])}"
            headers["Link"] = f'<{link}>; rel="next"'
        return web.json_response([self._json(job) for job in found[:page]], headers=headers)

    async def inspect(self, request: web.Request) -> web.Response:
        return web.json_response(self._json(self._job(request)))

    async def cancel(self, request: web.Request) -> web.Response:
        require_permission(request, request.match_info["namespace"], "job.write")
        job = self._job(request)
        self.runner.cancel(job)
        return web.json_response(self._json(job))

    async def labels(self, request: web.Request) -> web.Response:
        require_permission(request, request.match_info["namespace"], "job.write")
        job = self._job(request)
        labels = (await json_body(request)).get("labels")
        if not isinstance(labels, dict):
            raise Refusal(400, "labels: expected an object")
        _check_labels(labels)
        job.spec = job.spec.model_copy(update={"labels": labels})
        self.runner.save(job)
        return web.json_response(self._json(job))

    async def logs(self, request: web.Request) -> web.StreamResponse:
        """Send what was logged, then what comes, until the job ends. `tail` leaves out all but the last lines."""
        job = self._job(request)
        tail = request.query.get("tail")
        sent = max(0, len(job.lines) - int(tail)) if tail else 0
        stream = await _event_stream(request)
        try:
            while True:
                while sent < len(job.lines):
                    batch = job.lines[sent : sent + 500]
                    sent += len(batch)
                    await stream.write("".join(line_event(line) for line in batch).encode())
                if job.is_final or self.runner.is_closing:
                    break
                if not await self.runner.wait_for_change(job, self.keep_alive_s):
                    await stream.write(b": keep-alive\n\n")
            await stream.write_eof()
        except ConnectionError:
            pass  # the client has read enough
        return stream

    async def metrics(self, request: web.Request) -> web.StreamResponse:
        """Send one sample a second while the job runs.

        There is no GPU here: for a flavor that has one, the numbers of the job's processes stand in for it.
        """
        job = self._job(request)
        if job.is_final:
            raise Refusal(406, "Job is not running")
        stream = await _event_stream(request)
        used_s = self.runner.cpu_s(job)
        try:
            while not job.is_final and not self.runner.is_closing:
                await asyncio.sleep(1)
                now_s = self.runner.cpu_s(job)
                if job.stage == "RUNNING":
                    sample = _sample(job, cpus=max(0.0, now_s - used_s), memory_bytes=self.runner.memory_bytes(job))
                    await stream.write(f"event: metric\ndata: {json.dumps(sample)}\n\n".encode())
                used_s = now_s
            await stream.write_eof()
        except ConnectionError:
            pass
        return stream

    def _start(self, request: web.Request, spec: JobSpec, initiator: dict[str, str | None]) -> Job:
        job = Job(
            id=secrets.token_hex(12),
            number=max((job.number for job in self.runner.jobs.values()), default=0) + 1,
            namespace=request.match_info["namespace"],
            initiator=initiator,
            spec=spec,
            endpoint=self._endpoint() if self._endpoint else str(request.url.origin()),
            created_at=datetime.now(UTC),
        )
        self.runner.start(job)
        return job

    def _payer(self, request: web.Request) -> Caller:
        """Whoever starts a job, if the namespace lets them and can pay."""
        namespace = request.match_info["namespace"]
        caller = require_permission(request, namespace, "job.write")
        if not self.payers[namespace]:
            raise Refusal(402, _NO_CREDIT)
        return caller

    def _readable(self, request: web.Request) -> str:
        namespace = request.match_info["namespace"]
        if not require_user(request).sees(namespace):
            raise Refusal(
                403,
                "You don't have the required permissions to complete this action on namespace"
                f" {namespace}, missing permissions: job.read",
            )
        return namespace

    def _job(self, request: web.Request) -> Job:
        namespace = self._readable(request)
        job = self.runner.jobs.get(request.match_info["job_id"])
        if job is None or job.namespace != namespace:
            raise Refusal(404, "Job not found")
        return job

    def _json(self, job: Job) -> dict[str, Any]:
        """The shape of huggingface_hub's JobInfo; of secrets only the names."""
        spec = job.spec
        until = job.finished_at or datetime.now(UTC)
        scheduling = None if job.started_at is None else int((job.started_at - job.created_at).total_seconds())
        return {
            "type": "job",
            "id": job.id,
            "createdAt": iso(job.created_at),
            "startedAt": job.started_at and iso(job.started_at),
            "finishedAt": job.finished_at and iso(job.finished_at),
            **({"dockerImage": spec.dockerImage} if spec.dockerImage else {"spaceId": spec.spaceId}),
            "command": spec.command,
            "arguments": spec.arguments,
            "environment": spec.environment,
            "secrets": dict.fromkeys(spec.secrets),
            "flavor": spec.flavor,
            "timeout": spec.timeoutSeconds,
            "labels": spec.labels,
            "retry": spec.attempts - 1,
            "status": {"stage": job.stage, "message": job.message},
            "durations": {
                "schedulingSecs": scheduling,
                "runningSecs": None if job.running_s is None else int(job.running_s),
                "totalSecs": int((until - job.created_at).total_seconds()),
            },
            "owner": owner(job.namespace),
            "initiator": job.initiator,
        }


def _by_user(caller: Caller) -> dict[str, str | None]:
    return {"type": "user", "id": account_id(caller.user or ""), "name": caller.user}


def _check_labels(labels: dict[str, Any]) -> None:
    for key, value in labels.items():
        allowed = _NAME if key == "name" else _LABEL
        if not _LABEL.fullmatch(key) or not isinstance(value, str) or not allowed.fullmatch(value):
            raise Refusal(
                400,
                f"Invalid label {key!r}={value!r}: keys and values are at most 100 letters, digits, dashes and"
                " underscores",
            )


def _sample(job: Job, *, cpus: float, memory_bytes: int) -> dict[str, Any]:
    flavor = FLAVORS[job.spec.flavor]
    utilization = min(100, round(cpus * 100))
    per_gpu = flavor.vram_gb * 10**9 // max(1, flavor.gpus)
    return {
        "cpu_usage_pct": min(100, round(cpus * 100 / flavor.vcpus)),
        "cpu_millicores": flavor.vcpus * 1000,
        "memory_used_bytes": memory_bytes,
        "memory_total_bytes": flavor.ram_gb << 30,
        "rx_bps": 0,
        "tx_bps": 0,
        "gpus": {
            f"{job.id[:7]}{number}": {
                "utilization": utilization,
                "memory_used_bytes": min(memory_bytes, per_gpu),
                "memory_total_bytes": per_gpu,
            }
            for number in range(flavor.gpus)
        },
        "replica": job.id[-5:],
    }


async def _event_stream(request: web.Request) -> web.StreamResponse:
    stream = web.StreamResponse(headers={"Cache-Control": "no-cache"})
    stream.content_type = "text/event-stream"
    await stream.prepare(request)
    return stream
