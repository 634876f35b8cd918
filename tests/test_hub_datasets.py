"""HfHub's view of datasets, against the local Hub and prepared answers."""

from collections.abc import Iterator
from typing import Any

import pytest

from bot.errors import HubRefusal, Transient, Unclear, UserError
from bot.hub import HfHub
from bot.hub_datasets import choose_config, choose_split, few
from bot.models import Method
from tests.documents import Documents
from tests.local_hub import LocalHub

TEXT = {"dtype": "string", "_type": "Value"}


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    with LocalHub(tmp_path_factory.mktemp("hub")) as hub:
        yield hub


@pytest.fixture
def hub(local: LocalHub) -> HfHub:
    return make_hub(local.url)


@pytest.fixture
def documents() -> Iterator[Documents]:
    with Documents() as server:
        yield server


def make_hub(url: str, **changes: Any) -> HfHub:
    return HfHub(**({"endpoint": url, "viewer_url": url, "token": "hf_playground", "timeout_s": 5.0} | changes))


def test_a_dataset_has_its_columns_counts_and_first_rows(hub: HfHub) -> None:
    dataset = hub.dataset("tunesmith-lab/tiny-chat", None, None)

    assert (dataset.config, dataset.configs, dataset.rows_split) == ("default", ("default",), "train")
    assert dataset.splits == {"train": 237, "test": None}
    assert list(dataset.features) == ["messages"]
    assert [turn["role"] for turn in dataset.rows[0]["messages"]] == ["user", "assistant"]
    assert dataset.license == "cc0-1.0"


FILES = {"config_name": "extra", "data_files": [{"split": "dev", "path": "dev-*"}, {"split": "train", "path": "x-*"}]}
SPLITS = [{"name": "train", "num_examples": 90, "num_bytes": 90 * 60_000.0}, {"name": "dev", "num_examples": 7}]
CARDS = [
    ({}, ("default",), {"train": 2}),
    ({"configs": [FILES]}, ("extra",), {"train": 2, "dev": None}),
    ({"configs": [FILES], "dataset_info": {"config_name": "extra", "splits": SPLITS}}, ("extra",),
     {"train": 2, "dev": 7}),
    ({"dataset_info": [{"config_name": "main", "splits": SPLITS}, {"config_name": "b"}]}, ("main", "b"),
     {"train": 2, "dev": 7}),
    ({"configs": [{"config_name": "main", "data_files": "*.csv"}, {"config_name": "b"}]}, ("main", "b"), {"train": 2}),
]  # fmt: skip


@pytest.mark.parametrize(("card", "configs", "splits"), CARDS)
def test_a_card_leads_to_the_rows_in_two_calls(
    documents: Documents, card: dict[str, Any], configs: tuple[str, ...], splits: dict[str, int | None]
) -> None:
    put_dataset(documents, card=card)
    put_rows(documents, {"text": "one"}, {"text": "two"})
    found = make_hub(documents.url).dataset("a/d", None, None)

    assert documents.asked == ["/api/datasets/a/d", "/rows"]
    assert (found.config, found.configs, found.rows_split, found.splits) == (configs[0], configs, "train", splits)
    assert found.rows == ({"text": "one"}, {"text": "two"})


def test_of_data_that_the_viewer_knows_in_part_the_card_has_the_number(documents: Documents) -> None:
    put_dataset(documents, card={"dataset_info": {"splits": SPLITS}})
    put_rows(documents, {"text": "one"}, partial=True)

    assert make_hub(documents.url).dataset("a/d", None, None).splits["train"] == 90


def test_where_a_card_leads_nowhere_the_viewer_lists_what_there_is(documents: Documents) -> None:
    put_dataset(documents, card={"configs": [{"config_name": "gone", "data_files": "gone.csv"}]})
    found = make_hub(documents.url).dataset("a/d", None, None)

    assert documents.asked == ["/api/datasets/a/d", "/rows", "/size", "/first-rows"]
    assert (found.config, found.splits) == ("default", {"train": 2})


def put_rows(documents: Documents, *rows: dict[str, Any], **more: Any) -> None:
    features = [{"name": name, "type": TEXT} for name in rows[0]]
    entries = [{"row": row, "truncated_cells": []} for row in rows]
    documents.put("/rows", {"features": features, "rows": entries, "num_rows_total": len(rows)} | more)


def put_dataset(documents: Documents, *, card: dict[str, Any] | None = None, **first_rows: Any) -> None:
    documents.put("/api/datasets/a/d", {"id": "a/d", "sha": "3" * 40, "cardData": card})
    documents.put("/size", {"size": {"splits": [{"config": "default", "split": "train", "num_rows": 2}]}})
    features = [{"name": "text", "type": TEXT}, {"name": "messages", "type": {"_type": "List", "feature": {}}}]
    rows = [{"row": {"text": "one", "messages": []}, "truncated_cells": []}]
    documents.put("/first-rows", {"features": features, "rows": rows} | first_rows)


