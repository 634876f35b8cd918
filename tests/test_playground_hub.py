"""The local Hub's repositories, seen through the unmodified huggingface_hub client."""

import hashlib
import json
import re
import struct
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from bot.playground.hub_access import READ_ONLY_TOKEN
from tests.local_hub import LocalHub

MODEL = "tunesmith-lab/tiny-qwen3"
OUTPUT = "tunesmith-lab/output"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    with LocalHub(tmp_path_factory.mktemp("hub")) as hub:
        yield hub


@pytest.fixture
def api(hub: LocalHub) -> HfApi:
    return hub.api()


@pytest.fixture
def output(api: HfApi) -> Iterator[str]:
    api.create_repo(OUTPUT)
    yield OUTPUT
    api.delete_repo(OUTPUT, missing_ok=True)


# --- who calls --------------------------------------------------------------------------------------------------


def test_the_token_tells_its_user_its_organization_and_its_rights(hub: LocalHub) -> None:
    me = hub.api().whoami()
    assert (me["name"], me["type"], [org["name"] for org in me["orgs"]]) == ("tunesmith-lab", "user", ["acme"])
    token = me["auth"]["accessToken"]
    assert token["role"] == "fineGrained"
    assert [scope["entity"]["name"] for scope in token["fineGrained"]["scoped"]] == ["tunesmith-lab", "acme"]
    assert all("job.write" in scope["permissions"] for scope in token["fineGrained"]["scoped"])
    assert hub.api(READ_ONLY_TOKEN).whoami()["auth"]["accessToken"]["role"] == "read"


def test_a_wrong_token_is_refused_everywhere(hub: LocalHub) -> None:
    with pytest.raises(HfHubHTTPError, match="Invalid user token") as refused:
        hub.api("hf_wrong").whoami()
    assert refused.value.response.status_code == 401
    with pytest.raises(HfHubHTTPError, match="Invalid credentials in Authorization header"):
        hub.api("hf_wrong").model_info(MODEL)


def test_without_a_token_public_models_are_seen_and_private_ones_do_not_exist(hub: LocalHub, output: str) -> None:
    hub.api().update_repo_settings(output, private=True)
    nobody = hub.api(False)
    assert nobody.model_info(MODEL).id == MODEL
    with pytest.raises(RepositoryNotFoundError) as hidden:
        nobody.model_info(output)
    assert hidden.value.response.status_code == 401
    assert output not in [model.id for model in nobody.list_models(author="tunesmith-lab")]
    assert hub.api(READ_ONLY_TOKEN).model_info(output).private is True


def test_a_read_only_token_cannot_write(hub: LocalHub, output: str) -> None:
    reader = hub.api(READ_ONLY_TOKEN)
    with pytest.raises(HfHubHTTPError, match=r"namespace tunesmith-lab, missing permissions: repo\.write"):
        reader.create_repo("tunesmith-lab/another")
    with pytest.raises(HfHubHTTPError, match="403 Forbidden"):
        reader.upload_file(path_or_fileobj=b"x", path_in_repo="x.txt", repo_id=output)
    with pytest.raises(HfHubHTTPError, match="403 Forbidden"):
        reader.auth_check(output, write=True)
    assert hub.api().list_repo_files(output) == [".gitattributes"]
    hub.api().auth_check(output, write=True)


# --- infos ------------------------------------------------------------------------------------------------------


