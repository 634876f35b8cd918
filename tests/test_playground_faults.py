"""Each way to misbehave, as the unmodified huggingface_hub client meets it; and the libraries that build on it."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from huggingface_hub import HfApi, JobInfo
from huggingface_hub.errors import HfHubHTTPError

from bot.playground.hub import FIXTURES
from tests.local_hub import LocalHub

LAB = "tunesmith-lab"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[LocalHub]:
    with LocalHub(tmp_path / "state") as hub:
        yield hub


def submit(api: HfApi, run: str = "r1") -> JobInfo:
    return api.run_job(image="x", command=["true"], labels={"run": run}, namespace=LAB)


def runs(api: HfApi) -> list[str]:
    return [job.labels["run"] for job in api.list_jobs(namespace=LAB)]


# --- faults -----------------------------------------------------------------------------------------------------


def test_a_dropped_answer_leaves_the_job_behind(hub: LocalHub) -> None:
    hub.fault(path=f"^/api/jobs/{LAB}$", method="POST", kind="drop_after")
    with pytest.raises(httpx2.RemoteProtocolError):
        submit(hub.api())
    assert runs(hub.api()) == ["r1"]


def test_a_dropped_request_makes_no_job(hub: LocalHub) -> None:
    hub.fault(path="^/api/jobs/", method="POST", kind="drop_before")
    with pytest.raises(httpx2.RemoteProtocolError):
        submit(hub.api())
    assert runs(hub.api()) == []


def test_a_web_page_in_place_of_json_comes_after_the_work(hub: LocalHub) -> None:
    hub.fault(path="^/api/jobs/", method="POST", kind="html")
    with pytest.raises(json.JSONDecodeError):
        submit(hub.api())
    assert runs(hub.api()) == ["r1"]


def test_a_server_error_makes_no_job(hub: LocalHub) -> None:
    hub.fault(path="^/api/jobs/", method="POST", kind="status", status=500)
    with pytest.raises(HfHubHTTPError, match="500 Internal Server Error"):
        submit(hub.api())
    assert runs(hub.api()) == []


def test_too_many_requests_tells_when_to_come_back(hub: LocalHub) -> None:
    hub.fault(path="^/api/jobs/", method="POST", kind="status", status=429, retry_after=7)
    with pytest.raises(HfHubHTTPError, match="429 Too Many Requests") as refused:
        submit(hub.api())
    assert refused.value.response.headers["Retry-After"] == "7"
    assert runs(hub.api()) == []


def test_a_hanging_request_is_late_and_done(hub: LocalHub) -> None:
    hub.fault(path="^/api/jobs/", method="POST", kind="hang", seconds=0.5)
    began = time.monotonic()
    submit(hub.api())
    assert time.monotonic() - began > 0.5
    assert runs(hub.api()) == ["r1"]


def test_a_stale_listing_hides_the_young_and_inspect_does_not(hub: LocalHub) -> None:
    old = submit(hub.api(), "old")
    time.sleep(0.6)
    hub.fault(path=f"^/api/jobs/{LAB}$", kind="stale", seconds=0.5)
    young = submit(hub.api(), "young")
    assert runs(hub.api()) == ["old"]
    assert hub.api().inspect_job(job_id=young.id, namespace=LAB).labels == young.labels
    time.sleep(0.6)
    assert runs(hub.api()) == ["young", "old"]
    hub.http.delete("/_faults")
    assert old.id != young.id


# --- the libraries above the client -----------------------------------------------------------------------------


def run_python(hub: LocalHub, home: Path, script: str) -> str:
    """Run a script as a person would who has set HF_ENDPOINT and nothing else; gives what it printed."""
    environment = {
        "HF_ENDPOINT": hub.url,
        "HF_TOKEN": "hf_playground",
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_load_dataset_works_with_the_endpoint_alone(hub: LocalHub, tmp_path: Path) -> None:
    script = """
from datasets import get_dataset_config_names, load_dataset
from datasets.exceptions import DatasetNotFoundError
french = load_dataset("tunesmith-lab/tiny-subsets", "french", split="train")
print(french.num_rows, french[0]["messages"][1]["content"])
print(sorted(load_dataset("tunesmith-lab/tiny-chat")))
print(get_dataset_config_names("tunesmith-lab/tiny-subsets"))
try:
    load_dataset("tunesmith-lab/tiny-subsets")
except ValueError as error:
    print(str(error).splitlines()[0])
