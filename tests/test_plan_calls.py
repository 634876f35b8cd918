"""What a plan asks of the Hub: how many calls, how many of them one after the other, against the local Hub."""

import time
from collections.abc import Iterator

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bot.hub import HfHub
from bot.jobs import HfJobs
from bot.models import Method, TrainingRequest
from bot.policy import Policy
from bot.propose import Proposer
from tests.builders import LEAD, TEAM
from tests.local_hub import LocalHub

POLICY = Policy(team_id=TEAM, approvers=frozenset({LEAD}))


class Calls:
    """Every request that the local Hub gets: its path, and from when to when it was worked on."""

    def __init__(self) -> None:
        self.made: list[tuple[float, float, str]] = []

    def middleware(self) -> Middleware:
        @web.middleware
        async def record(request: web.Request, handler: Handler) -> web.StreamResponse:
            begin = time.monotonic()
            try:
                return await handler(request)
            finally:
                if not request.path.startswith("/_"):
                    self.made.append((begin, time.monotonic(), request.path))

        return record

    @property
    def deepest(self) -> int:
        """How many calls, at most, began only after another of them had ended."""
        depth: list[tuple[float, int]] = []
        for begin, end, _ in sorted(self.made):
            depth.append((end, 1 + max((count for ended, count in depth if ended <= begin), default=0)))
        return max((count for _, count in depth), default=0)


@pytest.fixture
def calls() -> Calls:
    return Calls()


@pytest.fixture
def local(tmp_path_factory: pytest.TempPathFactory, calls: Calls) -> Iterator[LocalHub]:
    with LocalHub(tmp_path_factory.mktemp("hub"), middlewares=[calls.middleware()]) as local:
        yield local


#: Seconds that each call takes, so that calls side by side are seen as such.
LATENCY_S = 0.4
FULL = ("tunesmith-lab/tiny-qwen3", "tunesmith-lab/tiny-chat")


def proposer_of(local: LocalHub) -> Proposer:
    hub = HfHub(endpoint=local.url, viewer_url=local.url, token="hf_playground")
    return Proposer(hub, HfJobs(endpoint=local.url, token="hf_playground", image="unused").flavors, POLICY)


@pytest.mark.parametrize(
    ("names", "count", "deep"), [(FULL, 6, 2), (("tiny-qwen3", "tiny-chat"), 6, 2)], ids=["full names", "short names"]
)
def test_a_plan_asks_the_hub_little_and_mostly_side_by_side(
    local: LocalHub, calls: Calls, names: tuple[str, str], count: int, deep: int
) -> None:
    """Six calls: three about the model, two about the dataset, one about the output; a search spares a look-up."""
    proposer = proposer_of(local)
    proposer.get_ready()
    assert sorted(path for _, _, path in calls.made) == ["/api/jobs/hardware", "/api/whoami-v2"]
    calls.made.clear()
    local.fault(path="^/", kind="hang", seconds=LATENCY_S, times=100)

    plan = proposer.propose(TrainingRequest(model=names[0], dataset=names[1]))

    assert plan.output_repo == "tunesmith-lab/tiny-qwen3-tiny-chat"
    assert plan.tokens is not None
    assert plan.tokens.counted
    paths = [path for _, _, path in calls.made]
    assert len(paths) == count, paths
    assert calls.deepest == deep, calls.made


def test_a_plan_takes_hardly_longer_than_the_calls_that_wait_for_each_other(local: LocalHub) -> None:
    proposer = proposer_of(local)
    proposer.get_ready()
    proposer.propose(TrainingRequest(model=FULL[0], dataset="tunesmith-lab/tiny-math"))  # loads what a plan needs
    local.fault(path="^/", kind="hang", seconds=0.2, times=1000)

    def taken() -> float:
        begin = time.monotonic()
        proposer.propose(TrainingRequest(model=FULL[0], dataset=FULL[1]))
        return time.monotonic() - begin

    assert min(taken() for _ in range(10)) <= 1.3 * 2 * 0.2 + 0.1


def test_a_plan_of_a_process_that_asked_nothing_yet_asks_for_prices_and_wallets_as_well(
    local: LocalHub, calls: Calls
) -> None:
    local.fault(path="^/", kind="hang", seconds=LATENCY_S, times=100)
    proposer_of(local).propose(TrainingRequest(model=FULL[0], dataset=FULL[1]))

    assert len(calls.made) == 8, calls.made
    assert calls.deepest == 2, calls.made


def test_a_dataset_whose_card_lists_nothing_costs_no_more(local: LocalHub, calls: Calls) -> None:
    row = b'{"prompt": "Say hi.", "completion": "Hi."}\n'
    local.api().create_repo("tunesmith-lab/silent", repo_type="dataset")
    local.api().upload_file(
        path_or_fileobj=row * 20, path_in_repo="data.jsonl", repo_id="tunesmith-lab/silent", repo_type="dataset"
    )
    calls.made.clear()
    plan = proposer_of(local).propose(TrainingRequest(model=FULL[0], dataset="tunesmith-lab/silent"))

    assert (plan.dataset.config, plan.split, plan.rows) == ("default", "train", 20)
    assert plan.example.startswith("<|im_start|>user\nSay hi.<|im_end|>\n<|im_start|>assistant\nHi.")
    assert len(calls.made) == 8, calls.made


def test_a_second_plan_knows_the_model_by_its_commit(local: LocalHub, calls: Calls) -> None:
    proposer = proposer_of(local)
    request = TrainingRequest(model=FULL[0], dataset="tunesmith-lab/tiny-math", method=Method.GRPO)
    first = proposer.propose(request)
    calls.made.clear()

    assert proposer.propose(request) == first
    assert len(calls.made) == 4, calls.made
    assert not any("whoami" in path or "hardware" in path or "resolve" in path for _, _, path in calls.made)


def test_the_tokenizer_of_the_model_counts_the_rows_and_writes_the_first(local: LocalHub) -> None:
    plan = proposer_of(local).propose(TrainingRequest(model=FULL[0], dataset=FULL[1]))

    assert plan.tokens is not None
    assert (plan.tokens.counted, plan.tokens.tokens_cut) == (True, 0.0)
    assert (plan.tokens.rows, len(plan.dataset.rows), plan.dataset.more_rows) == (100, 50, ())
    assert plan.example.startswith("<|im_start|>user\n")
    assert plan.example.rstrip().endswith("<|im_end|>")
    said = f"The {plan.tokens.rows} sample rows fit into {plan.arguments.max_length} tokens; the longest has"
    assert any(check.text.startswith(said) for check in plan.checks)


def test_plain_pairs_that_are_pieces_of_one_text_are_shown_as_such(local: LocalHub) -> None:
    plan = proposer_of(local).propose(TrainingRequest(model=FULL[0], dataset="tunesmith-lab/tiny-preferences"))

    assert plan.method is Method.DPO
    assert plan.example.startswith("Which command do I need to search in a file? Happy to help.")
    assert plan.defaulted["chat_template"].startswith("each answer goes on where its prompt ends")