def test_a_model_info_is_computed_from_the_files(api: HfApi, tmp_path: Path, output: str) -> None:
    _commit_weights(api, output, {"a": ("BF16", [3, 4]), "b": ("F32", [5])})
    card = (
        "---\nlicense: mit\nbase_model: tunesmith-lab/tiny-qwen3\ndatasets: [tunesmith-lab/tiny-chat]\n---\n# Hello\n"
    )
    config = {"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "hidden_size": 64}
    tokenizer = {"eos_token": {"content": "<|im_end|>"}, "chat_template": "{{ messages }}", "model_max_length": 512}
    for path, content in (
        ("README.md", card),
        ("config.json", json.dumps(config)),
        ("tokenizer_config.json", json.dumps(tokenizer)),
    ):
        api.upload_file(path_or_fileobj=content.encode(), path_in_repo=path, repo_id=output)
    info = api.model_info(output)
    assert info.safetensors is not None
    assert (info.safetensors.parameters, info.safetensors.total) == ({"BF16": 12, "F32": 5}, 17)
    assert info.config == {
        "architectures": ["Qwen3ForCausalLM"],
        "model_type": "qwen3",
        "tokenizer_config": {"eos_token": "<|im_end|>", "chat_template": "{{ messages }}"},
    }
    assert (info.pipeline_tag, info.library_name, info.gated, info.private) == (
        "text-generation",
        "transformers",
        False,
        False,
    )
    assert {"base_model:tunesmith-lab/tiny-qwen3", "dataset:tunesmith-lab/tiny-chat", "license:mit"} <= set(info.tags)
    assert info.card_data is not None
    assert info.card_data.license == "mit"
    assert info.sha == api.list_repo_commits(output)[0].commit_id
    assert abs(info.last_modified - datetime.now(UTC)) < timedelta(minutes=1)
    assert [sibling.rfilename for sibling in info.siblings][:2] == [".gitattributes", "README.md"]
    assert info.siblings[0].size is None
    with_sizes = api.model_info(output, files_metadata=True).siblings
    assert with_sizes[1].size == len(card)


def test_expand_gives_what_is_asked_and_nothing_else(api: HfApi, hub: LocalHub) -> None:
    info = api.model_info(MODEL, expand=["safetensors", "gated", "sha", "transformersInfo"])
    assert info.safetensors is not None
    assert info.safetensors.total > 10_000
    assert (info.gated, info.siblings, info.card_data) == (False, None, None)
    answer = hub.http.get(f"/api/models/{MODEL}", params={"expand": "nonsense"})
    assert (answer.status_code, "must be one of" in answer.json()["error"]) == (400, True)


def test_parameters_are_read_through_range_requests(api: HfApi, output: str) -> None:
    _commit_weights(api, output, {f"layer.{n}": ("F32", [2, n + 1]) for n in range(1500)})
    metadata = api.get_safetensors_metadata(output)
    assert metadata.parameter_count == {"F32": sum(2 * (n + 1) for n in range(1500))}
    assert api.model_info(output).safetensors.total == metadata.parameter_count["F32"]


def test_the_shipped_model_counts_alike_both_ways(api: HfApi) -> None:
    assert api.get_safetensors_metadata(MODEL).parameter_count == api.model_info(MODEL).safetensors.parameters


def test_a_dataset_info_has_its_card_and_files(api: HfApi) -> None:
    info = api.dataset_info("tunesmith-lab/tiny-subsets")
    assert [config["config_name"] for config in info.card_data["configs"]] == ["french", "german"]
    assert {sibling.rfilename for sibling in info.siblings} == {
        "README.md",
        "french/train.jsonl",
        "german/train.jsonl",
    }
    assert info.gated is False


def test_search_finds_repos_whose_id_holds_all_the_words(api: HfApi) -> None:
    assert [model.id for model in api.list_models(search="tiny qwen3")] == [MODEL]
    assert [model.id for model in api.list_models(search="TINY-QWEN")] == [MODEL]
    assert list(api.list_models(search="llama")) == []
    assert [found.id for found in api.list_datasets(search="subsets")] == ["tunesmith-lab/tiny-subsets"]
    assert len(list(api.list_models(author="tunesmith-lab", limit=1))) == 1
    full = next(iter(api.list_models(search="qwen3", full=True, fetch_config=True)))
    assert (full.config["model_type"], full.siblings is None) == ("qwen3", False)


def test_what_is_not_there_is_told_apart(api: HfApi, hub: LocalHub) -> None:
    with pytest.raises(RepositoryNotFoundError) as missing:
        api.model_info("tunesmith-lab/nothing")
    assert (missing.value.response.status_code, missing.value.server_message) == (404, "Repository not found")
    with pytest.raises(RepositoryNotFoundError):
        api.model_info("gpt2")
    with pytest.raises(RevisionNotFoundError):
        api.model_info(MODEL, revision="no-such-branch")
    with pytest.raises(EntryNotFoundError):
        api.hf_hub_download(MODEL, "nothing.bin")
    answer = hub.http.get("/api/nonsense")
    assert (answer.status_code, answer.json()) == (
        404,
        {"error": "Sorry, we can't find the page you are looking for."},
    )


# --- gates ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("repo_type", "name"), [("model", "locked-model"), ("dataset", "locked-data")])
def test_a_gated_repo_shows_its_info_and_keeps_its_files(hub: LocalHub, repo_type: str, name: str) -> None:
    repo_id = f"tunesmith-lab/{name}"
    api = hub.api()
    assert api.repo_info(repo_id, repo_type=repo_type).gated == "manual"
    assert "README.md" in api.list_repo_files(repo_id, repo_type=repo_type)
    assert "repo.json" not in api.list_repo_files(repo_id, repo_type=repo_type)
    with pytest.raises(GatedRepoError, match="restricted and you are not in the authorized list") as refused:
        api.auth_check(repo_id, repo_type=repo_type)
    assert refused.value.response.status_code == 403
    with pytest.raises(GatedRepoError, match="Please log in") as refused:
        hub.api(False).auth_check(repo_id, repo_type=repo_type)
    assert refused.value.response.status_code == 401
    with pytest.raises(GatedRepoError):
        api.hf_hub_download(repo_id, "README.md", repo_type=repo_type)


# --- files ------------------------------------------------------------------------------------------------------


def test_files_and_snapshots_are_downloaded_with_their_commit(api: HfApi, tmp_path: Path) -> None:
    path = Path(api.hf_hub_download(MODEL, "config.json", cache_dir=tmp_path))
    assert json.loads(path.read_text())["model_type"] == "qwen3"
    folder = Path(api.snapshot_download(MODEL, cache_dir=tmp_path))
    assert folder == path.parent
    assert folder.name == api.model_info(MODEL).sha
    assert {file.name for file in folder.iterdir()} == set(api.list_repo_files(MODEL))


def test_a_file_has_an_etag_a_length_and_ranges(hub: LocalHub) -> None:
    address = f"/{MODEL}/resolve/main/config.json"
    whole = hub.http.get(address)
    head = hub.http.head(address)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == str(len(whole.content))
    assert re.fullmatch(r'"[0-9a-f]{40}"', head.headers["ETag"])
    assert head.headers["X-Repo-Commit"] == hub.api().model_info(MODEL).sha
    assert "X-Linked-Etag" not in head.headers
    part = hub.http.get(address, headers={"Range": "bytes=5-9"})
    assert (part.status_code, part.content) == (206, whole.content[5:10])
    assert part.headers["Content-Range"] == f"bytes 5-9/{len(whole.content)}"
    assert hub.http.get(address, headers={"Range": "bytes=-4"}).content == whole.content[-4:]
    assert hub.http.get(address, headers={"Range": "bytes=99999999-"}).status_code == 416
    weights = hub.http.head(f"/{MODEL}/resolve/main/model.safetensors").headers
    assert re.fullmatch(r'"[0-9a-f]{64}"', weights["X-Linked-Etag"])


def test_trees_and_paths_tell_folders_sizes_and_last_commits(api: HfApi, output: str) -> None:
    api.upload_file(path_or_fileobj=b"one", path_in_repo="a/b/one.txt", repo_id=output, commit_message="one")
    api.upload_file(path_or_fileobj=b"two!", path_in_repo="a/two.txt", repo_id=output, commit_message="two")
    assert [entry.path for entry in api.list_repo_tree(output)] == [".gitattributes", "a"]
    assert [entry.path for entry in api.list_repo_tree(output, "a")] == ["a/b", "a/two.txt"]
    assert [entry.path for entry in api.list_repo_tree(output, recursive=True)] == [
        ".gitattributes",
        "a",
        "a/b",
        "a/b/one.txt",
        "a/two.txt",
    ]
    one, folder = api.get_paths_info(output, ["a/b/one.txt", "a", "nothing"], expand=True)
    assert (one.size, one.last_commit.title, folder.path, folder.last_commit.title) == (3, "one", "a", "two")
    with pytest.raises(EntryNotFoundError):
        list(api.list_repo_tree(output, "nothing"))


# --- writing ----------------------------------------------------------------------------------------------------


def test_a_repo_is_created_once_and_deleted(api: HfApi) -> None:
    url = api.create_repo("acme/new", private=True, repo_type="dataset")
    assert (url.repo_id, url.repo_type) == ("acme/new", "dataset")
    assert api.create_repo("acme/new", repo_type="dataset", exist_ok=True) == url
    with pytest.raises(HfHubHTTPError, match="You already created this dataset repo") as conflict:
        api.create_repo("acme/new", repo_type="dataset")
    assert conflict.value.response.status_code == 409
    assert api.dataset_info("acme/new").private is True
    assert [commit.title for commit in api.list_repo_commits("acme/new", repo_type="dataset")] == ["initial commit"]
    assert api.repo_exists("acme/new") is False
    api.delete_repo("acme/new", repo_type="dataset")
    assert api.repo_exists("acme/new", repo_type="dataset") is False
    with pytest.raises(HfHubHTTPError, match="403 Forbidden"):
        api.create_repo("somebody-else/new")


def test_an_older_revision_keeps_its_files(api: HfApi, output: str, tmp_path: Path) -> None:
    first = api.upload_file(path_or_fileobj=b"old", path_in_repo="x.txt", repo_id=output)
    api.create_commit(
        output,
        [CommitOperationAdd("y.txt", b"new"), CommitOperationDelete("x.txt")],
        commit_message="Replace x",
        commit_description="It was old.",
    )
    assert api.list_repo_files(output) == [".gitattributes", "y.txt"]
    old = api.hf_hub_download(output, "x.txt", revision=first.oid, cache_dir=tmp_path)
    assert Path(old).read_bytes() == b"old"
    newest, before, _ = api.list_repo_commits(output)
    assert (newest.title, newest.message, newest.authors) == ("Replace x", "It was old.", ["tunesmith-lab"])
    assert before.commit_id == first.oid
    assert datetime.now(UTC) - timedelta(minutes=1) < before.created_at <= newest.created_at


def test_a_commit_on_a_stale_parent_is_refused(api: HfApi, output: str) -> None:
    stale = api.list_repo_commits(output)[0].commit_id
    api.upload_file(path_or_fileobj=b"1", path_in_repo="x.txt", repo_id=output)
    with pytest.raises(HfHubHTTPError, match="A commit has happened since") as refused:
        api.create_commit(output, [CommitOperationAdd("x.txt", b"2")], commit_message="x", parent_commit=stale)
    assert refused.value.response.status_code == 412
    with pytest.raises(EntryNotFoundError, match="A file with this name doesn't exist"):
        api.delete_file("nothing.txt", output)


def test_an_unchanged_file_makes_no_commit(api: HfApi, output: str) -> None:
    for _ in range(2):
        api.upload_file(path_or_fileobj=b"same", path_in_repo="x.txt", repo_id=output)
    assert len(api.list_repo_commits(output)) == 2


def test_a_broken_card_is_refused_before_it_is_committed(api: HfApi, output: str) -> None:
    with pytest.raises(ValueError, match=r"Invalid metadata in README\.md"):
        api.upload_file(path_or_fileobj=b"---\nlicense: [mit\n---\n", path_in_repo="README.md", repo_id=output)
    assert "README.md" not in api.list_repo_files(output)


@pytest.mark.parametrize("path", ["../up.txt", "/etc/passwd", "a/../../b", ".git/config", ""])
def test_a_path_cannot_leave_the_repo(hub: LocalHub, output: str, path: str) -> None:
    lines = [
        {"key": "header", "value": {"summary": "x"}},
        {"key": "file", "value": {"path": path, "content": "eA==", "encoding": "base64"}},
    ]
    body = "\n".join(json.dumps(line) for line in lines)
    answer = hub.http.post(f"/api/models/{output}/commit/main", content=body)
    assert (answer.status_code, "Invalid path" in answer.json()["error"]) == (400, True)
    assert hub.api().list_repo_files(output) == [".gitattributes"]


def test_a_folder_is_pushed_in_the_background_as_a_trainer_does(api: HfApi, output: str, tmp_path: Path) -> None:
    (tmp_path / "checkpoint-2").mkdir()
    for name in ("config.json", "model.safetensors", "checkpoint-2/optimizer.pt"):
        (tmp_path / name).write_bytes(name.encode() * 1000)
    push = api.upload_folder(
        repo_id=output,
        folder_path=tmp_path,
        commit_message="Training in progress, step 2",
        run_as_future=True,
        ignore_patterns=["_*", "checkpoint-*"],
    )
    assert push.result(timeout=30).commit_url.startswith(api.endpoint)
    assert api.list_repo_files(output) == [".gitattributes", "config.json", "model.safetensors"]
    assert api.list_repo_commits(output)[0].title == "Training in progress, step 2"


def test_a_large_file_goes_through_lfs(tmp_path: Path) -> None:
    script = """
from huggingface_hub import HfApi
api = HfApi()
api.create_repo("tunesmith-lab/big")
for _ in range(2):
    api.upload_file(path_or_fileobj=bytes(5000), path_in_repo="big.bin", repo_id="tunesmith-lab/big")
(file,) = api.get_paths_info("tunesmith-lab/big", ["big.bin"])
print(file.lfs.sha256, file.size, len(api.list_repo_commits("tunesmith-lab/big")))
print(len(open(api.hf_hub_download("tunesmith-lab/big", "big.bin"), "rb").read()))
"""
    with LocalHub(tmp_path / "state", lfs_over_bytes=1000) as hub:
        environment = {
            "HF_ENDPOINT": hub.url,
            "HF_TOKEN": "hf_playground",
            "HF_HOME": str(tmp_path),
            "HF_HUB_DISABLE_XET": "1",
        }
        done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout.splitlines()) == (
        0,
        [f"{hashlib.sha256(bytes(5000)).hexdigest()} 5000 2", "5000"],
    ), done.stderr


