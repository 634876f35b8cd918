"""Words to a repository: one clear winner, or nobody."""

import pytest

from bot.intake import resolve
from bot.intake.names import alike, stems

LLAMAS = [
    "meta-llama/Llama-3.2-1B",
    "meta-llama/Llama-3.2-1B-Instruct",
    "unsloth/Llama-3.2-1B",
    "bartowski/Llama-3.2-1B-GGUF",
]
QWENS = ["unsloth/Qwen3-0.6B", "Qwen/Qwen3-0.6B", "Qwen/Qwen3-0.6B-Base", "Qwen/Qwen3-0.6B-GPTQ-Int8"]

CASES: list[tuple[str, str, list[str], str | None]] = [
    ("case, blanks and hyphens do not matter", "llama 3.2 1b", LLAMAS, "meta-llama/Llama-3.2-1B"),
    ("the variant that was named is taken", "Llama 3.2 1B instruct", LLAMAS, "meta-llama/Llama-3.2-1B-Instruct"),
    ("the original goes before a re-upload", "qwen3-0.6b", QWENS, "Qwen/Qwen3-0.6B"),
    ("a family alone is no winner", "llama", LLAMAS, None),
    ("a size that is not there is not replaced", "qwen3-1.7b", QWENS, None),
    ("a full id is only itself", "acme/x", ["acme/x-v2", "acme/x"], "acme/x"),
    ("another owner's repository is another", "acme/x", ["other/x"], None),
    ("a full id in other letters", "qwen/qwen3-0.6b", QWENS, "Qwen/Qwen3-0.6B"),
    ("a dataset that was cleaned is another dataset", "alpaca", ["yahma/alpaca-cleaned"], None),
    ("a dataset's home is known", "alpaca", ["someone/alpaca", "tatsu-lab/alpaca"], "tatsu-lab/alpaca"),
    ("a short name with one owner", "codeforces-cots", ["open-r1/codeforces-cots", "x/codeforces"],
     "open-r1/codeforces-cots"),
    ("two owners of an unknown name are no winner", "kestrel", ["a/kestrel", "b/kestrel"], None),
    ("the word dataset is no part of the name", "the gsm8k dataset", ["openai/gsm8k"], "openai/gsm8k"),
    ("no candidates", "anything", [], None),
    ("no words", "  ", ["a/b"], None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "candidates", "winner"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_resolved(words: str, candidates: list[str], winner: str | None) -> None:
    assert resolve(words, candidates) == winner


def test_a_name_that_nothing_has_is_searched_for_by_less_of_it_and_the_likest_come_first():
    assert stems("tiny-qwen4") == ["tiny-qwen", "tiny", "tiny-q", "qwen"]
    found = ["acme/qwen-something-else-entirely", "tunesmith-lab/tiny-qwen3", "Qwen/Qwen3-0.6B"]
    assert alike("tiny-qwen4", found)[0] == "tunesmith-lab/tiny-qwen3"
    assert "acme/qwen-something-else-entirely" not in alike("tiny-qwen4", found)
