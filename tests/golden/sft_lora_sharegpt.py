# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "accelerate==1.15.0",
#     "datasets==5.2.0",
#     "huggingface_hub==2.4.0",
#     "peft==0.21.2",
#     "torch==2.13.0",
#     "transformers==5.23.0",
#     "trl==1.16.0",
# ]
# ///
"""Supervised fine-tuning with TRL's SFTTrainer: https://huggingface.co/docs/trl/sft_trainer

Written by Tunesmith from an approved plan. Run it with `uv run train.py` and HF_TOKEN in the environment.
"""

import json
import math
import os
import resource
import shutil
import signal
import sys
import textwrap
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from statistics import mean
from string import Template

import torch
from datasets import load_dataset
from huggingface_hub import HfApi, ModelCardData
from huggingface_hub.errors import HfHubHTTPError
from peft import LoraConfig
from transformers import AutoTokenizer, TrainerCallback
from trl import SFTConfig, SFTTrainer

MODEL, MODEL_COMMIT = "Qwen/Qwen3-0.6B", "c1899de289a04d12100db370d81485cdf75e47ca"
DATASET, DATASET_COMMIT = "tunesmith-lab/tiny-chat", "0f1e2d3c4b5a69788796a5b4c3d2e1f001122334"
OUTPUT, PRIVATE = "tunesmith-lab/qwen3-0.6b-tiny-chat-sft", True
#: Who pays for the job, and the seconds after which the Hub stops it.
NAMESPACE, TIMEOUT = "tunesmith-lab", 4500
#: When the job began, which run it belongs to, and which of several processes this is.
STARTED = float(os.environ.get("TUNESMITH_STARTED", time.time()))
RUN = os.environ.get("TUNESMITH_RUN", "")
RANK = int(os.environ.get("RANK", "0"))
#: Exit codes that say: stopped before the end, the checkpoint is saved; stepped aside for another job.
STOPPED, FENCED = 75, 76

api = HfApi()


#: Who speaks, in the words of datasets -> in the words of chat templates.
ROLES = {
    **dict.fromkeys(("human", "prompter", "instruction", "question", "client", "customer", "caller"), "user"),
    **dict.fromkeys(("patient", "student", "seeker"), "user"),
    **dict.fromkeys(("gpt", "chatgpt", "bot", "model", "bing", "bard", "chatbot", "ai", "answer"), "assistant"),
    **dict.fromkeys(("response", "output", "function_call", "tool_call", "agent", "operator"), "assistant"),
    **dict.fromkeys(("support", "supporter", "doctor", "tutor", "teacher", "expert", "therapist"), "assistant"),
    **dict.fromkeys(("counselor", "ai assistant", "language model", "character", "char"), "assistant"),
    **dict.fromkeys(("function", "function_response", "function response", "tool_response"), "tool"),
    **dict.fromkeys(("observation", "ipython"), "tool"),
    "developer": "system",
    **{
        f"{who}{gap}{mark}": role
        for who in ("user", "person", "speaker", "participant")
        for gap in ("", " ", "_")
        for mark, role in (("1", "user"), ("2", "assistant"), ("a", "user"), ("b", "assistant"))
    },
}
#: Keys that say of a turn whether a person speaks, and such that say whether the model does.
BY_USER = ("is_human", "is_user", "from_user", "is_from_user", "by_user")
BY_MODEL = ("is_bot", "is_ai", "is_assistant", "is_agent", "is_model", "from_bot")
#: Keys of who speaks in a turn, and of what is said.
SPEAKERS = ("role", "from", "speaker", "author", "sender")
SAID = ("content", "value", "text", "utterance", "message", "parts")


def at(value: object, *path: str | int) -> object:
    """What lies at the path; None where the path ends early."""
    for key in path:
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and isinstance(key, int) and key < len(value):
            value = value[key]
        else:
            return None
    return value


def written(value: object) -> str:
    """A value as text; the items of a list stand on lines of their own, and of a part of a message its text alone."""
    if isinstance(value, dict) and value.get("type") == "text":
        value = value.get("text")
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return "\n".join(line for line in map(written, value) if line)
    return "" if value is None else str(value)


