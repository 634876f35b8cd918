"""HfHub against the local Hub, and against a server that answers what the local Hub never would."""

from collections.abc import Iterator
from typing import Any

import pytest

from bot.errors import HubRefusal, Transient, UserError
from bot.hub import HfHub
from tests.documents import Documents
from tests.local_hub import LocalHub


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    with LocalHub(tmp_path_factory.mktemp("hub")) as hub:
        yield hub


@pytest.fixture
def hub(local: LocalHub) -> HfHub:
    return make_hub(local.url)


def make_hub(url: str, **changes: Any) -> HfHub:
    return HfHub(**({"endpoint": url, "viewer_url": url, "token": "hf_playground", "timeout_s": 5.0} | changes))


@pytest.fixture
def documents() -> Iterator[Documents]:
    with Documents() as server:
        yield server


# --- models


def test_a_model_is_read_from_its_safetensors_metadata_and_its_config(hub: HfHub) -> None:
    model = hub.model("tunesmith-lab/tiny-qwen3")

    assert model.model_dump(exclude={"sha", "chat_template"}) == {
        "repo_id": "tunesmith-lab/tiny-qwen3",
        "parameters": 96_640,
        "dtype": "bfloat16",
        "model_type": "qwen3",
        "layers": 2,
        "hidden_size": 64,
        "intermediate_size": 112,
        "heads": 4,
        "kv_heads": 2,
        "head_dim": 16,
        "vocab_size": 448,
        "tied_embeddings": True,
        "has_chat_template": True,
        "special_tokens": {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"},
        "weight_bytes": 193_280,
        "qk_norm": True,
        "experts": 0,
        "experts_per_token": 0,
        "expert_size": 0,
        "context_tokens": 512,
        "also_sees": False,
        "private": False,
        "gated": False,
        "license": "apache-2.0",
    }
    assert len(model.sha) == 40
    assert model.chat_template is not None
    assert model.chat_template.startswith("{%- for message in messages")
    assert not hub.model("tunesmith-lab/tiny-base").has_chat_template


def test_a_gated_model_without_access_says_where_to_request_it(hub: HfHub, local: LocalHub) -> None:
    with pytest.raises(HubRefusal) as refusal:
        hub.model("tunesmith-lab/locked-model")

    assert refusal.value.status == 403
    assert refusal.value.problem == (
        "The model tunesmith-lab/locked-model is gated, and the token of Tunesmith has no access to it."
    )
    assert refusal.value.fix == (
        f"Open {local.url}/tunesmith-lab/locked-model with the account of that token and request access there."
    )


def test_an_unknown_model_suggests_near_names(hub: HfHub) -> None:
    with pytest.raises(HubRefusal) as refusal:
        hub.model("tunesmith-lab/tiny-q")

    assert refusal.value.problem == (
        "There is no model tunesmith-lab/tiny-q on the Hub, or the token of Tunesmith may not see it."
    )
    assert refusal.value.fix == "Did you mean tunesmith-lab/tiny-qwen3?"


@pytest.mark.parametrize(
    "name",
    [
        "gpt2",
        "../etc/passwd",
        "/etc/passwd",
        "a/b/c",
        "https://x.y/z",
        "a b/c",
        "-x/y",
        "a/..",
        "",
        "csv",
        "a/b\n",
        "x/y.git",
    ],
)
def test_a_name_that_is_no_repo_id_never_reaches_the_hub(documents: Documents, name: str) -> None:
    hub = make_hub(documents.url)

    for ask in (hub.model, hub.repo_exists, hub.existing, hub.landed, lambda name: hub.dataset(name, None, None)):
        with pytest.raises(UserError, match=r"is not the name of an? (model|dataset|output) on the Hub"):
            ask(name)
    assert documents.asked == []


# --- wallets, repositories


def test_the_user_is_the_first_wallet_and_whoami_is_asked_once(documents: Documents) -> None:
    documents.put("/api/whoami-v2", {"name": "me", "orgs": [{"name": "acme"}]})
    hub = make_hub(documents.url)

    assert [hub.namespaces() for _ in range(3)] == [("me", "acme")] * 3
    assert documents.asked == ["/api/whoami-v2"]


def test_whoami_is_asked_again_after_ten_minutes(documents: Documents) -> None:
    documents.put("/api/whoami-v2", {"name": "me"})
    now = [0.0]
    hub = make_hub(documents.url, monotonic=lambda: now[0])
    hub.namespaces()
    now[0] = 601.0
    hub.namespaces()

    assert len(documents.asked) == 2


@pytest.mark.parametrize(
    ("token", "role", "missing"),
    [("hf_playground", "fineGrained", ()), ("hf_playground_readonly", "read", ("job.write", "repo.write"))],
)
def test_rights_that_the_token_lacks_are_named(
    local: LocalHub, token: str, role: str, missing: tuple[str, ...]
) -> None:
    rights = make_hub(local.url, token=token).rights()

    assert (rights.role, rights.missing) == (role, missing)


def test_what_landed_is_listed_with_sizes(hub: HfHub, local: LocalHub) -> None:
    landed = hub.landed("tunesmith-lab/tiny-qwen3")

    assert landed is not None
    assert landed.url == f"{local.url}/tunesmith-lab/tiny-qwen3"
    assert landed.files["config.json"] > 100
    assert landed.committed_at.tzinfo is not None
    assert landed.adapter_base is None
    assert hub.landed("tunesmith-lab/nothing") is None
    assert (hub.repo_exists("tunesmith-lab/tiny-qwen3"), hub.repo_exists("tunesmith-lab/nothing")) == (True, False)
    assert hub.existing("tunesmith-lab/tiny-q") == {"tunesmith-lab/tiny-qwen3": False}
    assert hub.existing("tunesmith-lab/nothing") == {}


def test_the_commits_since_one_are_told_by_their_titles(hub: HfHub) -> None:
    landed = hub.landed("tunesmith-lab/tiny-qwen3")
    assert landed is not None
    assert hub.newer_commits("tunesmith-lab/tiny-qwen3", landed.sha) == []
    assert hub.newer_commits("tunesmith-lab/tiny-qwen3", "0" * 40) == ["Upload the files"]


def test_the_right_to_write_is_asked_of_the_repository_itself(hub: HfHub, local: LocalHub) -> None:
    hub.check_write("tunesmith-lab/tiny-qwen3")
    with pytest.raises(HubRefusal, match=r"asking for the right to write tunesmith-lab/tiny-qwen3 \(403"):
        make_hub(local.url, token="hf_playground_readonly").check_write("tunesmith-lab/tiny-qwen3")


def test_an_adapter_that_landed_names_its_base(documents: Documents) -> None:
    files = [{"rfilename": "adapter_config.json", "size": 1}]
    documents.put("/api/models/a/b", {"sha": "4" * 40, "lastModified": "2026-11-24T09:00:00.000Z", "siblings": files})
    documents.put(f"/a/b/resolve/{'4' * 40}/adapter_config.json", {"base_model_name_or_path": "Qwen/Qwen3-0.6B"})

    landed = make_hub(documents.url).landed("a/b")

    assert landed is not None
    assert landed.adapter_base == "Qwen/Qwen3-0.6B"


def test_names_are_found_by_words(hub: HfHub) -> None:
    assert hub.search_models("qwen3") == ["tunesmith-lab/tiny-qwen3"]
    assert "tunesmith-lab/tiny-math" in hub.search_datasets("tiny")


# --- what goes wrong


def test_a_wrong_token_is_a_refusal_with_the_fix(local: LocalHub) -> None:
    with pytest.raises(HubRefusal) as refusal:
        make_hub(local.url, token="hf_wrong").namespaces()

    assert refusal.value.status == 401
    assert "HF_TOKEN" in refusal.value.fix


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_busy_hub_is_transient_and_asked_once(documents: Documents, status: int) -> None:
    documents.put("/api/models/a/b", {}, status=status, **{"Retry-After": "7"})

    with pytest.raises(Transient) as error:
        make_hub(documents.url).model("a/b")

    assert error.value.retry_after_s == 7
    assert documents.asked == ["/api/models/a/b"]


def test_a_silent_hub_is_transient_within_the_time_limit(local: LocalHub) -> None:
    local.fault(path="/api/models/", kind="hang", seconds=3)

    with pytest.raises(Transient, match="did not answer while looking up the model"):
        make_hub(local.url, timeout_s=0.2).model("tunesmith-lab/tiny-qwen3")


def test_an_answer_that_is_no_json_is_transient(documents: Documents) -> None:
    documents.put("/api/models/a/b", b"<html>Bad gateway</html>")

    with pytest.raises(Transient, match="could not be read"):
        make_hub(documents.url).model("a/b")


def test_a_redirect_to_another_host_is_not_followed(documents: Documents) -> None:
    with Documents() as elsewhere:
        elsewhere.put("/x", {})
        documents.put("/api/models/a/b", {}, status=302, Location=f"{elsewhere.url}/x")

        with pytest.raises(HubRefusal, match="The Hub sent us on to 127"):
            make_hub(documents.url).model("a/b")
        assert elsewhere.asked == []


def test_a_renamed_repository_is_followed_on_the_same_host(documents: Documents) -> None:
    documents.put("/api/models/old/name", {}, status=307, Location="/api/models/a/b?expand=sha")
    documents.put("/api/models/a/b", {"sha": "5" * 40})

    assert make_hub(documents.url).repo_exists("old/name")
    assert documents.tokens == ["Bearer hf_playground"] * 2


def test_a_document_beyond_the_size_limit_is_refused(documents: Documents) -> None:
    documents.put("/api/models/a/b", b'"' + b"x" * 6_000_000 + b'"')

    with pytest.raises(HubRefusal, match="larger than 5 MB") as refusal:
        make_hub(documents.url).model("a/b")
    assert refusal.value.status == 413
