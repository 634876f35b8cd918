"""`make bench`: how quick and how small the bot is, on the machine that runs it.

Prints a table for docs/measurements.md. Ratios hold across machines, absolute times do not.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bot.hub import HfHub
from bot.jobs import HfJobs
from bot.models import Place, TrainingRequest
from bot.observe import Observer
from bot.playground.hub_access import TOKEN
from bot.policy import Policy
from bot.propose import Proposer
from bot.runs import Runs
from bot.states import RunStatus
from bot.watch import Watcher
from storage.store import Store
from tests.bot_slack import BotSlack
from tests.builders import ASKER, CHANNEL, TEAM, make_plan, make_request
from tests.fakes import FakeChat, FakeClock, FakeHub, FakeJobs
from tests.local_hub import LocalHub
from tests.scripted_slack import ScriptedSlack
from tests.signed_slack import SignedSlack

COMMANDS = 200
#: Seconds that each call to the local Hub takes while plans are timed.
LATENCY_S = 0.2
#: What must never be loaded into the bot's process: each costs a second or 100 MB.
HEAVY = ("torch", "transformers", "datasets", "pandas", "pyarrow")

_START = f"""
import resource, sys, time
before = time.perf_counter()
import bot.app
took = time.perf_counter() - before
heavy = [name for name in {HEAVY!r} if name in sys.modules]
print(took * 1000, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, ",".join(heavy) or "none")
"""


def measure_start() -> dict[str, str]:
    """Import everything that `tunesmith run` imports, in fresh processes."""
    runs = [
        subprocess.run([sys.executable, "-c", _START], capture_output=True, text=True, check=True) for _ in range(5)
    ]
    times, sizes, heavy = zip(*(run.stdout.split() for run in runs), strict=True)
    return {
        "start: imports": f"{statistics.median(map(float, times)):.0f} ms",
        "start: memory": f"{statistics.median(map(float, sizes)):.0f} MiB",
        "start: heavy packages loaded": heavy[0],
    }


def measure_ack(folder: Path) -> dict[str, str]:
    """Acknowledge commands through the real Bolt app: signature, parse, row in SQLite, answer."""
    store = Store(f"sqlite:///{folder / 'ack.db'}", FakeClock())
    store.migrate()
    with BotSlack() as slack, ScriptedSlack() as answers:
        signed = SignedSlack(slack, store, FakeClock(), answers)
        signed.command("help")
        ask = _timed(COMMANDS, lambda: signed.command("Qwen/Qwen3-0.6B on trl-lib/Capybara, 2 epochs, under $5"))
        read = _timed(COMMANDS, lambda: signed.command("status"))
    store.close()
    return {
        "ack of a request (row written): p50 / p99": f"{_at(ask, 50):.1f} / {_at(ask, 99):.1f} ms",
        "ack of `status`: p50 / p99": f"{_at(read, 50):.1f} / {_at(read, 99):.1f} ms",
    }


def measure_tick(folder: Path, runs: int) -> dict[str, str]:
    """One tick over `runs` training runs without news: SQLite is real, the Hub and Slack answer at once."""
    clock = FakeClock()
    store = Store(f"sqlite:///{folder / f'tick{runs}.db'}", clock)
    store.migrate()
    jobs = FakeJobs(clock)
    chat = FakeChat(store.mark_shown)
    watcher = Watcher(
        store=store, chat=chat, jobs=jobs, propose=lambda *_: make_plan(), go_on=lambda *_: make_plan(),
        clock=clock, exists=lambda _: False,
        observer=Observer(store=store, hub=FakeHub(), jobs=jobs, clock=clock),
    )  # fmt: skip
    people = Runs(store, policy=None)  # type: ignore[arg-type]  # nobody asks it
    for number in range(runs):
        place = Place(team_id=TEAM, channel=CHANNEL)
        run = people.request(source_id=f"b{number}", place=place, user=ASKER, request=make_request())
        assert run is not None
        plan = make_plan(output_repo=f"tunesmith-lab/out-{number}")
        run = store.advance(run, RunStatus.PROPOSED, actor="b", plan=plan, revision=1, needs_plan=False)
        run = store.advance(run, RunStatus.APPROVED, actor="b")
        run = store.advance(run, RunStatus.SUBMITTING, actor="b")
        store.advance(run, RunStatus.QUEUED, actor="b", job=jobs.submit(run, plan, ""))
    while len(chat.shown) < runs:
        watcher.tick()
    before = time.process_time()
    ticks = 3
    for _ in range(ticks):
        watcher.tick()
    took = (time.process_time() - before) / ticks * 1000
    store.close()
    return {f"tick over {runs} running runs without news": f"{took:.0f} ms CPU"}


def measure_plan(folder: Path) -> dict[str, str]:
    """A plan against the local Hub whose every call takes LATENCY_S: depth x latency is the least that it can take."""
    rows = {}
    with LocalHub(folder / "hub") as local:
        hub = HfHub(endpoint=local.url, viewer_url=local.url, token=TOKEN)
        jobs = HfJobs(endpoint=local.url, token=TOKEN, image="unused")
        proposer = Proposer(hub, jobs.flavors, Policy(team_id=TEAM))
        proposer.get_ready()
        proposer.propose(TrainingRequest(model="tiny-base", dataset="tiny-math"))  # loads what a plan needs
        local.fault(path="^/", kind="hang", seconds=LATENCY_S, times=1000)
        for what, depth, names in (
            ("full names, a model never seen", 2, ("tunesmith-lab/tiny-qwen3", "tunesmith-lab/tiny-chat")),
            ("full names, a model seen before", 2, ("tunesmith-lab/tiny-qwen3", "tunesmith-lab/tiny-chat")),
            ("short names", 2, ("tiny-qwen3", "tiny-chat")),
        ):
            request = TrainingRequest(model=names[0], dataset=names[1])
            taken = _timed(1 if "never" in what else 10, lambda asked=request: proposer.propose(asked))
            least = depth * LATENCY_S * 1000
            rows[f"plan, {what}: median (allowed)"] = (
                f"{statistics.median(taken):.0f} ms = {depth} x {LATENCY_S * 1000:.0f} ms"
                f" + {statistics.median(taken) - least:.0f} ms (allowed {1.3 * least + 100:.0f} ms)"
            )
    return rows


def _timed(times: int, act: Callable[[], object]) -> list[float]:
    taken = []
    for _ in range(times):
        before = time.perf_counter()
        act()
        taken.append((time.perf_counter() - before) * 1000)
    return sorted(taken)


def _at(sorted_ms: list[float], percent: int) -> float:
    return sorted_ms[min(len(sorted_ms) - 1, len(sorted_ms) * percent // 100)]


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = measure_start() | measure_ack(folder) | measure_tick(folder, 10) | measure_tick(folder, 50)
        rows |= measure_plan(folder)
    print("| what | measured |\n|---|---|")
    for what, value in rows.items():
        print(f"| {what} | {value} |")


if __name__ == "__main__":
    main()
