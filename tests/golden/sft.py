# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "accelerate==1.15.0",
#     "datasets==5.2.0",
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
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from statistics import mean
from string import Template

import torch
from datasets import load_dataset
from huggingface_hub import HfApi, ModelCardData
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
        numbers = {name: value for name, value in metrics.items() if math.isfinite(value)}
        if broken := [name for name, value in metrics.items() if math.isnan(value)]:
            text = f"Not a number in the evaluation at step {state.global_step}: {', '.join(broken)}."
            report("warning", kind="nan", text=text)
        self.measured["after" if state.global_step else "before"] = numbers
        report("evaluation", step=state.global_step, metrics=numbers)


class Checkpoints(TrainerCallback):
    """Pushes every checkpoint to the Hub, and stops the training while there is time to push the last one."""

    def __init__(self, trainer, signals):
        self.trainer, self.signals = trainer, signals
        #: Why the training stops before its end: "deadline", "signal", or None.
        self.stop = None
        self.pushes, self.push = ThreadPoolExecutor(1), None
        self.step_began = self.step_ended = time.time()
        #: Seconds; saving and pushing is guessed until it is measured: weights and two moments, 100 MB a second.
        trained = sum(p.numel() * p.element_size() for p in trainer.model.parameters() if p.requires_grad)
        self.longest_step, self.longest_save, self.is_measured = 0.0, 3 * trained / 100e6, False
        signal.signal(signal.SIGTERM, self.on_signal)

    def on_signal(self, number, frame):
        self.stop = self.stop or "signal"

    def time_is_up(self):
        """Whether the Hub's time limit leaves just enough for one more step, saving and pushing."""
        reserve = min(60, TIMEOUT / 10) + self.longest_step + 2 * self.longest_save
        return time.time() > STARTED + TIMEOUT - min(reserve, TIMEOUT / 2)

    def on_step_begin(self, args, state, control, **kwargs):
        self.step_began = time.time()

    def on_step_end(self, args, state, control, **kwargs):
        self.step_ended = time.time()
        self.longest_step = max(self.longest_step, self.step_ended - self.step_began)
        if state.global_step >= state.max_steps:
            self.stop = None  # the training is complete: what is left is to push it
            return
        if self.stop is None and self.time_is_up():
            self.stop = "deadline"
        if self.stop:
            control.should_save = control.should_training_stop = True

    def on_save(self, args, state, control, **kwargs):
        if RANK != 0 or state.global_step >= state.max_steps:
            return  # at the end the model itself is pushed
        if self.stop:
            self.wait()
        elif self.push is not None and not self.push.done():
            return  # an older push is still running; this checkpoint stays on the disk
        folder = Path(args.output_dir, f"checkpoint-{state.global_step}")
        (folder / "measured.json").write_text(json.dumps(self.signals.measured))
        self.push = self.pushes.submit(self.upload, folder, saved_s=time.time() - self.step_ended)

    def upload(self, folder, saved_s):
        """Push one checkpoint in one commit; returns whether it arrived."""
        step, began = int(folder.name.removeprefix("checkpoint-")), time.time()
        try:
            commit = api.upload_folder(
                repo_id=OUTPUT,
                folder_path=folder,
                path_in_repo="last-checkpoint",
                commit_message=f"Checkpoint of step {step}",
            )
        except Exception as error:  # noqa: BLE001 - the training goes on, and the next save tries again
            report("warning", kind="push", text=f"The checkpoint of step {step} was not pushed: {error}")
            return False
        seconds = saved_s + time.time() - began
        self.longest_save = max(self.longest_save if self.is_measured else 0, seconds)
        self.is_measured = True
        report("save", step=step, commit=commit.oid, seconds=round(seconds, 1))
        for older in folder.parent.glob("checkpoint-*"):
            if int(older.name.removeprefix("checkpoint-")) < step:
                shutil.rmtree(older, ignore_errors=True)
        return True

    def wait(self):
        """Let the push that runs come to its end."""
        if self.push is not None:
            self.push.result()

    def leave(self):
        """End a run that stopped early, once its checkpoint is on the Hub."""
        step = self.trainer.state.global_step
        if RANK == 0:
            arrived = self.push.result() or self.upload(Path("output", f"checkpoint-{step}"), saved_s=0)
            report("stopped", reason=self.stop, step=step, pushed=arrived)
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