def translated(turns: object, system: object = None) -> list[dict[str, str]] | None:
    """Messages of turns that name their speakers and texts in other words, such as {from, value}."""
    messages = [translated_turn(turn) for turn in turns] if isinstance(turns, list) else []
    if answers_as_system([message["role"] for message in messages]):
        messages = [{**turn, "role": turn["role"].replace("system", "assistant")} for turn in messages]
    return conversation(messages, system)


def answers_as_system(roles: list[str]) -> bool:
    """Whether a dialogue system, which task-oriented data calls the system, answers the user."""
    return "user" in roles and "assistant" not in roles and "system" in roles[roles.index("user") :]


def translated_turn(turn: object) -> dict[str, str]:
    """A message whose speaker and text may stand under other names."""
    who = speaker(turn).lower()
    text = next((said for key in SAID if (said := at(turn, key))), None)
    return {"role": ROLES.get(who, who), "content": written(text)}


def speaker(turn: object) -> str:
    """Who speaks in a turn, in the data's own word, or as a flag such as is_human says; "": nothing says it."""
    for user, key in [*((True, key) for key in BY_USER), *((False, key) for key in BY_MODEL)]:
        if isinstance(flag := at(turn, key), bool):
            return "user" if flag is user else "assistant"
    return next((str(said) for key in SPEAKERS if (said := at(turn, key)) not in (None, "")), "")


def conversation(messages: list[dict[str, str]], system: object = None) -> list[dict[str, str]] | None:
    """The messages up to the last answer, behind the system prompt; None where there is no answer."""
    while messages and (messages[-1]["role"] != "assistant" or not messages[-1]["content"].strip()):
        messages = messages[:-1]
    rules = written(system).strip()
    for prefix in ("SYSTEM:", "System:"):
        rules = rules.removeprefix(prefix).strip()
    if messages and rules and messages[0]["role"] != "system":
        return [{"role": "system", "content": rules}, *messages]
    return messages or None


def convert(row):
    """Makes of one row what the trainer takes."""
    return {
        "messages": translated(row["conversations"], row["system"]),
    }


def report(event, **values):
    """Print one line that Tunesmith reads from the job's log."""
    if RANK == 0:
        line = json.dumps({"ev": event, "t": round(time.time(), 3), **values})
        sys.stdout.write(f"@@TUNESMITH {line}\n")
        sys.stdout.flush()


def peak_memory():
    """The most memory that was used so far, in GiB: of this GPU, or of the machine where there is none."""
    if torch.cuda.is_available():
        allocated, reserved = torch.cuda.max_memory_allocated(), torch.cuda.max_memory_reserved()
        return {"gpu_allocated": round(allocated / 2**30, 3), "gpu_reserved": round(reserved / 2**30, 3)}
    return {"host": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 3)}


class Signals(TrainerCallback):
    """Reports steps, metrics and evaluations; stops the run when a number is no number."""

    def __init__(self):
        #: Kept with each checkpoint, so that a resumed run still knows how the base model did.
        self.measured = {"before": {}, "after": {}, "samples": []}
        self.speeds = []
        self.tokens = None

    def on_train_begin(self, args, state, control, **kwargs):
        report("begin", step=state.global_step, max_steps=state.max_steps, epochs=state.num_train_epochs)

    def on_step_begin(self, args, state, control, **kwargs):
        if self.tokens is None:
            self.tokens = (time.time(), state.num_input_tokens_seen)

    def on_log(self, args, state, control, logs=None, **kwargs):
        if "train_runtime" in logs or "eval_runtime" in logs:
            return
        numbers = {name: value for name, value in logs.items() if isinstance(value, int | float)}
        broken = [name for name, value in numbers.items() if math.isnan(value)]
        metrics = {name: value for name, value in numbers.items() if math.isfinite(value)}
        epoch = metrics.pop("epoch", state.epoch)
        speed = {}
        if "num_tokens" in metrics and self.tokens is not None:
            now, before = (time.time(), metrics["num_tokens"]), self.tokens
            speed = {"tokens_per_second": round((now[1] - before[1]) / max(now[0] - before[0], 1e-3), 1)}
            self.speeds.append(speed["tokens_per_second"])
            self.tokens = now
        report("log", step=state.global_step, epoch=epoch, metrics=metrics, memory_gib=peak_memory(), **speed)
        if broken:
            names = ", ".join(broken)
            report("warning", kind="nan", text=f"Not a number at step {state.global_step}: {names}.")
            sys.exit(f"Training stopped at step {state.global_step}: {names} became NaN, so the model is not usable.")
        if metrics.get("loss") == 0:
            report("warning", kind="zero_loss", text="The loss is exactly 0: most likely the rows teach nothing new.")

    def on_evaluate(self, args, state, control, metrics=None, **kwargs):
        # GRPO has None where no answer has a number, such as the spread of a single one
        known = {name: value for name, value in metrics.items() if isinstance(value, int | float)}
        numbers = {name: value for name, value in known.items() if math.isfinite(value)}
        if broken := [name for name, value in known.items() if math.isnan(value)]:
            text = f"Not a number in the evaluation at step {state.global_step}: {', '.join(broken)}."
            report("warning", kind="nan", text=text)
        self.measured["after" if state.global_step else "before"] = numbers
        report("evaluation", step=state.global_step, metrics=numbers)


