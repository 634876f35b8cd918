"""What the playground's stand-in for `uv run` makes of its arguments."""

import sys
from pathlib import Path

import pytest

from bot.playground.uv_shim import command_of

PYTHON = sys.executable


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        ("train.py", [PYTHON, "train.py"]),
        ("train.py --with x", [PYTHON, "train.py", "--with", "x"]),
        ("--with trl --with peft -p 3.12 train.py", [PYTHON, "train.py"]),
        ("--with=trl --no-project --quiet -", [PYTHON, "-"]),
        ("--script train", [PYTHON, "train"]),
        ("-m trl.scripts.sft a", [PYTHON, "-m", "trl.scripts.sft", "a"]),
        ("-- python -c 1", [PYTHON, "-c", "1"]),
        ("pytest -q", [str(Path(PYTHON).with_name("pytest")), "-q"]),
    ],
)
def test_uv_run_starts_what_uv_would(arguments: str, command: list[str]) -> None:
    assert command_of(arguments.split(), PYTHON) == command


@pytest.mark.parametrize(
    ("arguments", "words"),
    [("", "provide a command or script"), ("--with", "a value is required"), ("no-such-tool", "failed to spawn")],
)
def test_uv_run_says_what_is_missing(arguments: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        command_of(arguments.split(), PYTHON)