def test_rows_that_the_viewer_shortened_are_left_out(documents: Documents) -> None:
    whole = {"row": {"text": "one", "messages": []}, "truncated_cells": []}
    cut = {"row": {"text": "two", "messages": '[{"role": "us'}, "truncated_cells": ["messages"]}
    put_dataset(documents, rows=[whole, cut])

    assert make_hub(documents.url).dataset("a/d", None, None).rows == ({"text": "one", "messages": []},)


def test_when_all_rows_are_shortened_whole_ones_are_asked_for(documents: Documents) -> None:
    cut = {"row": {"text": "tw", "messages": "["}, "truncated_cells": ["messages", "text"]}
    put_dataset(documents, rows=[cut])
    whole = {"row": {"text": "two", "messages": []}, "truncated_cells": []}
    documents.put("/rows", {"features": [{"name": "text", "type": TEXT}], "rows": [whole]})

    assert make_hub(documents.url).dataset("a/d", None, None).rows == ({"text": "two", "messages": []},)
    assert documents.asked[1:] == ["/rows", "/size", "/first-rows", "/rows"]


def test_long_rows_are_asked_for_whole_and_most_are_only_measured(documents: Documents) -> None:
    put_dataset(documents, card={"dataset_info": {"splits": SPLITS}})
    put_rows(documents, *({"text": "x" * 60_000} for _ in range(50)))
    info = make_hub(documents.url).dataset("a/d", None, None)

    assert (len(info.rows), len(info.more_rows)) == (3, 47)
    assert documents.queries[-1]["length"] == ["50"], "the reader takes 5 MB"


def test_without_a_card_the_viewer_says_how_long_the_rows_are(documents: Documents) -> None:
    put_dataset(documents)
    part = {"config": "default", "split": "train", "num_rows": 9_556, "num_bytes_memory": 9_556 * 60_000}
    documents.put("/size", {"size": {"splits": [part]}, "pending": [], "failed": []})
    rows = [{"row": {"text": "x" * 60_000}, "truncated_cells": []} for _ in range(50)]
    documents.put("/rows", {"features": [{"name": "text", "type": TEXT}], "rows": rows})
    info = make_hub(documents.url).dataset("a/d", None, None)

    assert (len(info.rows), len(info.more_rows), info.splits["train"]) == (3, 47, 9_556)
    assert documents.queries[-1]["length"] == ["50"]


def test_where_whole_rows_are_refused_the_first_ones_do(documents: Documents) -> None:
    put_dataset(documents, rows=[{"row": {"text": "one", "messages": []}, "truncated_cells": []}])
    part = {"config": "default", "split": "train", "num_rows": 10, "num_bytes_memory": 10 * 60_000}
    documents.put("/size", {"size": {"splits": [part]}, "pending": [], "failed": []})
    documents.put("/rows", {"error": "Scan size limit exceeded"}, status=501)

    assert make_hub(documents.url).dataset("a/d", None, None).rows == ({"text": "one", "messages": []},)


def test_several_configurations_are_a_question(hub: HfHub) -> None:
    with pytest.raises(Unclear) as question:
        hub.dataset("tunesmith-lab/tiny-subsets", None, None)

    assert question.value.problem == "Dataset tunesmith-lab/tiny-subsets has 2 configurations; which one?"
    assert (question.value.field, question.value.choices) == ("dataset_config", ("french", "german"))
    assert hub.dataset("tunesmith-lab/tiny-subsets", "german", None).config == "german"


def test_a_gated_dataset_without_access_says_where_to_request_it(hub: HfHub, local: LocalHub) -> None:
    with pytest.raises(HubRefusal) as refusal:
        hub.dataset("tunesmith-lab/locked-data", None, None)

    assert refusal.value.fix.startswith(f"Open {local.url}/datasets/tunesmith-lab/locked-data with the account")


def test_an_unknown_dataset_suggests_near_names(hub: HfHub) -> None:
    with pytest.raises(HubRefusal) as refusal:
        hub.dataset("tunesmith-lab/tiny-cha", None, None)

    assert refusal.value.fix == "Did you mean tunesmith-lab/tiny-chat?"


def test_without_a_viewer_a_child_process_reads_the_first_rows(local: LocalHub) -> None:
    hub = make_hub(local.url, viewer_url=f"{local.url}/no-viewer")

    dataset = hub.dataset("tunesmith-lab/tiny-math", None, None)

    assert dataset.splits == {"train": None, "test": None}
    assert list(dataset.features) == ["question", "answer"]
    assert dataset.rows[1] == {"question": "Add 6 and 9.", "answer": "6 + 9 = 15\n#### 15"}