def bytes_of(tensors):
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


class Checkpoints(TrainerCallback):
    """Pushes every checkpoint to the Hub, and stops the training while there is time to push the last one."""

    def __init__(self, trainer, signals):
        self.trainer, self.signals = trainer, signals
        #: Why the training stops before its end: "deadline", "signal", or None.
        self.stop = None
        #: Steps: the newest checkpoint on the disk, the one that is being pushed, the newest on the Hub.
        self.saved, self.pushing, self.pushed = 0, 0, 0
        self.pushes, self.push, self.hurry = ThreadPoolExecutor(1), None, threading.Event()
        #: Seconds that each of the last steps took, with the logs and saves between them.
        self.steps, self.step_ended = deque(maxlen=50), time.time()
        #: Bytes: what is trained, and its optimizer's state, which is there after the first step.
        self.weights = self.moments = 0
        #: Seconds of saving and pushing a byte: a guess until it is measured, then the slowest.
        self.pace, self.is_measured, self.saving_s = 1 / 100000000, False, 0.0
        signal.signal(signal.SIGTERM, self.on_signal)

    def on_signal(self, number, frame):
        self.stop = self.stop or "signal"

    def time_is_up(self, steps_left):
        """Whether the time limit does not allow to finish, nor one more step and a checkpoint after it."""
        steps = list(self.steps)[1:] or list(self.steps)  # the first one is slow: it warms up
        finishing, pushing = (steps_left - 1) * mean(steps) + max(steps), self.pace * self.weights
        stopping = self.pace * (self.weights + self.moments)
        left = seconds_left()
        if len(self.steps) == 1:  # how long the others take is not known yet
            return left <= 0 or stopping <= left < max(steps) + stopping
        # pushing may be half as fast as it was; the model goes without its optimizer
        if left >= finishing + 2 * pushing or left >= min(max(steps) + 2 * stopping, TIMEOUT / 2):
            return False
        return not finishing + pushing <= left < stopping  # too late to stop, and time enough to finish

    def on_step_begin(self, args, state, control, **kwargs):
        if not self.steps:
            self.step_ended = time.time()  # samples and a first evaluation are no step

    def on_step_end(self, args, state, control, optimizer=None, **kwargs):
        self.steps.append(time.time() - self.step_ended)
        self.step_ended = time.time()
        if not self.moments:
            self.weights = bytes_of(p for p in self.trainer.model.parameters() if p.requires_grad)
            kept = (value for states in optimizer.state.values() for value in states.values())
            self.moments = bytes_of(value for value in kept if torch.is_tensor(value))
        if state.global_step >= state.max_steps:
            self.stop, self.saved = None, 0  # complete: what is left is to push the model itself
            control.should_save = False
            return
        if self.stop is None and self.time_is_up(state.max_steps - state.global_step):
            self.stop = "deadline"
        if self.stop:
            control.should_save = control.should_training_stop = True
        if control.should_save:
            control.should_save = self.has_room()

    def has_room(self):
        """Whether the disk can take one more checkpoint; what is on the Hub already makes room for it."""
        if RANK != 0:
            return True
        needed = 1.1 * (self.weights + self.moments)  # and a little for the rest
        if shutil.disk_usage(".").free < needed:
            self.wait()
            if self.pushed == self.saved:
                shutil.rmtree("output", ignore_errors=True)
        free = shutil.disk_usage(".").free
        if free >= needed:
            return True
        kept = f"the one of step {self.pushed} is on the Hub" if self.pushed else "none is on the Hub yet"
        text = f"The disk is full: a checkpoint needs {needed / 1e6:,.1f} MB and {free / 1e6:,.1f} MB are free; {kept}."
        if free < 1.1 * self.weights and self.saved <= self.pushed:
            sys.exit(f"{text} There is no room for the trained model either.")
        report("warning", kind="disk_full", text=f"{text} The training goes on.")
        return False

    def on_save(self, args, state, control, **kwargs):
        if RANK != 0:
            return
        self.saved, self.saving_s = state.global_step, time.time() - self.step_ended
        measured = json.dumps(self.signals.measured, default=str)  # a row's turns may hold dates
        self.folder_of(self.saved).joinpath("measured.json").write_text(measured)
        self.tidy()
        if self.push is None or self.push.done():
            self.push = self.pushes.submit(self.keep_pushing)

    def folder_of(self, step):
        return Path("output", f"checkpoint-{step}")

    def tidy(self):
        """Keep the newest checkpoint on the disk, and the one that is being pushed."""
        for folder in Path("output").glob("checkpoint-*"):
            step = int(folder.name.removeprefix("checkpoint-"))
            if step < self.saved and step != self.pushing:
                shutil.rmtree(folder, ignore_errors=True)

    def keep_pushing(self):
        """Push the newest checkpoint beside the training; what fails is tried again, until somebody waits for it."""
        pause = 5
        while self.pushed < self.saved:
            try:
                self.upload()
            except Exception as error:  # noqa: BLE001 - the training goes on, and the next save tries again
                if is_refusal(error):
                    why = f"The Hub refuses the checkpoints ({error.response.status_code}): {error.server_message}."
                    report("warning", kind="push", text=f"{why} Unless that is mended, the trained model is lost, too.")
                    break
                text = f"The checkpoint of step {self.pushing} was not pushed: {error}"
                report("warning", kind="push", text=text)
                if self.hurry.wait(pause):
                    break
                pause = min(2 * pause, 60)
        self.pushing = 0
        self.tidy()

    def upload(self):
        """Push the newest checkpoint in one commit."""
        step, began = self.saved, time.time()
        self.pushing, saving_s = step, self.saving_s
        commit = api.upload_folder(
            repo_id=OUTPUT,
            folder_path=self.folder_of(step),
            path_in_repo="last-checkpoint",
            commit_message=f"Checkpoint of step {step}",
        )
        seconds = saving_s + time.time() - began
        pace = seconds / (self.weights + self.moments)
        self.pace, self.is_measured = max(pace, self.pace if self.is_measured else 0), True
        self.pushed = step
        report("save", step=step, commit=commit.oid, seconds=round(seconds, 1))

    def wait(self):
        """Let the push that runs come to its end; one that failed is not tried again."""
        if self.push is not None:
            self.hurry.set()
            self.push.result()
            self.hurry.clear()

    def leave(self):
        """End a run that stopped early, once its newest checkpoint is on the Hub."""
        step = self.trainer.state.global_step
        if RANK == 0:
            self.wait()
            try:
                if self.pushed < self.saved:
                    push_until_it_is_there(f"The checkpoint of step {self.saved}", self.upload)
            except Exception as error:  # noqa: BLE001 - how it ended is told all the same
                report("warning", kind="push", text=f"The checkpoint of step {self.saved} was not pushed: {error}")
            report("stopped", reason=self.stop, step=step, pushed=self.pushed == step)
        sys.exit(STOPPED)


