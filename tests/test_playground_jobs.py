"""The local Hub's jobs, seen through the unmodified huggingface_hub client."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import HfApi, JobHardware, JobInfo
from huggingface_hub.errors import BadRequestError, HfHubHTTPError, JobNotFoundError

from bot.playground.hub_access import READ_ONLY_TOKEN
from tests.local_hub import LocalHub

LAB = "tunesmith-lab"
IMAGE = "ghcr.io/astral-sh/uv:python3.12-bookworm"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    with LocalHub(tmp_path_factory.mktemp("hub"), keep_alive_s=0.3) as hub:
        yield hub


@pytest.fixture
def api(hub: LocalHub) -> HfApi:
    return hub.api()


def start(api: HfApi, script: str, **options: object) -> JobInfo:
    return api.run_job(image=IMAGE, command=["bash", "-c", script], namespace=LAB, **options)


def ended(api: HfApi, job: JobInfo) -> JobInfo:
    return api.wait_for_job(job.id, namespace=LAB, timeout=30, poll_interval=0.05)


def running(api: HfApi, job: JobInfo) -> JobInfo:
    return api.wait_for_job(job.id, namespace=LAB, timeout=30, poll_interval=0.05, stages=["RUNNING"])


def log_of(api: HfApi, job: JobInfo) -> list[str]:
    return list(api.fetch_job_logs(job_id=job.id, namespace=LAB, follow=True))


# --- what a job is ----------------------------------------------------------------------------------------------


def test_a_job_prints_lines_and_pushes_a_file(hub: LocalHub, api: HfApi) -> None:
    script = """
