"""Run a job of the local Hub: a subprocess in its own process group and its own folder, timed and logged.

Knows processes, stages and files. Does not know HTTP: hub_jobs.py speaks the jobs API. The job's folder is gone when it
ends, as the disk of a real job is: what was not pushed is lost.
"""

import asyncio
import json
import os
import shlex
import shutil
import signal
import sys
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from bot.playground.hub_flavors import FLAVORS

Stage = Literal["SCHEDULING", "RUNNING", "COMPLETED", "ERROR", "CANCELED"]

#: The Hub's own default when no timeout was asked for.
DEFAULT_TIMEOUT_S = 30 * 60
#: How long a job may go on after it was told to stop.
_GRACE_S = 2.0
#: A longer line is cut, as container runtimes do.
_LINE_BYTES = 16 * 1024

#: Of the Hub's environment, a job inherits only these.
_INHERITED = ("LANG", "LC_ALL", "TZ", "SYSTEMROOT")


class JobSpec(BaseModel):
    """What POST /api/jobs/{namespace} takes (huggingface_hub `_create_job_spec`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    command: list[str] = Field(min_length=1)
    arguments: list[str] = []
    environment: dict[str, str] = {}
    secrets: dict[str, str] = {}
    flavor: str = "cpu-basic"
    timeoutSeconds: int = Field(DEFAULT_TIMEOUT_S, ge=1)
    attempts: int = Field(1, ge=1, le=10)
    labels: dict[str, str] = {}
    dockerImage: str | None = None
    spaceId: str | None = None
    resourceGroupId: str | None = None


class Line(BaseModel):
    """One line of a job's log."""

    at: datetime
    text: str


class Job(BaseModel):
    """A job; changes as it runs."""

    id: str
    #: Counts all jobs of this Hub.
    number: int
    namespace: str
    #: Who started it, and how: "user" or "duplicated-job".
    initiator: dict[str, str | None]
    spec: JobSpec
    #: The Hub's address, for the job.
    endpoint: str
    stage: Stage = "SCHEDULING"
    message: str | None = None
    created_at: datetime
    #: None: not yet.
    started_at: datetime | None = None
    finished_at: datetime | None = None
    lines: list[Line] = Field([], exclude=True)

    @property
    def is_final(self) -> bool:
        return self.stage not in ("SCHEDULING", "RUNNING")

    @property
    def running_s(self) -> float | None:
        """Seconds that are paid for; None: it never ran."""
        if self.started_at is None:
            return None
        return ((self.finished_at or datetime.now(UTC)) - self.started_at).total_seconds()