def step_aside_for_an_older_job():
    """End at once if another job of this run began before this one: an uncertain start may have bought two."""
    job_id = os.environ.get("JOB_ID")
    if not RUN or not job_id:
        return
    try:
        mine = api.inspect_job(job_id=job_id, namespace=NAMESPACE)
        others = [job for job in api.list_jobs(labels={"run": RUN}, namespace=NAMESPACE) if job.id != job_id]
    except Exception as error:  # noqa: BLE001 - whatever it is, not knowing is no reason not to train
        text = f"The Hub could not be asked whether another job trains this already; this one goes on: {error}"
        report("warning", kind="fence", text=text)
        return
    for job in others:
        older = (job.created_at, job.id) < (mine.created_at, mine.id) and (job.labels or {}).get("run") == RUN
        if older and job.status.stage in ("SCHEDULING", "RUNNING", "COMPLETED"):
            report("fenced", by=job.id)
            sys.exit(FENCED)


def open_output():
    """Make the output repository, before anything is paid for that could not be kept."""
    api.create_repo(OUTPUT, private=PRIVATE, exist_ok=True)
    api.auth_check(OUTPUT, write=True)
    keep_private()


def keep_private():
    """Refuse to put a private model, or one that private data made, where everybody can read it."""
    if api.model_info(OUTPUT).private:
        return
    if PRIVATE or api.dataset_info(DATASET).private:
        sys.exit(f"{OUTPUT} is public, but what this run trains is meant to be private: nothing is pushed there.")


