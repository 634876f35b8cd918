"""The house rules that no linter knows; `make lint` runs `python -m tests.house`.

No Python file over 400 lines, no Mock of our own code, no shelf for odds and ends.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
MAX_LINES = 400
_MOCKS = re.compile(
    r"^\s*(from unittest(\.mock)? import .*\b(mock|Mock|MagicMock|patch)\b|import unittest\.mock)", re.M
)
_SHELVES = {"utils", "helpers", "base", "manager", "common"}


def complaints(root: Path) -> list[str]:
    """List what breaks a rule, one line each."""
    found = []
    for folder in ("bot", "handlers", "storage", "templates", "tests"):
        for path in sorted((root / folder).rglob("*.py")):
            if "golden" in path.parts:
                continue
            text = path.read_text(encoding="utf-8")
            name = path.relative_to(root)
            if (lines := text.count("\n")) > MAX_LINES:
                found.append(f"{name}: {lines} lines; split it by noun (at most {MAX_LINES})")
            if _MOCKS.search(text):
                found.append(f"{name}: mocks; use a small stateful fake of a seam (tests/fakes.py)")
            if path.stem in _SHELVES:
                found.append(f"{name}: a shelf for odds and ends; name it by its noun")
    return found


if __name__ == "__main__":
    problems = complaints(ROOT)
    print("\n".join(problems) or "house rules: kept")
    sys.exit(bool(problems))
