"""Stands in for the Python of a playground's job: reads the real script's settings and ends as it is told, in seconds.

Started as `pretend_training.py BEHAVIOUR train.py`; BEHAVIOUR is a file with one word a line, of which each job takes
the first: "oom", "deadline", "nan", "hang" or "ok". It prints what the real script would, pushes real commits to the
local Hub, and an "oom" raises PyTorch's real words. A script that goes on from a checkpoint insists on finding it.
"""

import json
import os
import re
import sys
import time
from pathlib import Path

from huggingface_hub import HfApi, hf_hub_download

STEPS, STOPPED = 40, 75
_REAL_OOM = (
    "CUDA out of memory. Tried to allocate 2.32 GiB. GPU 0 has a total capacity of 14.58 GiB of which 1.06 GiB is free."
    " Including non-PyTorch memory, this process has 13.51 GiB memory in use. Of the allocated memory 12.90 GiB"
    " is allocated by PyTorch, and 475.50 MiB is reserved by PyTorch but unallocated. If reserved but unallocated"
    " memory is large try setting PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True to avoid fragmentation."
)


def tell(event: str, **values: object) -> None:
    print("@@TUNESMITH", json.dumps({"ev": event, "t": time.time(), **values}), flush=True)


def push(repo: str, files: dict[str, str | bytes]) -> str:
    api = HfApi()
    api.create_repo(repo, exist_ok=True, private=True)
    folder = Path("pushed")
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return api.upload_folder(repo_id=repo, folder_path=folder, commit_message="pretended").oid


def constant(script: str, name: str) -> str:
    found = re.search(rf"^{name}, \w+ = ['\"]([^'\"]+)['\"], ", script, re.MULTILINE)
    assert found, name
    return found[1]


def train(script: str, behaviour: str) -> None:
    output, first = constant(script, "OUTPUT"), 0
    if resumed := re.search(r"^RESUME_COMMIT, RESUME_STEP = ['\"](\w+)['\"], (\d+)", script, re.MULTILINE):
        state = hf_hub_download(output, "last-checkpoint/trainer_state.json", revision=resumed[1])
        first = json.loads(Path(state).read_text())["global_step"]
        assert first == int(resumed[2])
    tell("begin", step=first, max_steps=STEPS)
    for step in range(first + 1, STEPS + 1):
        if behaviour == "oom":
            raise type("OutOfMemoryError", (RuntimeError,), {"__module__": "torch"})(_REAL_OOM)
        loss = 3.0 - 0.05 * step
        tell("log", step=step, max_steps=STEPS, metrics={"loss": loss, "epoch": step / STEPS})
        if behaviour == "nan" and step == 10:
            tell("warning", kind="nan", text="The loss became NaN in step 10: the model is most likely of no use.")
            raise SystemExit("The loss became NaN in step 10.")
        if behaviour == "deadline" and step == 20:
            state: dict[str, str | bytes] = {"last-checkpoint/trainer_state.json": json.dumps({"global_step": step})}
            tell("save", step=step, commit=push(output, state))
            tell("stopped", reason="deadline", step=step, pushed=True)
            raise SystemExit(STOPPED)
        while behaviour == "hang":
            time.sleep(0.1)
    commit = push(output, trained(script))
    tell("end", step=STEPS, commit=commit, metrics={"train_loss": 1.5}, before={"eval_loss": 3.0},
         after={"eval_loss": 1.1}, samples=[{"prompt": "2 + 2?", "base": "5", "tuned": "4"}])  # fmt: skip


def trained(script: str) -> dict[str, str | bytes]:
    """What is pushed in the end: the base model's own weights, or an adapter of nothing."""
    base = constant(script, "MODEL")
    if "LoraConfig" in script:
        adapter = json.dumps({"base_model_name_or_path": base})
        return {"adapter_config.json": adapter, "adapter_model.safetensors": b"weights", "tokenizer_config.json": "{}"}
    weights = Path(hf_hub_download(base, "model.safetensors")).read_bytes()
    return {"config.json": "{}", "model.safetensors": weights, "tokenizer_config.json": "{}"}


if __name__ == "__main__":
    plan = Path(sys.argv[1])
    words = plan.read_text().split()
    plan.write_text("\n".join(words[1:]))
    assert os.environ["HF_TOKEN"]
    train(Path(sys.argv[2]).read_text(), words[0] if words else "ok")