def seconds_left():
    """Until the job should be over: its time limit, less a minute (of a short one: a tenth) to end in order."""
    return STARTED + TIMEOUT - min(60, TIMEOUT / 10) - time.time()


def is_too_late_to_compare(signals):
    """Whether another evaluation, as long as the first one, would pass the time limit."""
    return seconds_left() <= signals.measured["before"].get("eval_runtime", 0)


def is_refusal(error):
    """Whether the Hub's answer will not change by asking again."""
    return isinstance(error, HfHubHTTPError) and error.response.status_code in (401, 402, 403, 404, 413, 422)


def is_weights(name):
    return name.endswith((".safetensors", ".safetensors.index.json")) or name == "adapter_config.json"


def push_until_it_is_there(what, push):
    """Try again until it is pushed, the Hub refuses for good, or the time limit allows no more; returns the commit."""
    pause = 5
    while True:
        try:
            return push()
        except Exception as error:
            if is_refusal(error) or time.time() + pause > STARTED + TIMEOUT:
                raise
            report("warning", kind="push", text=f"{what} was not pushed yet, trying again: {error}")
            time.sleep(pause)
            pause = min(2 * pause, 60)


def push_model(trainer, result, signals):
    """Push the trained model with its card, take the checkpoint away, and look whether the weights arrived."""
    folder = Path("model")
    if RANK == 0:
        shutil.rmtree("output", ignore_errors=True)  # checkpoints are of no use now, and the model needs room
    trainer.save_model(str(folder))
    if RANK != 0:
        return None
    card = folder / "README.md"
    try:
        card.write_text(write_card(trainer, result, signals), encoding="utf-8")
    except Exception as error:  # noqa: BLE001 - a card can be written later, a model that was lost cannot
        report("warning", kind="card", text=f"The model card could not be written: {error}")

    def push():
        keep_private()
        # what an earlier run left there must not be taken for this model; folders of somebody else's are left alone
        stale = [name for name in api.list_repo_files(OUTPUT) if "/" not in name and is_weights(name)]
        try:
            commit = api.upload_folder(
                repo_id=OUTPUT,
                folder_path=folder,
                ignore_patterns="training_args.bin",
                delete_patterns=["last-checkpoint/*", *stale],
                commit_message="Trained model",
            )
        except ValueError as error:
            if card.name in str(error):
                card.unlink(missing_ok=True)  # the Hub does not take the card, and the model matters more
            raise
        return commit.oid, api.list_repo_files(OUTPUT, revision=commit.oid)

    commit, files = push_until_it_is_there("The model", push)
    if not any(name.endswith(".safetensors") for name in files):
        sys.exit(f"The push to {OUTPUT} left no weights there: {files}")
    report("pushed", step=trainer.state.global_step, commit=commit)
    return forget_checkpoints(commit)


def forget_checkpoints(commit):
    """Take the checkpoints out of the history, where they would count as storage; returns the newest commit.

    https://huggingface.co/docs/hub/storage-limits. A history that holds anything else is left alone.
    """
    try:
        _, *older = [one.title for one in api.list_repo_commits(OUTPUT)]
        if all(title == "initial commit" or title.startswith("Checkpoint of step ") for title in older):
            api.super_squash_history(OUTPUT, commit_message="Trained model")
            return api.model_info(OUTPUT).sha
    except Exception as error:  # noqa: BLE001 - the model is on the Hub, and this only saves storage
        report("warning", kind="history", text=f"Old checkpoints still count in the storage of {OUTPUT}: {error}")
    return commit


