"""JobRunner over Hugging Face Jobs: hardware, submission, listing, logs, cancelling.

Does not decide anything: the watcher does. A submission is not idempotent; `find` is what makes it safe.
"""

import base64
import json
import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import httpx2
from huggingface_hub import HfApi, JobHardwareInfo, JobInfo
from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

from bot.hub_http import translated
from bot.models import Flavor, Job, JobStage, Log, Plan, Run, Usage
from bot.training import launch_command

APP_LABEL = "tunesmith"
#: Prices change rarely; one look in ten minutes is enough.
FLAVORS_TTL_S = 600.0
#: A log stream that is silent for this long has told what it has; the Hub itself would hold the line for 30 s.
LOG_IDLE_S = 0.7
#: A job that prints without a pause is read for this long at most.
LOG_MOST_S = 3.0
#: The same for somebody who asked for all of it and waits in no listener.
WHOLE_LOG_IDLE_S, WHOLE_LOG_S = 3.0, 30.0
#: The metrics stream sends a sample a second and is not waited for longer; what it answers when the job does not run.
USAGE_S = 3.0
_NOT_RUNNING = 406
#: Pages of a listing that are read at most; 100 jobs a page (not documented, seen in the client's tests).
MAX_PAGES = 50

#: Unpacks the script, which travels base64 in the command itself: nothing is uploaded, no bucket right is needed, and
#: `uv run` reads the script's PEP 723 header. The folder is new and empty, since a file named like a package beside
#: the script would shadow that package.
#: The script counts the time limit from the moment that the shell starts.
_START = (
    "set -e; cd $(mktemp -d); printf %s {script} | base64 -d > train.py; TUNESMITH_STARTED=$(date +%s) exec {launch}"
)

_UNITS_AN_HOUR = {"second": 3600, "minute": 60, "hour": 1}
_STAGES = {stage.value: stage for stage in JobStage}

_JOB_ENV = {
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "PYTHONUNBUFFERED": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "TQDM_DISABLE": "1",
    "TRANSFORMERS_VERBOSITY": "warning",
    "UV_NO_PROGRESS": "1",
}


