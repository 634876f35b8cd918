"""The real job runner against the local Hub, with a network and a service that misbehave."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.errors import HubRefusal, Transient
from bot.hub_http import use_time_limits
from bot.jobs import HfJobs
from bot.models import Job, JobStage, Log
from bot.playground.hub_access import READ_ONLY_TOKEN, TOKEN
from bot.states import RunStatus
from tests.builders import make_flavor, make_plan, make_run
from tests.local_hub import LocalHub

LAB = "tunesmith-lab"
QUICK = "print('hello from', __name__, flush=True)"
SLOW = "import time\nprint('first', flush=True)\ntime.sleep(30)"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    with LocalHub(tmp_path_factory.mktemp("hub")) as hub:
        yield hub


@pytest.fixture
def jobs(hub: LocalHub) -> Iterator[HfJobs]:
    use_time_limits(2.0)
    yield runner(hub)
    hub.http.delete("/_faults")


def runner(hub: LocalHub, token: str = TOKEN) -> HfJobs:
    return HfJobs(endpoint=hub.url, token=token, image="ghcr.io/astral-sh/uv:python3.12-bookworm")


def start(jobs: HfJobs, number: int, script: str = QUICK, **plan: object) -> Job:
    run = make_run(RunStatus.SUBMITTING, id=f"01kaxyz000000000000000{number:04d}")
    return jobs.submit(run, make_plan(flavor=make_flavor(name="cpu-basic"), **plan), script)


def until(look: Callable[[], Job], stage: JobStage) -> Job:
    ends = time.monotonic() + 20
    while (job := look()).stage is not stage:
        assert time.monotonic() < ends, job
        time.sleep(0.05)
    return job


def test_the_hardware_is_read_as_numbers_cheapest_first(jobs):
    flavors = jobs.flavors()
    assert [f.name for f in flavors[:3]] == ["cpu-basic", "cpu-upgrade", "t4-small"]
    a100 = next(f for f in flavors if f.name == "a100x4")
    assert (a100.gpu, a100.gpus, a100.vram_gb, a100.ram_gb, a100.disk_gb) == ("A100", 4, 320, 568, 4000)
    assert a100.price_usd_hour == pytest.approx(10.0, abs=0.02)


def test_a_submitted_script_runs_as_it_is_with_labels_timeout_and_the_token_as_a_secret(hub, jobs):
    script = "import os\nprint('tricky', '\"$HOME\"', 'é', len(os.environ['HF_TOKEN']), flush=True)"
    job = start(jobs, 1, script, timeout_s=1234)
    assert job.labels["run"] == "01kaxyz0000000000000000001"
    assert job.labels["app"] == "tunesmith"
    done = until(lambda: jobs.inspect(LAB, job.id), JobStage.COMPLETED)
    assert done.running_s is not None
    assert jobs.log_tail(LAB, job.id, 10)[-1] == f'tricky "$HOME" é {len(TOKEN)}'
    seen = hub.http.get(f"/api/jobs/{LAB}/{job.id}").text
    assert TOKEN not in seen, "the token is no part of what the Hub shows of a job"


def test_a_script_knows_its_run_its_plan_and_when_it_began(jobs):
    names = ("TUNESMITH_RUN", "TUNESMITH_DIGEST", "TUNESMITH_STARTED", "JOB_ID")
    before = time.time()
    job = start(jobs, 12, f"import os\nprint(*[os.environ[name] for name in {names}], flush=True)")
    until(lambda: jobs.inspect(LAB, job.id), JobStage.COMPLETED)
    run, digest, started, job_id = jobs.log_tail(LAB, job.id, 10)[-1].split()
    assert (run, digest, job_id) == (job.labels["run"], job.labels["digest"], job.id)
    assert before - 1 <= float(started) <= time.time()


@pytest.mark.train
def test_a_plan_of_two_processes_runs_its_script_twice(jobs):
    script = "import os\nprint('rank', os.environ['RANK'], 'of', os.environ['WORLD_SIZE'], flush=True)"
    job = start(jobs, 13, script, processes=2, sharding="ddp")
    ends = time.monotonic() + 90
    while (done := jobs.inspect(LAB, job.id)).stage is not JobStage.COMPLETED:
        assert done.stage in (JobStage.SCHEDULING, JobStage.RUNNING), jobs.log_tail(LAB, job.id, 20)
        assert time.monotonic() < ends
        time.sleep(0.2)
    assert {"rank 0 of 2", "rank 1 of 2"} <= set(jobs.log_tail(LAB, job.id, 10))


def test_a_running_jobs_log_is_read_without_waiting_for_more(jobs):
    job = start(jobs, 2, SLOW)
    until(lambda: jobs.inspect(LAB, job.id), JobStage.RUNNING)
    ends = time.monotonic() + 10
    while "first" not in jobs.log_tail(LAB, job.id, 10):
        assert time.monotonic() < ends
    before = time.monotonic()
    assert jobs.log_tail(LAB, job.id, 10) == ["first"]
    assert time.monotonic() - before < 2
    assert job.id in {found.id for found in jobs.sweep(LAB)}
    jobs.cancel(LAB, job.id)
    until(lambda: jobs.inspect(LAB, job.id), JobStage.CANCELED)
    jobs.cancel(LAB, job.id)
    assert job.id not in {found.id for found in jobs.sweep(LAB)}


def test_a_lost_answer_is_transient_and_the_job_is_found_by_its_label(hub, jobs):
    hub.fault(path=f"^/api/jobs/{LAB}$", method="POST", kind="drop_after")
    with pytest.raises(Transient):
        start(jobs, 3)
    found = jobs.find(LAB, "01kaxyz0000000000000000003")
    assert found is not None
    assert found.labels["run"] == "01kaxyz0000000000000000003"
    assert jobs.find(LAB, "01kaxyz0000000000000009999") is None


def test_a_web_page_instead_of_an_answer_is_transient(hub, jobs):
    hub.fault(path=f"^/api/jobs/{LAB}$", method="POST", kind="html")
    with pytest.raises(Transient):
        start(jobs, 4)
    assert jobs.find(LAB, "01kaxyz0000000000000000004") is not None


def test_a_silent_hub_is_given_up_on(hub, jobs):
    hub.fault(path="/api/jobs/.*", method="GET", kind="hang", seconds=10)
    before = time.monotonic()
    with pytest.raises(Transient):
        jobs.sweep(LAB)
    assert time.monotonic() - before < 5


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_hub_is_transient_at_once_and_its_retry_after_is_kept(hub, jobs, status):
    hub.fault(path="/api/jobs/.*", method="GET", kind="status", status=status, retry_after=7)
    before = time.monotonic()
    with pytest.raises(Transient) as caught:
        jobs.sweep(LAB)
    assert caught.value.retry_after_s == 7
    assert time.monotonic() - before < 1, "we do not sleep inside a call"


def test_a_token_without_the_right_is_refused_for_good(hub, jobs):
    with pytest.raises(HubRefusal) as caught:
        start(runner(hub, READ_ONLY_TOKEN), 5)
    assert caught.value.status == 403
    with pytest.raises(HubRefusal) as caught:
        start(runner(hub, "hf_wrong"), 6)
    assert caught.value.status == 401


def test_an_empty_wallet_is_refused_with_the_hubs_own_words(hub, jobs):
    hub.http.post("/_billing", json={"namespace": LAB, "can_pay": False})
    try:
        with pytest.raises(HubRefusal, match="credit") as caught:
            start(jobs, 7)
    finally:
        hub.http.post("/_billing", json={"namespace": LAB, "can_pay": True})
    assert caught.value.status == 402
    assert jobs.find(LAB, "01kaxyz0000000000000000007") is None


def test_a_job_that_nobody_knows_is_a_definite_404(jobs):
    with pytest.raises(HubRefusal) as caught:
        jobs.inspect(LAB, "0" * 24)
    assert caught.value.status == 404


def test_a_failing_script_ends_in_error_with_the_hubs_message(jobs: HfJobs, tmp_path: Path) -> None:
    job = start(jobs, 8, "raise SystemExit(3)")
    ended = until(lambda: jobs.inspect(LAB, job.id), JobStage.ERROR)
    assert ended.message == "Job failed with exit code: 3. Reason: Error"


def test_a_job_that_prints_without_a_pause_is_read_for_a_bounded_time(jobs):
    chatty = "import time\nfor n in range(200):\n    print('line', n, flush=True)\n    time.sleep(0.1)"
    job = start(jobs, 9, chatty)
    until(lambda: jobs.inspect(LAB, job.id), JobStage.RUNNING)
    time.sleep(1)
    before = time.monotonic()
    lines = jobs.log_tail(LAB, job.id, 5)
    assert time.monotonic() - before < 5
    assert 0 < len(lines) <= 5
    jobs.cancel(LAB, job.id)


def test_a_log_that_somebody_asked_for_is_read_over_pauses_that_end_a_look_and_says_what_it_lacks(hub, jobs):
    paused = "import time\nfor n in range(4):\n    print('line', n, flush=True)\n    time.sleep(1.2)"
    job = start(jobs, 11, paused)
    until(lambda: jobs.inspect(LAB, job.id), JobStage.RUNNING)
    whole = jobs.whole_log(LAB, job.id, 100)
    assert whole == Log(lines=tuple(f"line {n}" for n in range(4)))
    assert jobs.whole_log(LAB, job.id, 2) == Log(lines=("line 2", "line 3"), starts_late=True)
    ticks = iter(range(0, 1000, 5))
    hurried = HfJobs(endpoint=hub.url, token=TOKEN, image="x", monotonic=lambda: next(ticks))
    part = hurried.whole_log(LAB, job.id, 100)
    assert (part.ends_early, part.lines) == (True, whole.lines[: len(part.lines)])
    assert len(part.lines) < 4


def test_a_slow_first_byte_of_a_log_is_waited_for(hub, jobs):
    job = start(jobs, 10)
    until(lambda: jobs.inspect(LAB, job.id), JobStage.COMPLETED)
    hub.fault(path="/logs", kind="hang", seconds=1.2)
    assert jobs.log_tail(LAB, job.id, 5)[-1] == "hello from __main__"


def test_another_shape_of_answer_is_transient(hub, jobs):
    hub.fault(path="/api/jobs/hardware", kind="html")
    with pytest.raises(Transient):
        jobs.flavors()


def test_the_gpus_of_a_running_job_are_measured_and_a_finished_or_cpu_job_has_none(jobs):
    run = make_run(RunStatus.SUBMITTING, id="01kaxyz0000000000000009999")
    job = jobs.submit(run, make_plan(flavor=make_flavor(name="t4-small")), SLOW)
    until(lambda: jobs.inspect(LAB, job.id), JobStage.RUNNING)
    usage = jobs.usage(LAB, job.id)
    assert usage is not None
    assert 0 <= usage.busy_percent <= 100
    assert usage.total_gib == pytest.approx(16e9 / 2**30, abs=0.01)
    jobs.cancel(LAB, job.id)
    assert jobs.usage(LAB, job.id) is None
    on_cpu = start(jobs, 9998, SLOW)
    until(lambda: jobs.inspect(LAB, on_cpu.id), JobStage.RUNNING)
    assert jobs.usage(LAB, on_cpu.id) is None
    jobs.cancel(LAB, on_cpu.id)