def push_card(card):
    return api.upload_file(
        repo_id=OUTPUT,
        path_or_fileobj=card.encode(),
        path_in_repo="README.md",
        commit_message="Model card with measurements",
    ).oid


def say_how_it_went(trainer, result, signals, commit):
    """Print the summary: what was measured, and where the model is."""
    samples = [
        {"prompt": question_of(one["prompt"])[:300], "base": one["base"][:300], "tuned": one.get("tuned", "")[:300]}
        for one in signals.measured["samples"]
    ]
    report(
        "end",
        step=trainer.state.global_step,
        metrics={name: value for name, value in result.metrics.items() if math.isfinite(value)},
        before=signals.measured["before"],
        after=signals.measured["after"],
        samples=samples,
        runtime_s=result.metrics["train_runtime"],
        tokens_per_second=round(mean(signals.speeds), 1) if signals.speeds else None,
        memory_gib=peak_memory(),
        commit=commit,
        url=f"{api.endpoint}/{OUTPUT}",
    )


#: The model card. What begins with $ is filled in when it is known.
CARD = Template("""\
# $name

An adapter for [$model]($hub/$model), trained on [$dataset]($hub/datasets/$dataset) with $method.
Made by Tunesmith from an approved plan; every number below was measured in the run itself.

## What was asked

$request

## Before and after

$results

$samples

## How to use it

With transformers (and `pip install peft`):

```python
from transformers import pipeline

writer = pipeline("text-generation", model="$name")
print(writer([{"role": "user", "content": "Hello!"}], max_new_tokens=128)[0]["generated_text"][-1]["content"])
```

As a server with vLLM:

```bash
vllm serve $model --enable-lora --max-lora-rank 16 --lora-modules tuned=$name
```

Merged into one model that needs no adapter:

```python
from peft import AutoPeftModelForCausalLM

AutoPeftModelForCausalLM.from_pretrained("$name", dtype="auto").merge_and_unload().save_pretrained("merged")
```

## How it was made

| | |
|---|---|
| Base model | $model at commit `$model_commit` |
| Dataset | $dataset at commit `$dataset_commit`, $rows rows, packed |
| Method | $method, $precision |
| Hardware | $hardware |
| Time | $minutes minutes from the start of the job, $train_minutes of them training |
| Cost | $cost |
| Speed | $speed tokens a second |
| Peak memory | $memory |
| Plan | run `$run`, digest `$digest` |
| Versions | $versions |

### Settings

$settings
""")
#: What was asked for, in the words of whoever did.
REQUEST = "Qwen3-0.6B on tiny-chat, 2 epochs, under $5"
LICENSE = "apache-2.0"
#: The hardware, and what an hour of it costs in US dollars.
HARDWARE, PRICE = "Nvidia A10G - large", 1.5


#: The settings that the card lists, in TRL's names.
SETTINGS = (
    "num_train_epochs",
    "max_steps",
    "per_device_train_batch_size",
    "gradient_accumulation_steps",
    "learning_rate",
    "lr_scheduler_type",
    "warmup_steps",
    "weight_decay",
    "optim",
    "activation_checkpointing",
    "seed",
    "max_length",
    "packing",
)


def as_table(head, rows):
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    return "\n".join(lines + [f"| {' | '.join(map(str, row))} |" for row in rows])


def dollars(amount):
    return "under $0.01" if 0 < amount < 0.01 else f"${amount:.2f}"


def quoted(text):
    """A text as a Markdown block in which nothing has a meaning."""
    return textwrap.indent(text.strip() or "(nothing)", "    ", lambda line: True)


def question_of(prompt):
    """What is asked last; a turn may say nothing, or hold parts of their own."""
    said = (prompt if isinstance(prompt, str) else prompt[-1]["content"]) or ""
    return said if isinstance(said, str) else json.dumps(said, ensure_ascii=False, default=str)


