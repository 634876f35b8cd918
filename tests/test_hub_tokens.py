"""Counting tokens with a model's own tokenizer, in a process of its own."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.hub import HfHub
from bot.hub_counting import TokenCounter
from bot.models import Passage
from bot.planning.samples import PLAIN_TEMPLATE
from tests.documents import Documents
from tests.local_hub import LocalHub

TOKENIZER = Path(__file__).parent.parent / "bot/playground/fixtures/models/tiny-qwen3/tokenizer.json"
#: Everything that published templates use beside messages.
TRICKY_TEMPLATE = """
{%- set ns = namespace(last=-1) -%}
{%- for message in messages %}
    {%- if loop.index0 > 90 %}{% break %}{% endif %}
    {%- set ns.last = loop.index0 %}
    {{- bos_token|default('') }}[{{ message['role']|upper }}] {{ message | tojson }}
    {% generation %}{{ message.content.strip().split('n')[-1] }}{% endgeneration %}
{% endfor %}
{%- if tools is not none and tools %}tools{% endif %}
{{- ns.last }}{{ '<think>' if add_generation_prompt else '' }}
"""
CHAT = Passage(messages=({"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Good morning."}))
LLAMA: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 2048, "num_attention_heads": 32,
    "num_hidden_layers": 16, "num_key_value_heads": 8, "vocab_size": 128_256, "intermediate_size": 8192,
}  # fmt: skip


@pytest.fixture
def documents() -> Iterator[Documents]:
    with Documents() as server:
        yield server


def make_hub(url: str) -> HfHub:
    return HfHub(endpoint=url, viewer_url=url, token="hf_playground", timeout_s=5.0)


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    with LocalHub(tmp_path_factory.mktemp("hub")) as hub:
        yield hub


@pytest.fixture
def hub(local: LocalHub) -> HfHub:
    return make_hub(local.url)


def put_model(documents: Documents, *, files: list[str], config: dict[str, Any] | None = None, **info: Any) -> None:
    documents.put(
        "/api/models/a/b", {"id": "a/b", "sha": "1" * 40, "siblings": [{"rfilename": f} for f in files], **info}
    )
    if config is not None:
        documents.put(f"/a/b/resolve/{'1' * 40}/config.json", config)


def test_tokens_are_counted_as_the_trainer_counts_them(hub: HfHub) -> None:
    model = hub.model("tunesmith-lab/tiny-qwen3")
    counted = hub.count(model, [CHAT, Passage(text="Good morning.")], template=model.chat_template, show=1)

    assert counted is not None
    assert counted.problem == ""
    assert counted.shown[0].startswith(
        "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\nGood morning.<|im_end|>"
    )
    assert len(counted.shown) == 1
    assert counted.lengths[0] > counted.lengths[1] > 1


@pytest.mark.train
def test_our_rendering_and_counting_are_those_of_transformers(hub: HfHub) -> None:
    from transformers import AutoTokenizer

    model = hub.model("tunesmith-lab/tiny-qwen3")
    tokenizer = AutoTokenizer.from_pretrained(TOKENIZER.parent)
    for template in (model.chat_template, PLAIN_TEMPLATE, TRICKY_TEMPLATE):
        passages = [CHAT, Passage(messages=CHAT.messages[:1], ask=True)]
        counted = hub.count(model, passages, template=template, show=2)
        assert counted is not None
        tokenizer.chat_template = template
        for passage, length, shown in zip(passages, counted.lengths, counted.shown, strict=True):
            how = {"conversation": list(passage.messages), "add_generation_prompt": passage.ask}
            assert shown == tokenizer.apply_chat_template(tokenize=False, **how)
            assert length == len(tokenizer.apply_chat_template(**how)["input_ids"])
    counted = hub.count(model, [Passage(text="Once upon a time.")], template=None, show=0)
    assert counted is not None
    assert counted.lengths == (len(tokenizer("Once upon a time.")["input_ids"]),)


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{ raise_exception('System role not supported') }}", "System role not supported"),
        ("{% for m in messages %}{{ m.nothing.at_all }}{% endfor %}", "'dict object' has no attribute 'nothing'"),
        ("{{ ''.__class__.__mro__ }}", "access to attribute '__class__' of 'str' object is unsafe."),
        ("{% if %}", "Expected an expression, got 'end of statement block'"),
    ],
)
def test_what_a_template_refuses_is_told_in_its_words(hub: HfHub, template: str, said: str) -> None:
    counted = hub.count(hub.model("tunesmith-lab/tiny-qwen3"), [CHAT], template=template, show=1)

    assert counted is not None
    assert counted.lengths == ()
    assert counted.problem == said


def test_a_template_that_never_ends_or_eats_all_memory_harms_nobody(hub: HfHub) -> None:
    model = hub.model("tunesmith-lab/tiny-qwen3")
    counter = TokenCounter(timeout_s=2.0)
    counter.learn(model.repo_id, model.sha, TOKENIZER.read_bytes)
    endless = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"

    assert counter.count(model, [CHAT], template=endless, show=0) is None
    hungry = counter.count(model, [CHAT], template="{{ ('x' * 99999999999)|length }}", show=0)
    assert hungry is None or hungry.problem == "MemoryError"
    assert counter.count(model, [CHAT], template=model.chat_template, show=0) is not None


def test_without_a_tokenizer_nothing_is_counted(documents: Documents) -> None:
    put_model(documents, files=["model.safetensors", "config.json"], config=LLAMA,
              safetensors={"parameters": {"BF16": 10}})  # fmt: skip
    hub = make_hub(documents.url)

    assert hub.count(hub.model("a/b"), [Passage(text="Hi")], template=None, show=0) is None


def test_a_tokenizer_may_lie_elsewhere_and_the_token_stays_at_home(documents: Documents) -> None:
    put_model(documents, files=["model.safetensors", "config.json", "tokenizer.json"], config=LLAMA,
              safetensors={"parameters": {"BF16": 10}})  # fmt: skip
    with Documents() as elsewhere:
        elsewhere.put("/big/file", TOKENIZER.read_bytes())
        address = f"/a/b/resolve/{'1' * 40}/tokenizer.json"
        documents.put(address, {}, status=302, Location=f"{elsewhere.url}/big/file")
        hub = make_hub(documents.url)
        counted = hub.count(hub.model("a/b"), [Passage(text="Hi")], template=None, show=0)
        hub.model("a/b")

        assert counted is not None
        assert elsewhere.tokens == [None]
        assert documents.asked.count(address) == 1


def test_the_library_that_counts_here_is_the_one_that_counts_in_the_job() -> None:
    locks = [Path(__file__).parent.parent / f"requirements{kind}.lock" for kind in ("", "-train")]
    pinned = {re.search(r"(?m)^tokenizers==\S+", lock.read_text())[0] for lock in locks}  # type: ignore[index]  # both have it

    assert len(pinned) == 1
