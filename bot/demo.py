"""`tunesmith demo`: the real bot beside a local Slack and a local Hub, each a process of its own.

Only the servers are local: the bot is `tunesmith run` as it is deployed, and it speaks HTTP and websockets to them.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import webbrowser
from collections.abc import Collection, Mapping
from pathlib import Path
from types import TracebackType
from typing import Literal
from urllib.request import urlopen

from bot.app import utc_now
from bot.errors import UserError
from bot.models import Examples, Run
from bot.playground.driver import Visitor, as_text
from bot.states import FINAL, RunStatus
from handlers.views.buttons import APPROVE
from storage.store import Store

CHANNEL = "C0FINETUNE"
ASKER, LEAD = "U0ASKER", "U0LEAD"
#: What the two local servers expect; secret from nobody.
BOT_TOKEN, APP_TOKEN, SIGNING_SECRET = "xoxb-playground", "xapp-playground", "playground-signing-secret"
HUB_TOKEN = "hf_playground"  # noqa: S105
#: The first message of the channel, so that nobody has to guess what the local Hub has.
EXAMPLES = Examples(model="tunesmith-lab/tiny-qwen3", dataset="tunesmith-lab/tiny-chat")
_WELCOME = """Welcome! This workspace and its Hub run on your own machine: nothing here costs money.
Try `/finetune tiny-qwen3 on tiny-chat, 40 epochs, lr 3e-4`, then view as the Team lead (top right) and approve.
Other datasets here: `tiny-preferences` (DPO) and `tiny-math` (add `with grpo`)."""
#: Seconds that a process may take to come up; the first start compiles every module.
START_S = 60.0


class Demo:
    """Starts and stops everything; use it as a context manager."""

    def __init__(
        self,
        *,
        hub: Literal["local", "real"] = "local",
        delivery: Literal["socket", "http"] = "socket",
        port: int = 0,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`environment` overrides what the bot is started with, such as HF_TOKEN."""
        self._real_hub = hub == "real"
        self._http = delivery == "http"
        self._port = port
        self._bot_port = _free_port()
        self._folder = contextlib.ExitStack()
        self._overrides = dict(environment or {})
        self.state = Path(self._folder.enter_context(tempfile.TemporaryDirectory(prefix="tunesmith-demo-")))
        self._playground: subprocess.Popen[str] | None = None
        self.bot: subprocess.Popen[bytes] | None = None
        self.addresses: dict[str, str] = {}

    def __enter__(self) -> "Demo":
        if self._real_hub and not os.environ.get("HF_TOKEN"):
            raise UserError(
                "`--hub real` trains on Hugging Face Jobs and needs a token there.",
                "Set HF_TOKEN to a token with job.write, or leave `--hub real` out.",
            )
        try:
            self._start_playground()
            self.start_bot()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in (self.bot, self._playground):
            _stop(process)
        self._folder.close()

    @property
    def database(self) -> str:
        """The address of the bot's database."""
        return self._overrides.get("DATABASE_URL", f"sqlite:///{self.state / 'tunesmith.db'}")

    @property
    def page(self) -> str:
        return self.addresses["page"]

    def visitor(self) -> Visitor:
        """Somebody who acts on the page from a program."""
        return Visitor(self.page)

    def start_bot(self) -> None:
        """Start `tunesmith run` against the local servers and wait until it is healthy."""
        log = (self.state / "bot.log").open("ab")
        with log:
            self.bot = subprocess.Popen(
                [sys.executable, "-m", "bot", "run"], env=self._environment(), stdout=log, stderr=log, cwd=self.state
            )
        self._wait_until_healthy(self.bot)

    def serve(self, *, open_browser: bool) -> int:
        """Show where the page is and stay until Ctrl-C."""
        if not self._real_hub:
            self.visitor().say(LEAD, CHANNEL, _WELCOME)
        print(f"\n  Tunesmith is ready: {self.page}\n")
        print("  1. In #finetuning type   /finetune tiny-qwen3 on tiny-chat, 40 epochs, lr 3e-4")
        print("  2. Switch to the Team lead (top right) and approve the plan.")
        print("  3. Watch the loss fall; the last message links to the model.\n")
        print("  Ctrl-C ends it.", flush=True)
        if open_browser:
            webbrowser.open(self.page)
        assert self.bot is not None
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends like Ctrl-C: nothing is left behind
        try:
            status = self.bot.wait()
        except KeyboardInterrupt:
            return 0
        raise UserError(f"The bot ended by itself (status {status}).", f"Its log ends so:\n{self.log_tail()}")

    def walk(self, request: str, *, approve: bool, timeout_s: float) -> int:
        """Ask, approve as the lead, wait for the end, print the thread; 0 only if the model was verified."""
        visitor = self.visitor()
        started = time.monotonic()
        answer = visitor.command(ASKER, CHANNEL, "/finetune", request)
        if answer is not None:
            print(as_text([answer]), end="\n\n")
        store = Store(self.database, utc_now)
        try:
            run = _settled(store, visitor, {RunStatus.RECEIVED}, timeout_s)
            if approve and run is not None and run.status is RunStatus.PROPOSED:
                visitor.click(LEAD, _card_ts(run), APPROVE, channel=CHANNEL)
                run = _settled(store, visitor, set(RunStatus) - FINAL, timeout_s)
        finally:
            store.close()
        if run is None:
            print(f"There is no run, or it did not end within {timeout_s:.0f} s.", file=sys.stderr)
            return 1
        thread = as_text(visitor.messages(CHANNEL, _card_ts(run)))
        print(f"{thread}\n\n[{time.monotonic() - started:.0f} s]")
        if not approve:
            return 0 if run.plan else 1
        if run.report is None or run.report.landed.url not in thread or not _opens(run.report.landed.url):
            print("The walk did not end with a verified model.", file=sys.stderr)
            return 1
        print(f"Verified: {run.report.landed.url}")
        return 0

    def log_tail(self, lines: int = 20) -> str:
        """The end of the bot's own log."""
        path = self.state / "bot.log"
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""

    def _start_playground(self) -> None:
        arguments = ["--slack-port", str(self._port), "--state", str(self.state / "hub"), "--watch-stdin"]
        if self._real_hub:
            arguments.append("--no-hub")
        if self._http:
            arguments += ["--request-url", f"http://127.0.0.1:{self._bot_port}/slack/events"]
        errors = self.state / "playground.log"
        with errors.open("ab") as log:
            self._playground = subprocess.Popen(
                [sys.executable, "-m", "bot.playground", *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._playground.stdout is not None
        line = self._playground.stdout.readline()
        if not line:
            said = errors.read_text(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
            raise UserError(
                f"The local workspace did not start: {said[0]}",
                f"Is port {self._port} in use? Choose another by --port.",
            )
        self.addresses = json.loads(line)

    def _environment(self) -> dict[str, str]:
        """What `tunesmith run` needs; nothing of a real workspace leaks in."""
        keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        environment = keep | {
            "SLACK_BOT_TOKEN": BOT_TOKEN,
            "SLACK_API_URL": self.addresses["slack"],
            "DATABASE_URL": self.database,
            "HOST": "127.0.0.1",
            "PORT": str(self._bot_port),
            "APPROVERS": LEAD,
            "WATCH_INTERVAL_S": "1",
            "SUBMIT_VISIBILITY_S": "5",
        }
        environment |= {"SLACK_SIGNING_SECRET": SIGNING_SECRET} if self._http else {"SLACK_APP_TOKEN": APP_TOKEN}
        if self._real_hub:
            real = ("HF_TOKEN", "HF_ENDPOINT", "HF_NAMESPACE", "DATASET_VIEWER_URL")
            environment |= {name: os.environ[name] for name in real if name in os.environ}
            environment["WATCH_INTERVAL_S"] = "15"
        else:
            hub = self.addresses["hub"]
            # a job of the local Hub starts at once and imports its libraries in some seconds
            environment["JOB_STARTUP_MIN"] = "0.2"
            environment |= {"HF_ENDPOINT": hub, "DATASET_VIEWER_URL": hub, "HF_TOKEN": HUB_TOKEN}
            # help and Home show what this Hub has
            environment |= {"EXAMPLE_MODEL": EXAMPLES.model, "EXAMPLE_DATASET": EXAMPLES.dataset}
        return environment | self._overrides

    def _wait_until_healthy(self, bot: subprocess.Popen[bytes]) -> None:
        ends = time.monotonic() + START_S
        while time.monotonic() < ends:
            if bot.poll() is not None:
                raise UserError("The bot did not start.", f"Its log ends so:\n{self.log_tail()}")
            with contextlib.suppress(OSError), urlopen(f"http://127.0.0.1:{self._bot_port}/healthz", timeout=2) as page:
                if page.status == 200:
                    return
            time.sleep(0.1)
        raise UserError(f"The bot was not healthy after {START_S:.0f} s.", f"Its log ends so:\n{self.log_tail()}")


def _settled(store: Store, visitor: Visitor, waiting: Collection[RunStatus], timeout_s: float) -> Run | None:
    """Wait until the newest run is in none of these statuses and Slack shows it; None: it takes too long."""

    def look() -> Run | None:
        newest = next(iter(store.recent(1)), None)
        shown = newest is not None and newest.status not in waiting and store.is_shown(newest)
        return newest if shown else None

    with contextlib.suppress(TimeoutError):
        run: Run | None = visitor.wait_for(look, timeout_s, every_s=0.2)
        return run
    return None


def _card_ts(run: Run) -> str:
    assert run.place.thread_ts is not None, "a run that is shown has a thread"
    return run.place.thread_ts


def _opens(url: str) -> bool:
    with contextlib.suppress(OSError), urlopen(url, timeout=10) as page:  # noqa: S310 - our own report's address
        return bool(page.status == 200)
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _stop(process: "subprocess.Popen[str] | subprocess.Popen[bytes] | None") -> None:
    if process is None:
        return
    if process.stdin is not None:
        process.stdin.close()
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout is not None:
        process.stdout.close()