def write_card(trainer, result, signals):
    """Fill in the model card with what is known by now."""
    measured, args = signals.measured, trainer.args
    before, after = measured["before"], measured["after"]
    hidden = ("runtime", "per_second", "num_tokens", "epoch")
    kept = [name for name in before if name in after and not name.endswith(hidden)]
    rows = [(name.removeprefix("eval_"), f"{before[name]:.4g}", f"{after[name]:.4g}") for name in kept]
    results = "No rows were held back to compare with."
    if rows:
        results = as_table(["on rows that were held back", "before", "after"], rows)
    samples = []
    for sample in measured["samples"]:
        samples += ["Asked:", quoted(question_of(sample["prompt"])), "Before:", quoted(sample["base"])]
        samples += ["After:", quoted(sample.get("tuned", ""))]
    plain = args.to_dict()
    chosen = {name: plain[name] for name in SETTINGS}
    lora = trainer.model.peft_config["default"]
    chosen |= {name: getattr(lora, name) for name in ("r", "lora_alpha", "lora_dropout")}
    minutes = (time.time() - STARTED) / 60
    metadata = ModelCardData(
        base_model=MODEL,
        datasets=[DATASET],
        library_name="peft",
        license=LICENSE,
        pipeline_tag="text-generation",
        tags=["tunesmith", "trl", "sft", "lora"],
    )
    body = CARD.substitute(
        name=OUTPUT,
        hub=api.endpoint,
        model=MODEL,
        model_commit=MODEL_COMMIT,
        dataset=DATASET,
        dataset_commit=DATASET_COMMIT,
        request=quoted(REQUEST),
        results=results,
        samples="\n\n".join(samples),
        rows=len(trainer.train_dataset),
        method="supervised fine-tuning (SFT), LoRA",
        precision="bf16",
        hardware=f"{HARDWARE}, {args.world_size} processes" if args.world_size > 1 else HARDWARE,
        minutes=f"{minutes:.1f}",
        train_minutes=f"{result.metrics['train_runtime'] / 60:.1f}",
        cost=f"{dollars(minutes / 60 * PRICE)} at {dollars(PRICE)} an hour",
        speed=f"{mean(signals.speeds):.0f}" if signals.speeds else "unknown",
        memory=", ".join(f"{size:.2f} GiB ({name.replace('_', ' ')})" for name, size in peak_memory().items()),
        run=RUN or "unknown",
        digest=os.environ.get("TUNESMITH_DIGEST", "unknown"),
        versions=", ".join(f"{name} {version(name)}" for name in ("trl", "transformers", "torch")),
        settings=as_table(["setting", "value"], [(f"`{name}`", f"`{value}`") for name, value in chosen.items()]),
    )
    return f"---\n{metadata.to_yaml()}\n---\n\n{body}"


def sample_prompts(rows, count=3):
    """The first questions of these rows, as the model is asked them: everything before the answer."""
    prompts = []
    for row in rows:
        if "messages" in row:
            prompt = row["messages"][:-1]
        elif "prompt" in row:
            prompt = row["prompt"]
        else:
            prompt = " ".join(row["text"].split()[:12])
        if prompt and len(str(prompt)) < 4000:
            prompts.append(prompt)
        if len(prompts) == count:
            break
    return prompts


@torch.no_grad()
def answers(model, tokenizer, prompts):
    """What the model says to each prompt: its likeliest words, 128 tokens at most."""
    if not prompts:
        return []
    are_texts = isinstance(prompts[0], str)
    texts = prompts
    if not are_texts:
        texts = [tokenizer.apply_chat_template(one, tokenize=False, add_generation_prompt=True) for one in prompts]
    inputs = tokenizer(texts, return_tensors="pt", padding=True, padding_side="left", add_special_tokens=are_texts)
    inputs = inputs.to(model.device)
    was_training = model.training
    model.eval()
    output = model.generate(**inputs, max_new_tokens=128, do_sample=False, pad_token_id=tokenizer.pad_token_id)
    model.train(was_training)
    said = output[:, inputs["input_ids"].shape[1] :]
    return [text.strip() for text in tokenizer.batch_decode(said, skip_special_tokens=True)]