def test_what_was_uploaded_outlives_the_server(tmp_path: Path) -> None:
    with LocalHub(tmp_path) as hub:
        hub.api().create_repo(OUTPUT, private=True)
        hub.api().upload_file(path_or_fileobj=b"kept", path_in_repo="x.txt", repo_id=OUTPUT)
        fixture = hub.api().model_info(MODEL).sha
    with LocalHub(tmp_path) as hub:
        assert hub.api().list_repo_files(OUTPUT) == [".gitattributes", "x.txt"]
        assert hub.api().model_info(OUTPUT).private is True
        assert hub.api().model_info(MODEL).sha == fixture
        assert len(hub.api().list_repo_commits(MODEL)) == 1


def test_bodies_that_make_no_sense_are_refused(hub: LocalHub, output: str, api: HfApi) -> None:
    for address, content in (
        ("/api/repos/create", "{"),
        ("/api/repos/create", '{"organization": "acme", "name": "../../up"}'),
        (f"/api/models/{output}/commit/main", "not json"),
        (f"/api/models/{output}/commit/main", '{"key": "file", "value": {}}'),
    ):
        assert hub.http.post(address, content=content).status_code == 400
    assert len(api.list_repo_commits(output)) == 1


def _commit_weights(api: HfApi, repo_id: str, tensors: dict[str, tuple[str, list[int]]]) -> None:
    """Commit a safetensors file that has a header and no numbers."""
    header = json.dumps({k: {"dtype": d, "shape": s, "data_offsets": [0, 0]} for k, (d, s) in tensors.items()}).encode()
    content = struct.pack("<Q", len(header)) + header
    api.upload_file(path_or_fileobj=content, path_in_repo="model.safetensors", repo_id=repo_id)
