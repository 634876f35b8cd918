"""The local Hub's dataset viewer, compared with what the `datasets` library makes of the same files."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from datasets import Features, load_dataset

from bot.playground.hub_access import READ_ONLY_TOKEN
from bot.playground.hub_dataset import infer
from tests.local_hub import LocalHub

CHAT = "tunesmith-lab/tiny-chat"
SUBSETS = "tunesmith-lab/tiny-subsets"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    with LocalHub(tmp_path_factory.mktemp("hub")) as hub:
        yield hub


def ask(hub: LocalHub, path: str, **query: object) -> dict[str, Any]:
    answer = hub.http.get(path, params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["X-Revision"] == hub.api().dataset_info(str(query["dataset"])).sha
    return dict(answer.json())


def test_splits_of_all_subsets(hub: LocalHub) -> None:
    assert ask(hub, "/splits", dataset=SUBSETS) == {
        "splits": [
            {"dataset": SUBSETS, "config": "french", "split": "train"},
            {"dataset": SUBSETS, "config": "german", "split": "train"},
        ],
        "pending": [],
        "failed": [],
    }
    assert ask(hub, "/is-valid", dataset=SUBSETS)["viewer"] is True


def test_first_rows_have_features_and_rows(hub: LocalHub) -> None:
    answer = ask(hub, "/first-rows", dataset=SUBSETS, config="french", split="train")
    assert answer["features"] == [
        {
            "feature_idx": 0,
            "name": "messages",
            "type": {
                "feature": {
                    "role": {"dtype": "string", "_type": "Value"},
                    "content": {"dtype": "string", "_type": "Value"},
                },
                "_type": "List",
            },
        }
    ]
    assert answer["rows"][0] == {
        "row_idx": 0,
        "row": {
            "messages": [{"role": "user", "content": "Say one in French."}, {"role": "assistant", "content": "un"}]
        },
        "truncated_cells": [],
    }
    assert (len(answer["rows"]), answer["truncated"]) == (30, False)


def test_pages_of_rows(hub: LocalHub) -> None:
    answer = ask(hub, "/rows", dataset=CHAT, config="default", split="train", offset=5, length=2)
    assert [row["row_idx"] for row in answer["rows"]] == [5, 6]
    assert (answer["num_rows_per_page"], answer["partial"]) == (100, False)
    first = ask(hub, "/first-rows", dataset=CHAT, config="default", split="train")["rows"]
    assert [row["row"] for row in answer["rows"]] == [row["row"] for row in first[5:7]]


def test_info_and_size_agree(hub: LocalHub) -> None:
    info = ask(hub, "/info", dataset=CHAT)["dataset_info"]["default"]
    size = ask(hub, "/size", dataset=CHAT)["size"]
    rows = {split: about["num_examples"] for split, about in info["splits"].items()}
    assert rows == {part["split"]: part["num_rows"] for part in size["splits"]}
    assert size["dataset"]["num_rows"] == size["configs"][0]["num_rows"] == sum(rows.values())
    assert size["configs"][0]["num_columns"] == len(info["features"])
    assert (info["builder_name"], info["config_name"]) == ("json", "default")
    one = ask(hub, "/info", dataset=SUBSETS, config="german")
    assert (one["dataset_info"]["config_name"], one["partial"]) == ("german", False)


@pytest.mark.parametrize("name", ["tiny-chat", "tiny-preferences", "tiny-math"])
def test_features_are_those_of_the_datasets_library(hub: LocalHub, name: str, tmp_path: Path) -> None:
    repo = hub.store.get("datasets", f"tunesmith-lab/{name}")
    paths = [path for path in repo.head.files if path.endswith(".jsonl")]
    for path in paths:
        (tmp_path / path).write_bytes(repo.read(path) or b"")
    files = {Path(path).stem: str(tmp_path / path) for path in paths}
    loaded = load_dataset("json", data_files=files, cache_dir=str(tmp_path / "cache"))
    info = ask(hub, "/info", dataset=repo.id)["dataset_info"]["default"]
    assert Features.from_dict(info["features"]) == loaded["train"].features
    assert info["features"] == loaded["train"].features.to_dict()
    assert {split: about["num_examples"] for split, about in info["splits"].items()} == loaded.num_rows
    answer = ask(hub, "/rows", dataset=repo.id, config="default", split="train", length=3)
    assert [row["row"] for row in answer["rows"]] == list(loaded["train"].select(range(3)))


@pytest.mark.parametrize(
    "rows",
    [
        [{"a": 1, "b": None, "c": True}, {"a": 2, "b": "x", "c": False}],
        [{"a": 1}, {"a": 2.5}],
        [{"a": [1, 2]}, {"a": []}],
        [{"a": {"x": "1"}}, {"a": {"x": "2", "y": 3}}],
        [{"a": [{"role": "user", "content": "x"}], "n": None}],
        [{"a": [["x"], ["y", "z"]]}],
        [{"a": {"x": "1"}}, {"a": {"x": None}}],
        [{"a": {}}],
        [{"a": 1}, {"a": "x"}],
        [{"a": "x"}, {"a": ["x"]}],
        [{"a": [{"x": 1}, {"y": 2}]}],
    ],
)
def test_the_inference_of_types_is_that_of_the_datasets_library(rows: list[dict[str, Any]], tmp_path: Path) -> None:
    file = tmp_path / "train.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    loaded = load_dataset("json", data_files=str(file), cache_dir=str(tmp_path / "cache"))["train"]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    features = {name: infer([row.get(name) for row in rows]) for name in columns}
    assert features == loaded.features.to_dict()


def test_an_image_column_is_an_image(hub: LocalHub) -> None:
    answer = ask(hub, "/first-rows", dataset="tunesmith-lab/tiny-images", config="default", split="train")
    assert [(feature["name"], feature["type"]["_type"]) for feature in answer["features"]] == [
        ("image", "Image"),
        ("text", "Value"),
    ]
    row = answer["rows"][0]["row"]
    assert (row["text"], row["image"]["width"], row["image"]["height"]) == ("A red square.", 16, 16)
    assert hub.http.get(row["image"]["src"]).content.startswith(b"\x89PNG")


def test_long_cells_of_the_last_rows_are_cut(hub: LocalHub) -> None:
    api = hub.api()
    repo_id = str(api.create_repo("tunesmith-lab/long", repo_type="dataset").repo_id)
    rows = [{"text": str(n) * 5000, "chat": [{"role": "user", "content": "y" * 200}]} for n in range(150)]
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    api.upload_file(path_or_fileobj=content, path_in_repo="train.jsonl", repo_id=repo_id, repo_type="dataset")
    answer = ask(hub, "/first-rows", dataset=repo_id, config="default", split="train")
    first, last = answer["rows"][0], answer["rows"][-1]
    assert (len(answer["rows"]), answer["truncated"]) == (100, True)
    assert (first["truncated_cells"], first["row"]) == ([], rows[0])
    assert last["truncated_cells"] == ["text", "chat"]
    assert (len(last["row"]["text"]), last["row"]["chat"][:9]) == (100, '[{"role":')
    assert answer["features"][1]["type"]["_type"] == "List"


@pytest.mark.parametrize(
    ("path", "query", "status", "code"),
    [
        ("/splits", {}, 422, "MissingRequiredParameter"),
        ("/first-rows", {"dataset": CHAT}, 422, "MissingRequiredParameter"),
        ("/first-rows", {"dataset": CHAT, "config": "default", "split": "nothing"}, 404, "ResponseNotFound"),
        ("/info", {"dataset": CHAT, "config": "nothing"}, 404, "ResponseNotFound"),
        ("/rows", {"dataset": CHAT, "config": "default", "split": "train", "length": 101}, 422, "InvalidParameter"),
        ("/info", {"dataset": "tunesmith-lab/nothing"}, 404, "ExternalAuthenticatedError"),
        ("/info", {"dataset": "tunesmith-lab/locked-data"}, 404, "ExternalAuthenticatedError"),
    ],
)
def test_refusals_have_the_viewers_codes(
    hub: LocalHub, path: str, query: dict[str, str], status: int, code: str
) -> None:
    answer = hub.http.get(path, params=query)
    assert (answer.status_code, answer.headers["X-Error-Code"]) == (status, code)
    assert set(answer.json()) == {"error"}


def test_a_dataset_that_may_not_be_seen_does_not_exist(hub: LocalHub) -> None:
    for token, status, code in (
        (None, 401, "ExternalUnauthenticatedError"),
        ("hf_wrong", 404, "ExternalAuthenticatedError"),
        (READ_ONLY_TOKEN, 404, "ExternalAuthenticatedError"),
    ):
        headers = {"Authorization": f"Bearer {token}" if token else ""}
        answer = hub.http.get("/splits", params={"dataset": "tunesmith-lab/locked-data"}, headers=headers)
        assert (answer.status_code, answer.headers["X-Error-Code"]) == (status, code)
        assert answer.json()["error"].startswith("The dataset does not exist, or is not accessible")


def test_a_dataset_without_data_has_no_viewer(hub: LocalHub) -> None:
    hub.api().create_repo("tunesmith-lab/empty", repo_type="dataset")
    assert ask(hub, "/is-valid", dataset="tunesmith-lab/empty")["viewer"] is False
    answer = hub.http.get("/info", params={"dataset": "tunesmith-lab/empty"})
    assert (answer.status_code, answer.headers["X-Error-Code"]) == (500, "EmptyDatasetError")
