"""What `tunesmith run` loads at its start, seen from a fresh process."""

import subprocess
import sys

from tests.bench import HEAVY


def test_the_bot_loads_no_trainer_and_no_dataframes():
    script = f"import bot.app, bot.cli, sys; print([name for name in {HEAVY!r} if name in sys.modules])"
    seen = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == "[]"


def test_help_is_quick_because_it_loads_nothing():
    script = (
        "import bot.cli, sys; print([m for m in ('slack_bolt', 'sqlalchemy', 'huggingface_hub') if m in sys.modules])"
    )
    seen = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == "[]"