for name in ("locked-data", "nothing"):
    try:
        load_dataset(f"tunesmith-lab/{name}")
    except DatasetNotFoundError as error:
        print(error)
"""
    assert run_python(hub, tmp_path, script).splitlines() == [
        "30 un",
        "['test', 'train']",
        "['french', 'german']",
        "Config name is missing.",
        "Dataset 'tunesmith-lab/locked-data' is a gated dataset on the Hub. Visit the dataset page at"
        " https://huggingface.co/datasets/tunesmith-lab/locked-data to ask for access.",
        "Dataset 'tunesmith-lab/nothing' doesn't exist on the Hub or cannot be accessed.",
    ]


@pytest.mark.train
@pytest.mark.slow
@pytest.mark.skipif(not (FIXTURES / "models" / "tiny-qwen3" / "model.safetensors").exists(), reason="no tiny model")
def test_transformers_loads_and_pushes_the_tiny_model(hub: LocalHub, tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    script = """
from transformers import AutoModelForCausalLM, AutoTokenizer
model = AutoModelForCausalLM.from_pretrained("tunesmith-lab/tiny-qwen3")
tokenizer = AutoTokenizer.from_pretrained("tunesmith-lab/tiny-qwen3")
text = tokenizer.apply_chat_template([{"role": "user", "content": "Hello"}], tokenize=False)
print(model.config.model_type, "Hello" in text)
print(model.push_to_hub("tunesmith-lab/copy", private=True).oid)
again = AutoModelForCausalLM.from_pretrained("tunesmith-lab/copy")
print(sum(p.numel() for p in again.parameters()) == sum(p.numel() for p in model.parameters()))
"""
    kind, oid, is_same = run_python(hub, tmp_path, script).splitlines()
    assert (kind, is_same) == ("qwen3 True", "True")
    assert hub.api().model_info("tunesmith-lab/copy").sha == oid
    assert hub.api().model_info("tunesmith-lab/copy").private is True


# --- pages and the command line ---------------------------------------------------------------------------------


def test_the_pages_show_a_model_its_files_and_a_job(hub: LocalHub) -> None:
    api = hub.api()
    api.create_repo("tunesmith-lab/shown")
    card = "---\nlicense: mit\n---\n# Shown\n\n| a |\n|---|\n| 1 |\n\n<script>x</script>\n"
    api.upload_file(path_or_fileobj=card.encode(), path_in_repo="README.md", repo_id="tunesmith-lab/shown")
    page = hub.http.get("/tunesmith-lab/shown", headers={"Authorization": ""})
    sha = api.model_info("tunesmith-lab/shown").sha
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    for part in ("<h1>Shown</h1>", "<td>1</td>", "&lt;script&gt;", "license:mit", "README.md", f"{len(card)} Bytes"):
        assert part in page.text
    assert sha is not None
    assert sha[:8] in page.text
    assert "<script>" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    job = api.run_job(image="x", command=["bash", "-c", "echo '<b>bold</b>'; exit 1"], namespace=LAB)
    api.wait_for_job(job.id, namespace=LAB, poll_interval=0.05)
    text = hub.http.get(job.url.removeprefix(hub.url)).text
    assert "&lt;b&gt;bold&lt;/b&gt;" in text
    assert "Job failed with exit code: 1. Reason: Error" in text
    assert "http-equiv" not in text
    index = hub.http.get("/").text
    for part in ("tunesmith-lab/shown", "tunesmith-lab/tiny-subsets", job.id, "gated"):
        assert part in index


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/datasets/tunesmith-lab/tiny-images", 200),
        ("/tunesmith-lab/tiny-qwen3/commits/main", 200),
        ("/tunesmith-lab/tiny-qwen3/tree/main", 200),
        ("/tunesmith-lab/tiny-qwen3/blob/main/config.json", 302),
        ("/tunesmith-lab/nothing", 404),
        ("/tunesmith-lab/tiny-qwen3/tree/nothing", 404),
        ("/jobs/tunesmith-lab/nothing", 404),
    ],
)
def test_pages_that_are_there_and_not(hub: LocalHub, path: str, status: int) -> None:
    assert hub.http.get(path).status_code == status


def test_the_hub_starts_alone_and_stops_on_a_signal(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bot.playground.hub", "--port", "0", "--state", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = json.loads(process.stdout.readline())["hub"]
        assert HfApi(endpoint=address, token="hf_playground").whoami()["name"] == LAB
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
