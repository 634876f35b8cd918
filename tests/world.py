"""One bot with a real SQLite file, a fake world around it, and time that passes on command."""

import json
from typing import Any

from bot.models import JobStage, Place, Run
from bot.observe import Observer
from bot.policy import Person, Policy
from bot.propose import Proposer
from bot.runs import Runs
from bot.watch import Watcher
from storage.store import Store
from tests.builders import ASKER, CHANNEL, LEAD, TEAM, make_dataset_info, make_model_info, make_request
from tests.fakes import FakeChat, FakeClock, FakeHub, FakeJobs

asker, lead = Person(id=ASKER, team_id=TEAM), Person(id=LEAD, team_id=TEAM)


def begin(max_steps: int) -> str:
    return "@@TUNESMITH " + json.dumps({"ev": "begin", "t": 0.0, "step": 0, "max_steps": max_steps})


def logged(step: int, loss: float) -> str:
    logs = {"loss": loss, "epoch": step / 50}
    return "@@TUNESMITH " + json.dumps({"ev": "log", "t": step * 2.0, "step": step, "max_steps": 100, "logs": logs})


class World:
    """One bot with everything around it faked but the database."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.store = store
        self.clock = clock
        self.hub = FakeHub()
        self.jobs = FakeJobs(clock)
        self.chat = FakeChat(store.mark_shown)
        self.policy = Policy(team_id=TEAM, approvers=frozenset({LEAD}))
        self.runs = Runs(store, self.policy)
        self.hub.models["Qwen/Qwen3-0.6B"] = make_model_info()
        self.hub.datasets["tunesmith-lab/tiny-chat"] = make_dataset_info()
        self.watcher = self.new_watcher()

    def new_watcher(self) -> Watcher:
        """What a restart makes: nothing is carried over."""
        return Watcher(
            store=self.store,
            chat=self.chat,
            jobs=self.jobs,
            propose=Proposer(self.hub, self.jobs.flavors, self.policy).propose,
            go_on=Proposer(self.hub, self.jobs.flavors, self.policy).go_on,
            exists=self.hub.repo_exists,
            check_budget=self.policy.check_budget,
            observer=Observer(store=self.store, hub=self.hub, jobs=self.jobs, clock=self.clock),
            clock=self.clock,
        )

    def ask(self, **changes: Any) -> Run:
        request = make_request(**changes)
        run = self.runs.request(
            source_id=f"cmd:{len(self.store.recent())}", place=Place(team_id=TEAM, channel=CHANNEL), user=ASKER,
            request=request,
        )  # fmt: skip
        assert run is not None
        return self.tick(run)

    def tick(self, run: Run) -> Run:
        self.watcher.tick()
        return self.store.get(run.id)

    def approve(self, run: Run) -> Run:
        """Press the button below this plan."""
        assert run.plan is not None
        self.runs.approve(run_id=run.id, revision=run.revision, digest=run.plan.digest, person=lead)
        return self.tick(run)

    def until_running(self) -> Run:
        run = self.tick(self.approve(self.ask()))
        self.jobs.set_stage("job1", JobStage.RUNNING, begin(100), logged(10, 2.0), running_s=60.0)
        return self.tick(run)