def push_model(trainer, card):
    """Push the trained model with its card, take the checkpoint away, and look whether the weights arrived."""
    folder = Path("model")
    trainer.save_model(str(folder))
    if RANK != 0:
        return None
    (folder / "README.md").write_text(card, encoding="utf-8")
    # what an earlier run left there must not be taken for this model
    stale = ["last-checkpoint/*", "*.safetensors", "*.safetensors.index.json", "adapter_config.json"]
    for pause in (10, 60, None):
        try:
            keep_private()
            commit = api.upload_folder(
                repo_id=OUTPUT,
                folder_path=folder,
                ignore_patterns="training_args.bin",
                delete_patterns=stale,
                commit_message="Trained model",
            )
            files = api.list_repo_files(OUTPUT, revision=commit.oid)
            break
        except Exception as error:
            if pause is None:
                raise
            report("warning", kind="push", text=f"The model was not pushed yet, trying again: {error}")
            time.sleep(pause)
    if not any(name.endswith(".safetensors") for name in files):
        sys.exit(f"The push to {OUTPUT} left no weights there: {files}")
    return commit


def push_card(card):
    return api.upload_file(
        repo_id=OUTPUT,
        path_or_fileobj=card.encode(),
        path_in_repo="README.md",
        commit_message="Model card with measurements",
    )


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
        commit=commit.oid,
        url=str(commit.repo_url),
    )


#: The model card. What begins with $ is filled in when it is known.
CARD = Template("""\
# $name

[$model]($hub/$model), fine-tuned on [$dataset]($hub/datasets/$dataset) with $method.
Made by Tunesmith from an approved plan; every number below was measured in the run itself.

## What was asked

$request

## Before and after

$results

$samples

## How to use it

With transformers:

```python
from transformers import pipeline

writer = pipeline("text-generation", model="$name")
print(writer([{"role": "user", "content": "Hello!"}], max_new_tokens=128)[0]["generated_text"][-1]["content"])
```

As a server with vLLM:

```bash
vllm serve $name
```

## How it was made

| | |
|---|---|
| Base model | $model at commit `$model_commit` |
| Dataset | $dataset at commit `$dataset_commit`, $rows rows |
| Method | $method, $precision |
| Hardware | $hardware |
| Time | $minutes minutes from the start of the job, $train_minutes of them training |
| Cost | about $$$cost |
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


def quoted(text):
    """A text as a Markdown block in which nothing has a meaning."""
    return textwrap.indent(text.strip() or "(nothing)", "    ", lambda line: True)


def question_of(prompt):
    return prompt if isinstance(prompt, str) else prompt[-1]["content"]


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
    minutes = (time.time() - STARTED) / 60
    metadata = ModelCardData(
        base_model=MODEL,
        datasets=[DATASET],
        library_name="transformers",
        license=LICENSE,
        pipeline_tag="text-generation",
        tags=["tunesmith", "trl", "sft"],
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
        method="supervised fine-tuning (SFT), all weights",
        precision="bf16",
        hardware=f"{HARDWARE}, {args.world_size} processes" if args.world_size > 1 else HARDWARE,
        minutes=f"{minutes:.1f}",
        train_minutes=f"{result.metrics['train_runtime'] / 60:.1f}",
        cost=f"{minutes / 60 * PRICE:.2f} at ${PRICE:g} an hour",
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
    empty = (None, "", [])
    dataset = dataset.select_columns(["messages"])
    dataset = dataset.filter(lambda row: all(value not in empty for value in row.values()))
    if len(dataset) == 0:
        report("warning", kind="no_rows", text="No rows are left after empty ones were dropped.")
        sys.exit("No rows are left to train on: every row lacks something that is needed.")
    spared = min(128, max(1, len(dataset) // 2))  # rows without use have been left out
    train_rows, held_back = dataset.train_test_split(test_size=spared, seed=42).values()

    # Model
    tokenizer = AutoTokenizer.from_pretrained(MODEL, revision=MODEL_COMMIT)

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
        packing=False,
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
    )
    if len(trainer.train_dataset) == 0:
        report("warning", kind="no_valid_rows", text="None of the rows is fit to be trained on.")
        sys.exit("No rows are left to train on: tokenizing dropped them all.")
    signals = Signals()
    checkpoints = Checkpoints(trainer, signals)
    trainer.add_callback(signals)
    trainer.add_callback(checkpoints)

    model = trainer.accelerator.unwrap_model(trainer.model)
    prompts = sample_prompts(held_back)
    pairs = zip(prompts, answers(model, tokenizer, prompts), strict=True)
    signals.measured["samples"] = [{"prompt": prompt, "base": answer} for prompt, answer in pairs]
    result = trainer.train()
    if trainer.state.global_step < trainer.state.max_steps:
        checkpoints.leave()

    # Push first, then measure, then say how it went
    checkpoints.wait()
    commit = push_model(trainer, write_card(trainer, result, signals))
    time_is_up = checkpoints.time_is_up()
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