def test_the_child_process_reads_no_pictures_and_still_names_their_column(local: LocalHub) -> None:
    hub = make_hub(local.url, viewer_url=f"{local.url}/no-viewer")

    dataset = hub.dataset("tunesmith-lab/tiny-images", None, None)

    assert dataset.features["image"]["_type"] == "Image"
    assert dataset.rows == ()


def test_a_dataset_that_is_a_script_says_so_and_what_to_look_for(local: LocalHub) -> None:
    local.api().create_repo("tunesmith-lab/scripted", repo_type="dataset")
    local.api().upload_file(
        path_or_fileobj=b"# rows", path_in_repo="scripted.py", repo_id="tunesmith-lab/scripted", repo_type="dataset"
    )
    hub = make_hub(local.url, viewer_url=f"{local.url}/no-viewer")

    with pytest.raises(UserError, match="is a Python script that builds its rows; such scripts are not run any more"):
        hub.dataset("tunesmith-lab/scripted", None, None)


@pytest.mark.parametrize(
    ("splits", "named", "chosen"),
    [
        (["test", "train"], None, "train"),
        (["train_sft", "test_sft"], None, "train_sft"),
        (["all"], None, "all"),
        (["train", "test"], "test", "test"),
        (["train_1M", "train_2M"], "TRAIN_1m", "train_1M"),
    ],
)
def test_the_split_to_train_on(splits: list[str], named: str | None, chosen: str) -> None:
    assert choose_split("a/d", splits, named) == chosen


def test_a_split_that_is_not_clear_is_a_question_with_the_likely_ones_first() -> None:
    with pytest.raises(Unclear) as question:
        choose_split("a/d", ["test_sft", "train_sft", "train_gen"], None)

    assert question.value.choices == ("train_sft", "train_gen", "test_sft")
    with pytest.raises(Unclear):
        choose_split("a/d", ["train_math", "train_code"], None, Method.DPO)
    with pytest.raises(UserError, match="It has test, dev: name one of them"):
        choose_split("a/d", ["test", "dev"], "train")


@pytest.mark.parametrize(
    ("method", "split"),
    [(Method.SFT, "train_sft"), *((each, "train_prefs") for each in (Method.DPO, Method.KTO, Method.REWARD))],
)
def test_a_named_method_takes_the_split_that_is_made_for_it(method: Method, split: str) -> None:
    assert choose_split("a/d", ["train_sft", "train_prefs", "test_prefs", "train_gen"], None, method) == split


def test_the_rows_of_that_split_are_read(documents: Documents) -> None:
    put_dataset(documents)
    parts = [{"config": "default", "split": name, "num_rows": 2} for name in ("train_sft", "train_prefs")]
    documents.put("/size", {"size": {"splits": parts}})
    hub = make_hub(documents.url)

    assert hub.dataset("a/d", None, None, Method.DPO).rows_split == "train_prefs"
    with pytest.raises(Unclear, match="no split named “train”"):
        hub.dataset("a/d", None, None)


def test_many_configurations_are_listed_up_to_ten() -> None:
    with pytest.raises(Unclear, match=r"c0, .*, c9 and 2 more\.") as question:
        choose_config("a/d", [f"c{n}" for n in range(12)], None)

    assert len(question.value.choices) == 10


@pytest.mark.parametrize(
    ("configs", "named", "chosen"),
    [
        (["en"], None, "en"),
        (["raw", "default"], None, "default"),
        (["main", "socratic"], None, "main"),
        (["main", "socratic"], "Socratic", "socratic"),
    ],
)
def test_the_configuration_to_train_on(configs: list[str], named: str | None, chosen: str) -> None:
    assert choose_config("a/d", configs, named) == chosen


def test_a_configuration_that_is_not_clear_is_a_question_with_all_of_them_first() -> None:
    with pytest.raises(Unclear) as question:
        choose_config("a/d", ["algebra", "all", "physics"], None)

    assert question.value.choices == ("all", "algebra", "physics")
    with pytest.raises(UserError, match="has no configuration “history”"):
        choose_config("a/d", ["algebra", "all"], "history")


def test_a_plan_keeps_few_rows_and_never_none() -> None:
    assert len(few([{"text": "x"}] * 100)) == 50
    assert few([{"text": "x" * 300_000}, {"text": "y"}]) == ({"text": "x" * 300_000},)


def test_the_viewer_asking_to_wait_is_not_answered_with_a_download(documents: Documents) -> None:
    put_dataset(documents)
    documents.put("/size", {}, status=429, **{"Retry-After": "30"})

    with pytest.raises(Transient) as error:
        make_hub(documents.url).dataset("a/d", None, None)
    assert error.value.retry_after_s == 30