import os
from huggingface_hub import HfApi
print("pushing for", os.environ["JOB_ID"])
HfApi().create_repo("tunesmith-lab/pushed")
HfApi().upload_file(path_or_fileobj=b"weights", path_in_repo="model.bin", repo_id="tunesmith-lab/pushed")
"""
    job = api.run_job(
        image=IMAGE,
        command=[
            "bash",
            "-c",
            "echo start; printf '%s' \"$SCRIPT\" > train.py && uv run --with trl train.py; echo end",
        ],
        env={"SCRIPT": script},
        secrets={"HF_TOKEN": "hf_playground"},
        flavor="cpu-basic",
        timeout="5m",
        labels={"app": "tunesmith", "run": "r1"},
        namespace=LAB,
    )
    assert (job.status.stage, job.started_at, job.finished_at) == ("SCHEDULING", None, None)
    assert job.url == f"{hub.url}/jobs/{LAB}/{job.id}"
    assert (job.owner.name, job.initiator.type, job.initiator.name) == (LAB, "user", LAB)
    lines = log_of(api, job)
    assert (lines[0], lines[1], lines[-1]) == ("start", f"pushing for {job.id}", "end")
    done = ended(api, job)
    assert (done.status.stage, done.status.message, done.flavor) == ("COMPLETED", None, "cpu-basic")
    assert done.labels == {"app": "tunesmith", "run": "r1", "name": job.labels["name"]}
    assert done.created_at <= done.started_at <= done.finished_at
    assert done.durations.total_secs >= done.durations.running_secs >= 0
    assert done.secrets == {"HF_TOKEN": None}
    assert api.list_repo_files("tunesmith-lab/pushed") == [".gitattributes", "model.bin"]


def test_a_job_sees_its_own_environment_and_nothing_of_the_server(
    api: HfApi, hub: LocalHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-secret")
    monkeypatch.setenv("HF_TOKEN", "hf_of_the_server")
    job = start(api, "env; pwd; ls -A", flavor="t4-small", env={"EPOCHS": "2"}, secrets={"KEY": "s3cret"})
    lines = log_of(api, job)
    assert {"EPOCHS=2", "KEY=s3cret", f"JOB_ID={job.id}", f"HF_ENDPOINT={hub.url}"} <= set(lines)
    assert {"CPU_CORES=4", "MEMORY=15Gi", "ACCELERATOR=t4-small"} <= set(lines)
    assert not [line for line in lines if line.startswith(("SLACK", "HF_TOKEN"))]
    folder = next(line for line in lines if line.startswith("HOME=")).removeprefix("HOME=")
    assert folder in lines
    assert f"HF_HOME={folder}/.cache/huggingface" in lines
    assert ended(api, job).status.stage == "COMPLETED"
    assert not Path(folder).exists()


def test_uv_runs_scripts_from_files_and_from_standard_input(api: HfApi) -> None:
    job = start(
        api,
        "echo 'import sys; print(sys.argv[1:])' > a.py;"
        " uv run --python 3.12 --with trl -q a.py --flag 1;"
        " echo 'print(40 + 2)' | uv run -;"
        " uv run python -c 'print(7)';"
        " uv run; uv pip install torch",
    )
    assert log_of(api, job) == [
        "['--flag', '1']",
        "42",
        "7",
        "error: provide a command or script to run",
        "error: the playground's uv knows only `uv run`, not ['pip', 'install', 'torch']",
    ]
    done = ended(api, job)
    assert done.status.message == "Job failed with exit code: 2. Reason: Error"


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("exit 3", "Job failed with exit code: 3. Reason: Error"),
        ("kill -9 $$", "Job failed with exit code: 137. Reason: OOMKilled"),
    ],
)
def test_a_failure_has_the_words_of_the_hub(api: HfApi, script: str, message: str) -> None:
    done = ended(api, start(api, script))
    assert (done.status.stage, done.status.message) == ("ERROR", message)


def test_a_command_that_is_not_there_fails(api: HfApi) -> None:
    job = api.run_job(image=IMAGE, command=["no-such-program"], namespace=LAB)
    assert log_of(api, job) == ["exec: no-such-program: No such file or directory"]
    assert ended(api, job).status.message == "Job failed with exit code: 127. Reason: Error"


def test_a_timeout_kills_the_job_and_its_children(api: HfApi) -> None:
    began = time.monotonic()
    job = start(api, "echo $$; (trap '' TERM; sleep 60) & trap '' TERM; sleep 60", timeout=1)
    done = ended(api, job)
    assert (done.status.stage, done.status.message) == ("ERROR", "Job timeout")
    assert time.monotonic() - began < 10
    assert _is_gone(int(log_of(api, job)[0]))


def test_a_child_that_is_left_behind_does_not_keep_the_job(api: HfApi) -> None:
    began = time.monotonic()
    done = ended(api, start(api, "sleep 60 & echo done"))
    assert done.status.stage == "COMPLETED"
    assert time.monotonic() - began < 5


def test_a_failed_job_is_tried_as_often_as_asked(api: HfApi) -> None:
    job = start(api, "echo try; exit 1", attempts=2)
    assert log_of(api, job) == ["try", "try"]
    assert (job.retry, ended(api, job).status.stage) == (1, "ERROR")


def test_jobs_wait_for_a_free_machine(tmp_path: Path) -> None:
    with LocalHub(tmp_path, slots=1) as hub:
        api = hub.api()
        first, second = start(api, "sleep 60"), start(api, "echo second")
        running(api, first)
        assert api.inspect_job(job_id=second.id, namespace=LAB).status.stage == "SCHEDULING"
        api.cancel_job(job_id=first.id, namespace=LAB)
        assert ended(api, second).status.stage == "COMPLETED"


# --- looking at jobs --------------------------------------------------------------------------------------------


def test_logs_of_a_running_job_come_as_they_are_printed(api: HfApi, hub: LocalHub) -> None:
    job = start(api, "for i in 1 2 3; do echo line $i; sleep 0.4; done; sleep 60")
    running(api, job)
    seen: list[tuple[str, float]] = []
    for line in api.fetch_job_logs(job_id=job.id, namespace=LAB, follow=True):
        seen.append((line, time.monotonic()))
        if len(seen) == 3:
            break
    assert [line for line, _ in seen] == ["line 1", "line 2", "line 3"]
    assert seen[2][1] - seen[0][1] > 0.3
    with hub.http.stream("GET", f"/api/jobs/{LAB}/{job.id}/logs", params={"tail": 1}) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        lines = stream.iter_lines()
        event = json.loads(next(lines).removeprefix("data: "))
        assert (event["data"], set(event)) == ("line 3", {"data", "timestamp"})
        assert (next(lines), next(lines)) == ("", ": keep-alive")
    api.cancel_job(job_id=job.id, namespace=LAB)


def test_a_look_at_the_log_of_a_running_job_returns(api: HfApi) -> None:
    # keep-alives come faster here than the client's read timeout of 5 s, so this needs an end to the job
    job = start(api, "seq 1 20; sleep 1")
    running(api, job)
    time.sleep(0.3)
    assert list(api.fetch_job_logs(job_id=job.id, namespace=LAB, tail=2)) == ["19", "20"]
    ended(api, job)
    assert list(api.fetch_job_logs(job_id=job.id, namespace=LAB, tail=2)) == ["19", "20"]
    assert len(list(api.fetch_job_logs(job_id=job.id, namespace=LAB))) == 20
    assert log_of(api, job) == [str(number) for number in range(1, 21)]


def test_the_stream_of_a_running_job_is_held_open(tmp_path: Path) -> None:
    with LocalHub(tmp_path) as hub:
        job = start(hub.api(), "echo one; sleep 60")
        running(hub.api(), job)
        began = time.monotonic()
        assert list(hub.api().fetch_job_logs(job_id=job.id, namespace=LAB)) == ["one"]
        # the client's read timeout: a look at a running job takes 5 s with the real Hub, too
        assert 4.5 < time.monotonic() - began < 8


def test_metrics_tell_memory_and_processor_while_it_runs(api: HfApi) -> None:
    job = start(api, "python -c 'while True: pass'", flavor="a10g-small")
    running(api, job)
    (sample,) = api.fetch_job_metrics(job_id=job.id, namespace=LAB)
    assert sample["memory_used_bytes"] > 1_000_000
    assert sample["memory_total_bytes"] == 15 << 30
    (gpu,) = sample["gpus"].values()
    assert (gpu["memory_total_bytes"], gpu["utilization"] > 0) == (24 * 10**9, True)
    api.cancel_job(job_id=job.id, namespace=LAB)
    assert list(api.fetch_job_metrics(job_id=job.id, namespace=LAB, follow=True)) == []


def test_listing_filters_by_stage_and_label_and_pages(api: HfApi, hub: LocalHub) -> None:
    jobs = [start(api, "true", labels={"app": "listed", "run": f"r{number}"}) for number in range(3)]
    for job in jobs:
        ended(api, job)
    sleeping = start(api, "sleep 60", labels={"app": "listed", "run": "r3"})
    running(api, sleeping)

    def found(**filters: object) -> list[str]:
        return [job.labels["run"] for job in api.list_jobs(namespace=LAB, **filters)]

    assert found(labels={"app": "listed"}) == ["r3", "r2", "r1", "r0"]
    assert found(labels={"app": "listed", "run": "r1"}) == ["r1"]
    assert found(labels={"app": "listed"}, status=["RUNNING", "SCHEDULING"]) == ["r3"]
    assert found(labels={"app": "listed"}, status="COMPLETED") == ["r2", "r1", "r0"]
    assert found(labels={"app": "other"}) == []
    api.cancel_job(job_id=sleeping.id, namespace=LAB)
    page = hub.http.get(f"/api/jobs/{LAB}", params=[("label", "app=listed"), ("limit", "3")])
    second = hub.http.get(page.links["next"]["url"])
    runs = [job["labels"]["run"] for job in [*page.json(), *second.json()]]
    assert (runs, "next" in second.links) == (["r3", "r2", "r1", "r0"], False)
    assert [job.id for job in api.list_jobs(namespace="acme")] == []


def test_hardware_has_the_names_and_prices_of_the_real_hub(api: HfApi) -> None:
    hardware = {flavor.name: flavor for flavor in api.list_jobs_hardware()}
    assert set(hardware) == {flavor.value for flavor in JobHardware}
    a100 = hardware["a100-large"]
    assert (a100.pretty_name, a100.cpu, a100.ram, a100.ephemeral_storage) == (
        "Nvidia A100 - large",
        "12 vCPU",
        "142 GB",
        "1000 GB",
    )
    assert (a100.accelerator.model, a100.accelerator.quantity, a100.accelerator.vram) == ("A100", "1", "80 GB")
    assert (a100.unit_label, round(a100.unit_cost_usd * 60, 2), a100.unit_cost_micro_usd) == ("minute", 2.5, 41667)
    assert hardware["cpu-basic"].accelerator is None


# --- changing jobs ----------------------------------------------------------------------------------------------


def test_cancel_stops_the_job_and_may_be_repeated(api: HfApi) -> None:
    job = start(api, "echo $$; sleep 60")
    running(api, job)
    group = int(next(iter(api.fetch_job_logs(job_id=job.id, namespace=LAB, follow=True))))
    for _ in range(2):
        api.cancel_job(job_id=job.id, namespace=LAB)
    done = api.inspect_job(job_id=job.id, namespace=LAB)
    assert (done.status.stage, done.status.message) == ("CANCELED", None)
    assert done.finished_at is not None
    assert _is_gone(group)


def test_labels_are_replaced(api: HfApi) -> None:
    job = start(api, "true", labels={"a": "1"})
    changed = api.update_job_labels(job_id=job.id, labels={"b": "2"}, namespace=LAB)
    assert (changed.labels, api.inspect_job(job_id=job.id, namespace=LAB).labels) == ({"b": "2"}, {"b": "2"})


def test_a_rerun_is_a_new_job_of_the_same_spec(api: HfApi) -> None:
    job = start(api, "echo again $KEY", secrets={"KEY": "s3cret"}, labels={"run": "rerun"})
    again = api.rerun_job(job_id=job.id, namespace=LAB)
    assert again.id != job.id
    assert (again.initiator.type, again.initiator.id, again.labels) == ("duplicated-job", job.id, job.labels)
    assert log_of(api, again) == ["again s3cret"]


# --- refusals ---------------------------------------------------------------------------------------------------


def test_who_may_not_run_jobs_is_told_which_permission_is_missing(hub: LocalHub) -> None:
    reader = hub.api(READ_ONLY_TOKEN)
    with pytest.raises(HfHubHTTPError, match=r"namespace tunesmith-lab, missing permissions: job\.write") as refused:
        start(reader, "true")
    assert refused.value.response.status_code == 403
    with pytest.raises(HfHubHTTPError, match="403 Forbidden"):
        hub.api().run_job(image=IMAGE, command=["true"], namespace="somebody-else")
    with pytest.raises(HfHubHTTPError, match="Invalid username or password") as refused:
        start(hub.api(False), "true")
    assert refused.value.response.status_code == 401
    list(reader.list_jobs(namespace=LAB))


def test_without_credit_no_job_is_made(hub: LocalHub, api: HfApi) -> None:
    hub.http.post("/_billing", json={"namespace": "acme", "can_pay": False})
    with pytest.raises(HfHubHTTPError, match="Pre-paid credit balance is insufficient - add more credits") as refused:
        api.run_job(image=IMAGE, command=["true"], namespace="acme")
    assert refused.value.response.status_code == 402
    assert [org["canPay"] for org in api.whoami()["orgs"]] == [False]
    assert list(api.list_jobs(namespace="acme")) == []
    hub.http.post("/_billing", json={"namespace": "acme", "can_pay": True})
    assert api.run_job(image=IMAGE, command=["true"], namespace="acme").owner.type == "org"


def test_an_unknown_job_is_not_found(api: HfApi) -> None:
    job = start(api, "true")
    for job_id, namespace in (("0" * 24, LAB), (job.id, "acme")):
        with pytest.raises(JobNotFoundError, match="Job Not Found"):
            api.inspect_job(job_id=job_id, namespace=namespace)
        with pytest.raises(JobNotFoundError):
            api.cancel_job(job_id=job_id, namespace=namespace)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"flavor": "gpu-9000"}, 'Invalid option for "flavor"'),
        ({"labels": {"model": "Qwen/Qwen3-0.6B"}}, "Invalid label 'model'='Qwen/Qwen3-0.6B'"),
        ({"labels": {"run": "x" * 101}}, "Invalid label 'run'"),
        ({"expose": [8000]}, "The playground's jobs have no expose"),
    ],
)
def test_a_wrong_spec_is_refused(api: HfApi, options: dict[str, object], words: str) -> None:
    before = len(list(api.list_jobs(namespace=LAB)))
    with pytest.raises(BadRequestError, match="Bad request") as refused:
        start(api, "true", **options)
    assert words in str(refused.value)
    assert len(list(api.list_jobs(namespace=LAB))) == before


# --- a server that goes away ------------------------------------------------------------------------------------


def test_jobs_are_stopped_with_the_server_and_remembered_by_the_next(tmp_path: Path) -> None:
    with LocalHub(tmp_path) as hub:
        done, cut = start(hub.api(), "echo kept"), start(hub.api(), "echo $$; sleep 60", secrets={"KEY": "s3cret"})
        ended(hub.api(), done)
        running(hub.api(), cut)
        group = int(next(iter(hub.api().fetch_job_logs(job_id=cut.id, namespace=LAB, follow=True))))
    assert _is_gone(group)
    with LocalHub(tmp_path) as hub:
        api = hub.api()
        assert [job.id for job in api.list_jobs(namespace=LAB)] == [cut.id, done.id]
        assert log_of(api, done) == ["kept"]
        assert api.inspect_job(job_id=cut.id, namespace=LAB).status.stage == "ERROR"
        with pytest.raises(BadRequestError, match="no longer has this job's secrets"):
            api.rerun_job(job_id=cut.id, namespace=LAB)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"s3cret" in path.read_bytes()]


def _is_gone(group: int) -> bool:
    """Whether all processes of the group end soon. Zombies have ended: whoever must reap them may be slow."""
    for _ in range(100):
        if not any(_is_alive_in(group, stat) for stat in Path("/proc").glob("[0-9]*/stat")):
            return True
        time.sleep(0.05)
    return False


def _is_alive_in(group: int, stat: Path) -> bool:
    try:
        state, _, its_group, *_ = stat.read_text().rpartition(")")[2].split()
    except OSError:
        return False
    return int(its_group) == group and state != "Z"
