"""Find and read manifest.yml, the Slack app as the workspace installs it."""

from pathlib import Path
from typing import Any

import yaml


def read_manifest() -> dict[str, Any]:
    """Read the manifest: beside this module when installed, at the top of the tree in a checkout."""
    here = Path(__file__).parent
    path = next(path for path in (here / "manifest.yml", here.parent / "manifest.yml") if path.exists())
    manifest: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return manifest