if __name__ == "__main__":
    cuda = torch.cuda.is_available()
    if not cuda:
        report("warning", kind="no_gpu", text="The plan rents a GPU but none is visible here: this trains on the CPU.")
    if RANK == 0:
        step_aside_for_an_older_job()
        open_output()

    # Dataset
    dataset = load_dataset(DATASET, "default", split="train", revision=DATASET_COMMIT)
    rows = len(dataset)
    rows = min(rows, 5000)
    dataset = dataset.shuffle(seed=42).select(range(rows))
    empty = (None, "", [])
    dataset = dataset.filter(lambda row: all(value not in empty for value in convert(row).values()))
    dataset = dataset.map(convert, remove_columns=dataset.column_names)
    if len(dataset) == 0:
        report("warning", kind="no_rows", text="No rows are left after empty ones were dropped.")
        sys.exit("No rows are left to train on: every row lacks something that is needed.")
    spared = min(100, max(1, len(dataset) // 2))  # rows without use have been left out
    train_rows, held_back = dataset.train_test_split(test_size=spared, seed=42).values()

    # Model
    tokenizer = AutoTokenizer.from_pretrained(MODEL, revision=MODEL_COMMIT)
    peft_config = LoraConfig(
        r=16,
        lora_alpha=32,
        lora_dropout=0.05,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )

    # Training
    training_args = SFTConfig(
        output_dir="output",
        model_init_kwargs={"revision": MODEL_COMMIT, "dtype": "bfloat16"},
        num_train_epochs=2.0,
        max_steps=-1,
        per_device_train_batch_size=4,
        gradient_accumulation_steps=4,
        learning_rate=2e-05,
        lr_scheduler_type="cosine",
        warmup_steps=0.03,  # below 1: a share of all steps
        weight_decay=0.0,
        optim="adamw_torch_fused",
        activation_checkpointing=True,
        seed=42,
        max_length=2048,
        packing=True,
        eval_packing=False,
        bf16=True,
        use_cpu=not cuda,
        eval_on_start=True,
        per_device_eval_batch_size=4,
        logging_steps=10,
        logging_nan_inf_filter=False,
        disable_tqdm=True,
        report_to="none",
        save_strategy="steps",
        save_steps=200,
    )
    trainer = SFTTrainer(
        model=MODEL,
        args=training_args,
        train_dataset=train_rows,
        eval_dataset=held_back,
        processing_class=tokenizer,
        peft_config=peft_config,
    )
    if len(trainer.train_dataset) == 0:
        report("warning", kind="no_valid_rows", text="None of the rows is fit to be trained on.")
        sys.exit("No rows are left to train on: tokenizing dropped them all.")
    signals = Signals()
    checkpoints = Checkpoints(trainer, signals)
    trainer.add_callback(signals)
    trainer.add_callback(checkpoints)

    model = trainer.accelerator.unwrap_model(trainer.model)
    try:
        prompts = sample_prompts(held_back)
        pairs = zip(prompts, answers(model, tokenizer, prompts), strict=True)
        signals.measured["samples"] = [{"prompt": prompt, "base": answer} for prompt, answer in pairs]
    except Exception as error:  # noqa: BLE001 - examples are no reason not to train
        report("warning", kind="samples", text=f"The base model could not be asked for examples: {error}")
    try:
        result = trainer.train()
    finally:
        checkpoints.hurry.set()  # whatever ended it, a push that fails now is not tried for ever
    if trainer.state.global_step < trainer.state.max_steps:
        checkpoints.leave()

    # Push first, then measure, then say how it went
    checkpoints.wait()
    commit = push_model(trainer, result, signals)
    time_is_up = is_too_late_to_compare(signals)
    if time_is_up:
        text = "There was no time left to compare the trained model with the base model; it is pushed all the same."
        report("warning", kind="no_time", text=text)
    else:
        try:
            trainer.evaluate()
            asked = signals.measured["samples"]
            given = answers(model, tokenizer, [sample["prompt"] for sample in asked])
            for sample, answer in zip(asked, given, strict=True):
                sample["tuned"] = answer
            if RANK == 0:
                commit = push_card(write_card(trainer, result, signals))
        except Exception as error:  # noqa: BLE001 - the model is on the Hub, whatever happens to its comparison
            report("warning", kind="measure", text=f"The model is pushed, but could not be compared: {error}")
    if RANK == 0:
        say_how_it_went(trainer, result, signals, commit)
    trainer.end()
