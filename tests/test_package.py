"""What is shipped: the wheel with everything in it, and the image's recipe."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(folder),
        str(ROOT),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_code_templates_page_fixtures_and_manifest(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for name in (
        "bot/manifest.yml",
        "bot/playground/page/app.js",
        "bot/playground/fixtures/models/tiny-qwen3/model.safetensors",
        "bot/playground/fixtures/datasets/tiny-chat/train.jsonl",
        "templates/scripts/base.py.j2",
        "storage/migrations/env.py",
        "handlers/views/thread.py",
    ):
        assert name in names
    assert not [name for name in names if name.startswith("tests/")]


def test_the_unpacked_wheel_runs_without_the_tree(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path)
    script = (
        "import bot, pathlib; assert pathlib.Path(bot.__file__).is_relative_to(pathlib.Path.cwd()), bot.__file__\n"
        "from bot.manifest import read_manifest; from storage.store import Store; import bot.training.render\n"
        "from bot.app import utc_now; s = Store('sqlite:///x.db', utc_now); s.migrate(); s.close()\n"
        "print(read_manifest()['features']['slash_commands'][0]['command'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, env={"PYTHONPATH": str(tmp_path)}
    )
    assert done.stdout.strip() == "/finetune", done.stderr


def test_the_fixtures_are_small():
    files = [path for path in (ROOT / "bot" / "playground" / "fixtures").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 1_000_000


def test_the_image_runs_as_nobody_special_and_says_whether_it_is_well():
    recipe = (ROOT / "Dockerfile").read_text()
    last_stage = recipe.rpartition("\nFROM ")[2]
    assert re.search(r"^USER (?!root|0)\w+", last_stage, re.MULTILINE)
    assert "HEALTHCHECK" in last_stage
    assert "/healthz" in last_stage
    assert "--require-hashes" in recipe
    assert "slim" in last_stage.splitlines()[0]
    assert not re.search(r"^ADD |xox[bp]-|hf_\w{10}", recipe, re.MULTILINE)


def test_everything_that_the_image_copies_is_there_and_reaches_the_build():
    recipe = (ROOT / "Dockerfile").read_text()
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copies = [line.split()[1:-1] for line in recipe.splitlines() if line.startswith("COPY ") and "--from" not in line]
    for name in (name.rstrip("/") for names in copies for name in names):
        assert (ROOT / name).exists(), name
        assert name in let_through