class Runner:
    """Starts, watches, stops and remembers jobs. Use from one event loop."""

    def __init__(
        self,
        state: Path,
        *,
        python: str = sys.executable,
        schedule_s: float = 0.5,
        slots: int = 4,
    ) -> None:
        self._folder = state / "jobs"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._python = python
        #: How long a job waits for its machine at least.
        self._schedule_s = schedule_s
        #: So many jobs run at once; the others wait.
        self._slots = asyncio.Semaphore(slots)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._changed: dict[str, asyncio.Event] = {}
        self.is_closing = False
        self.jobs: dict[str, Job] = {job.id: job for job in self._remembered()}

    def start(self, job: Job) -> None:
        """Take a job; it runs when a slot is free."""
        self.jobs[job.id] = job
        self.save(job)
        self._tasks[job.id] = asyncio.get_running_loop().create_task(self._run(job))

    def cancel(self, job: Job) -> None:
        """Stop a job; nothing happens to a finished one."""
        if not job.is_final:
            self._finish(job, "CANCELED", None)
            self._tasks[job.id].cancel()

    async def wait_for_change(self, job: Job, timeout_s: float) -> bool:
        """Wait until the job's log or stage changes; False: it did not in that time."""
        event = self._changed.setdefault(job.id, asyncio.Event())
        try:
            async with asyncio.timeout(timeout_s):
                await event.wait()
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """Stop everything that runs."""
        self.is_closing = True
        for job in self.jobs.values():
            if not job.is_final:
                self._finish(job, "ERROR", "Job failed with exit code: 137. Reason: Error")
                self._tasks[job.id].cancel()
            self._notify(job)
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def memory_bytes(self, job: Job) -> int:
        """Resident memory of all processes of the job; 0 where there is no /proc."""
        return sum(pages for pages, _ in self._usage(job)) * os.sysconf("SC_PAGE_SIZE")

    def cpu_s(self, job: Job) -> float:
        """Processor time that the job's living processes have used, in seconds; 0 where there is no /proc."""
        return sum(ticks for _, ticks in self._usage(job)) / os.sysconf("SC_CLK_TCK")

    def save(self, job: Job) -> None:
        """Remember the job, without the values of its secrets."""
        names = dict.fromkeys(job.spec.secrets, "")
        safe = job.model_copy(update={"spec": job.spec.model_copy(update={"secrets": names})})
        folder = self._folder / job.id
        folder.mkdir(exist_ok=True)
        (folder / "job.json").write_text(safe.model_dump_json(indent=1))

    def _remembered(self) -> list[Job]:
        jobs = []
        for path in self._folder.glob("*/job.json"):
            job = Job.model_validate_json(path.read_bytes())
            log = path.with_name("log.jsonl")
            if log.exists():
                job.lines = [Line.model_validate_json(line) for line in log.read_bytes().splitlines()]
            if not job.is_final:
                # the Hub was killed under it
                job.stage, job.finished_at = "ERROR", datetime.now(UTC)
                job.message = "Job failed with exit code: 137. Reason: Error"
                self.save(job)
            jobs.append(job)
        return sorted(jobs, key=lambda job: job.number)

    async def _run(self, job: Job) -> None:
        try:
            await asyncio.sleep(self._schedule_s)
            async with self._slots:
                job.stage, job.started_at = "RUNNING", datetime.now(UTC)
                self.save(job)
                self._say(job, f"===== Job started at {job.started_at:%Y-%m-%d %H:%M:%S} =====")
                try:
                    async with asyncio.timeout(job.spec.timeoutSeconds):
                        code = await self._attempts(job)
                except TimeoutError:
                    self._finish(job, "ERROR", "Job timeout")
                    return
            if code == 0:
                self._finish(job, "COMPLETED", None)
            else:
                code = 128 - code if code < 0 else code
                reason = "OOMKilled" if code == 137 else "Error"
                self._finish(job, "ERROR", f"Job failed with exit code: {code}. Reason: {reason}")
        finally:
            self._tasks.pop(job.id, None)

    async def _attempts(self, job: Job) -> int:
        code = 0
        for _ in range(job.spec.attempts):
            code = await self._once(job)
            if code == 0:
                break
        return code

    async def _once(self, job: Job) -> int:
        folder = Path(tempfile.mkdtemp(prefix=f"job-{job.id}-"))
        try:
            out, into = os.pipe()
            try:
                process = await asyncio.create_subprocess_exec(
                    *job.spec.command,
                    *job.spec.arguments,
                    cwd=folder,
                    env=self._environment(job, folder),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=into,
                    stderr=into,
                    start_new_session=True,
                )
            except OSError as error:
                os.close(out)
                self._say(job, f"exec: {shlex.join(job.spec.command[:1])}: {error.strerror}")
                return 127
            finally:
                os.close(into)
            self._processes[job.id] = process
            reader = asyncio.create_task(self._read(job, out))
            try:
                return await process.wait()
            finally:
                await asyncio.shield(self._stop(process, reader))
                del self._processes[job.id]
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    async def _stop(self, process: asyncio.subprocess.Process, reader: asyncio.Task[None]) -> None:
        """End the whole process group, as the end of a container does, and read what it still said."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGTERM)
        if process.returncode is None:
            with suppress(TimeoutError):
                async with asyncio.timeout(_GRACE_S):
                    await process.wait()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        # a process that left the group may still hold the pipe
        with suppress(TimeoutError):
            async with asyncio.timeout(_GRACE_S):
                await reader

    async def _read(self, job: Job, out: int) -> None:
        """Log the lines that come through the pipe, until its other end is closed."""
        # a pipe of our own: asyncio's process.wait() may wait for asyncio's pipes, that is for stray grandchildren
        stream = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(out, "rb")
        )
        rest = b""
        try:
            while chunk := await stream.read(1 << 16):
                *lines, rest = (rest + chunk).split(b"\n")
                while len(rest) > _LINE_BYTES:
                    lines.append(rest[:_LINE_BYTES])
                    rest = rest[_LINE_BYTES:]
                for line in lines:
                    self._say(job, line.decode(errors="replace").removesuffix("\r"))
            if rest:
                self._say(job, rest.decode(errors="replace"))
        finally:
            transport.close()

    def _environment(self, job: Job, folder: Path) -> dict[str, str]:
        """The job's environment: nothing of the Hub's own but the way to programs and the language."""
        tools = folder / ".bin"
        tools.mkdir()
        python = shlex.quote(self._python)
        shim = shlex.quote(str(Path(__file__).with_name("uv_shim.py")))
        for name, command in (("uv", f"{python} {shim}"), ("python", python), ("python3", python)):
            script = tools / name
            script.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
            script.chmod(0o755)
        flavor = FLAVORS[job.spec.flavor]
        return {
            **{name: os.environ[name] for name in _INHERITED if name in os.environ},
            "PATH": f"{tools}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "HF_HOME": str(folder / ".cache" / "huggingface"),
            "HF_ENDPOINT": job.endpoint,
            # Xet storage cannot be imitated over plain HTTP
            "HF_HUB_DISABLE_XET": "1",
            # several threads a job fight for few cores, and a tiny model has nothing to share out: SFT on two busy
            # cores took 66 s with two threads and 12 s with one
            "OMP_NUM_THREADS": "1",
            "JOB_ID": job.id,
            "ACCELERATOR": flavor.name if flavor.gpu else "none",
            "CPU_CORES": str(flavor.vcpus),
            "MEMORY": f"{flavor.ram_gb}Gi",
            **job.spec.environment,
            **job.spec.secrets,
        }

    def _say(self, job: Job, text: str) -> None:
        line = Line(at=datetime.now(UTC), text=text)
        job.lines.append(line)
        with (self._folder / job.id / "log.jsonl").open("a") as log:
            log.write(line.model_dump_json() + "\n")
        self._notify(job)

    def _finish(self, job: Job, stage: Stage, message: str | None) -> None:
        if not job.is_final:
            job.stage, job.message, job.finished_at = stage, message, datetime.now(UTC)
            self.save(job)
            self._notify(job)

    def _notify(self, job: Job) -> None:
        event = self._changed.pop(job.id, None)
        if event is not None:
            event.set()

    def _usage(self, job: Job) -> list[tuple[int, int]]:
        """(resident pages, clock ticks) of each process of the job's group, from /proc/*/stat (man 5 proc)."""
        process = self._processes.get(job.id)
        usage = []
        for path in Path("/proc").glob("[0-9]*/stat") if process else []:
            with suppress(OSError, IndexError, ValueError):
                fields = path.read_text().rpartition(")")[2].split()
                if process and int(fields[2]) == process.pid:
                    usage.append((int(fields[21]), int(fields[11]) + int(fields[12])))
        return usage


def line_event(line: Line) -> str:
    """A line as a server-sent event of the Hub's log stream."""
    stamp = line.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    return f"data: {json.dumps({'data': line.text, 'timestamp': stamp})}\n\n"