class HfJobs:
    """The real job runner. Safe to call from several threads."""

    def __init__(
        self, *, endpoint: str, token: str, image: str, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._api = HfApi(endpoint=endpoint, token=token)
        self._endpoint = endpoint.rstrip("/")
        self._token = token
        self._image = image
        self._monotonic = monotonic
        self._flavors: tuple[float, tuple[Flavor, ...]] | None = None

    def flavors(self) -> Sequence[Flavor]:
        """List hardware and live prices, cheapest first; kept for FLAVORS_TTL_S."""
        now = self._monotonic()
        if self._flavors is None or now - self._flavors[0] > FLAVORS_TTL_S:
            with translated("listing its hardware"):
                known = [item for item in self._api.list_jobs_hardware() if item.unit_label in _UNITS_AN_HOUR]
                found = sorted(map(_flavor, known), key=lambda flavor: flavor.price_usd_hour)
            self._flavors = (now, tuple(found))
        return self._flavors[1]

    def known_flavors(self) -> Sequence[Flavor]:
        """What `flavors` read last, however long ago, without asking; empty: it has not read them yet."""
        return self._flavors[1] if self._flavors else ()

    def submit(self, run: Run, plan: Plan, script: str) -> Job:
        """Start the job; labels name the run, so that `find` sees it even when the answer is lost."""
        packed = base64.b64encode(script.encode()).decode()
        with translated(f"starting the job in {plan.namespace}"):
            info = self._api.run_job(
                image=self._image,
                command=["bash", "-c", _START.format(script=packed, launch=launch_command(plan))],
                env={**_JOB_ENV, "TUNESMITH_RUN": run.id, "TUNESMITH_DIGEST": plan.digest},
                secrets={"HF_TOKEN": self._token},
                flavor=plan.flavor.name,
                timeout=plan.timeout_s,
                attempts=1,
                name=f"tunesmith-{run.short_id}",
                labels={"app": APP_LABEL, "run": run.id, "revision": str(run.revision), "digest": plan.digest},
                namespace=plan.namespace,
            )
            return _job(info)

    def find(self, namespace: str, run_id: str) -> Job | None:
        """Look for the oldest job with this run's label, whatever its stage."""
        jobs = self._list(namespace, [("label", f"run={run_id}")])
        # the label is compared here too: a filter that was ignored must not make somebody else's job ours
        ours = [job for job in jobs if job.labels.get("run") == run_id]
        return min(ours, key=lambda job: job.created_at, default=None)

    def sweep(self, namespace: str) -> Sequence[Job]:
        """List all jobs of ours that are SCHEDULING or RUNNING."""
        active = [("stage", JobStage.SCHEDULING.value), ("stage", JobStage.RUNNING.value)]
        jobs = self._list(namespace, [*active, ("label", f"app={APP_LABEL}")])
        return [job for job in jobs if job.labels.get("app") == APP_LABEL]

    def inspect(self, namespace: str, job_id: str) -> Job:
        """Look at one job."""
        with translated(f"looking at job {job_id}"):
            return _job(self._api.inspect_job(job_id=job_id, namespace=namespace))

    def log_tail(self, namespace: str, job_id: str, lines: int) -> Sequence[str]:
        """Read the last lines printed so far, in LOG_MOST_S at most."""
        return list(self._log(namespace, job_id, lines, idle_s=LOG_IDLE_S, most_s=LOG_MOST_S).lines)

    def whole_log(self, namespace: str, job_id: str, lines: int) -> Log:
        """Read all that was printed so far, at most so many of the last lines, in WHOLE_LOG_S at most."""
        return self._log(namespace, job_id, lines, idle_s=WHOLE_LOG_IDLE_S, most_s=WHOLE_LOG_S)

    def _log(self, namespace: str, job_id: str, lines: int, *, idle_s: float, most_s: float) -> Log:
        """Read the last lines printed so far.

        Reads the event stream itself and stops when it falls silent for `idle_s`, or after `most_s`: the client's
        `fetch_job_logs` waits five seconds on every running job, and its end says nothing about the job either.
        """
        url = f"{self._endpoint}/api/jobs/{namespace}/{job_id}/logs"
        seen: deque[str] = deque(maxlen=lines)
        late = False
        stream = get_session().stream("GET", url, params={"tail": lines}, headers=self._headers())
        with translated(f"reading the log of job {job_id}"), stream as response:
            if response.is_error:
                response.read()
                hf_raise_for_status(response)
            # the first byte may take as long as any answer; from here on silence is an end
            response.request.extensions["timeout"]["read"] = idle_s
            ends = self._monotonic() + most_s
            with suppress(httpx2.ReadTimeout):
                for line in response.iter_lines():
                    if line.startswith("data:"):
                        text = json.loads(line.removeprefix("data:")).get("data", "")
                        seen.extend(text.splitlines() or [""])
                    if late := self._monotonic() > ends:
                        break
        told = tuple(line for line in seen if not line.startswith("===== Job started"))
        return Log(lines=told, starts_late=len(seen) == lines, ends_early=late)

    def usage(self, namespace: str, job_id: str) -> Usage | None:
        """Read one sample of the job's metrics stream; the Hub sends one a second."""
        url = f"{self._endpoint}/api/jobs/{namespace}/{job_id}/metrics"
        stream = get_session().stream("GET", url, headers=self._headers())
        with translated(f"measuring job {job_id}"), stream as response:
            if response.status_code == _NOT_RUNNING:
                return None
            if response.is_error:
                response.read()
                hf_raise_for_status(response)
            response.request.extensions["timeout"]["read"] = USAGE_S
            ends = self._monotonic() + USAGE_S
            with suppress(httpx2.ReadTimeout):
                for line in response.iter_lines():
                    if line.startswith("data:"):
                        return _usage(json.loads(line.removeprefix("data:")))
                    if self._monotonic() > ends:
                        break
        return None

    def cancel(self, namespace: str, job_id: str) -> None:
        """Ask the Hub to stop the job."""
        with translated(f"stopping job {job_id}"):
            self._api.cancel_job(job_id=job_id, namespace=namespace)

    def _list(self, namespace: str, params: list[tuple[str, str]]) -> Iterator[Job]:
        """Walk a listing ourselves: the client's own paginator sleeps for minutes on a 429."""
        url = f"{self._endpoint}/api/jobs/{namespace}?{urlencode(params)}"
        for _ in range(MAX_PAGES):
            with translated(f"listing the jobs of {namespace}"):
                response = get_session().get(url, headers=self._headers())
                hf_raise_for_status(response)
                page = [_job(JobInfo(**item, endpoint=self._endpoint)) for item in response.json()]
            yield from page
            url = response.links.get("next", {}).get("url", "")
            if not url.startswith(f"{self._endpoint}/"):
                return  # the last page; or another host, which must not get our token

    def _headers(self) -> dict[str, str]:
        return build_hf_headers(token=self._token)


def _job(info: JobInfo) -> Job:
    stage = str(getattr(info.status.stage, "value", info.status.stage))
    return Job(
        id=info.id,
        namespace=info.owner.name,
        url=info.url,
        stage=_STAGES.get(stage, JobStage.UNKNOWN),
        message=info.status.message or "",
        flavor=str(getattr(info.flavor, "value", info.flavor) or ""),
        labels=info.labels or {},
        created_at=info.created_at or datetime.now(UTC),
        started_at=info.started_at,
        finished_at=info.finished_at,
        running_s=info.durations.running_secs if info.durations else None,
        rerun_of=info.initiator.id if info.initiator and info.initiator.type == "duplicated-job" else "",
    )


def _usage(sample: dict[str, Any]) -> Usage | None:
    gpus = list((sample.get("gpus") or {}).values())
    if not gpus:
        return None
    fullest = max(gpus, key=lambda gpu: float(gpu["memory_used_bytes"]))
    return Usage(
        busy_percent=sum(float(gpu["utilization"]) for gpu in gpus) / len(gpus),
        used_gib=round(fullest["memory_used_bytes"] / 2**30, 2),
        total_gib=round(fullest["memory_total_bytes"] / 2**30, 2),
    )


def _flavor(info: JobHardwareInfo) -> Flavor:
    """Read the Hub's words ("46 GB", "2") as numbers; the price is per `unit_label`, in practice a minute."""
    gpu = info.accelerator
    return Flavor(
        name=info.name,
        pretty_name=info.pretty_name,
        gpu=gpu.model if gpu else None,
        gpus=int(gpu.quantity) if gpu else 0,
        vram_gb=_gigabytes(gpu.vram) if gpu else 0.0,
        ram_gb=_gigabytes(info.ram),
        disk_gb=_gigabytes(info.ephemeral_storage),
        price_usd_hour=round(info.unit_cost_usd * _UNITS_AN_HOUR[info.unit_label], 4),
    )


def _gigabytes(text: str) -> float:
    found = re.match(r"\s*([\d.]+)\s*([GT]?)B?", text)
    return float(found[1]) * (1000 if found[2] == "T" else 1) if found else 0.0
