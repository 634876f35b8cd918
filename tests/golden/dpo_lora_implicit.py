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
"""Direct preference optimization with TRL's DPOTrainer: https://huggingface.co/docs/trl/dpo_trainer

Written by Tunesmith from an approved plan. Run it with `uv run train.py` and HF_TOKEN in the environment.
"""

import json
import math
import shutil
import sys
import time
from pathlib import Path

import torch
from datasets import load_dataset
from huggingface_hub import HfApi
from peft import LoraConfig
from transformers import AutoTokenizer, TrainerCallback
from trl import DPOConfig, DPOTrainer

MODEL, MODEL_COMMIT = "Qwen/Qwen3-0.6B", "c1899de289a04d12100db370d81485cdf75e47ca"
DATASET, DATASET_COMMIT = "tunesmith-lab/tiny-chat", "0f1e2d3c4b5a69788796a5b4c3d2e1f001122334"
OUTPUT = "tunesmith-lab/qwen3-0.6b-tiny-chat-sft"


def report(event, **values):
    """Print one line that Tunesmith reads from the job's log."""
    line = json.dumps({"ev": event, "t": round(time.time(), 3), **values})
    sys.stdout.write(f"@@TUNESMITH {line}\n")
    sys.stdout.flush()


class Progress(TrainerCallback):
    """Reports steps, metrics and pushed checkpoints; stops the run when a number is no number."""

    def __init__(self, trainer):
        self.trainer = trainer
        self.pushed = None
        self.tokens = (time.time(), 0)

    def on_train_begin(self, args, state, control, **kwargs):
        report("begin", max_steps=state.max_steps, epochs=state.num_train_epochs)
        self.tokens = (time.time(), 0)

    def on_log(self, args, state, control, logs=None, **kwargs):
        if not state.is_world_process_zero or "train_runtime" in logs:
            return
        numbers = {name: value for name, value in logs.items() if isinstance(value, int | float)}
        broken = [name for name, value in numbers.items() if math.isnan(value)]
        metrics = {name: value for name, value in numbers.items() if math.isfinite(value)}
        epoch = metrics.pop("epoch", state.epoch)
        speed = {}
        if "num_tokens" in metrics:
            now, before = (time.time(), metrics["num_tokens"]), self.tokens
            speed = {"tokens_per_second": round((now[1] - before[1]) / max(now[0] - before[0], 1e-3), 1)}
            self.tokens = now
        report("log", step=state.global_step, epoch=epoch, metrics=metrics, **speed)
        if broken:
            names = ", ".join(broken)
            report("warning", kind="nan", text=f"Not a number at step {state.global_step}: {names}.")
            sys.exit(f"Training stopped at step {state.global_step}: {names} became NaN, so the model is not usable.")

    def on_save(self, args, state, control, **kwargs):
        step, push = state.global_step, self.trainer.push_in_progress
        if push is None or push.jobs[0] is self.pushed:
            return  # an older push is still running; this checkpoint stays on the disk
        self.pushed = push.jobs[0]

        def pushed(job):
            # Older checkpoints go only now: the push walks the folder, and the trainer's own rotation would pull them
            # away from under it.
            for folder in Path(args.output_dir).glob("checkpoint-*"):
                if int(folder.name.rpartition("-")[2]) < step:
                    shutil.rmtree(folder, ignore_errors=True)
            if error := job.exception():
                report("warning", kind="push", text=f"The checkpoint of step {step} was not pushed: {error}")
            else:
                report("save", step=step)

        self.pushed.add_done_callback(pushed)


if __name__ == "__main__":
    cuda = torch.cuda.is_available()
    if not cuda:
        report("warning", kind="no_gpu", text="The plan rents a GPU but none is visible here: this trains on the CPU.")

    # Dataset
    dataset = load_dataset(DATASET, "default", split="train", revision=DATASET_COMMIT)
    dataset = dataset.select_columns(["chosen", "rejected"])
    empty = (None, "", [])
    dataset = dataset.filter(lambda row: all(row[column] not in empty for column in ["chosen", "rejected"]))
    if len(dataset) == 0:
        report("warning", kind="no_rows", text="No rows are left after empty ones were dropped.")
        sys.exit("No rows are left to train on: every row has an empty column.")

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
    training_args = DPOConfig(
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
        beta=0.1,
        bf16=True,
        use_cpu=not cuda,
        logging_steps=10,
        logging_nan_inf_filter=False,
        disable_tqdm=True,
        report_to="none",
        save_strategy="steps",
        save_steps=200,
        push_to_hub=True,
        hub_model_id=OUTPUT,
        hub_private_repo=True,
        hub_strategy="every_save",
    )
    trainer = DPOTrainer(
        model=MODEL,
        args=training_args,
        train_dataset=dataset,
        processing_class=tokenizer,
        peft_config=peft_config,
    )
    trainer.add_callback(Progress(trainer))
    result = trainer.train()

    # Push, and look whether it arrived
    commit = trainer.push_to_hub(dataset_name=DATASET)
    files = HfApi().list_repo_files(OUTPUT, revision=commit.oid)
    if not any(name.endswith(".safetensors") for name in files):
        sys.exit(f"The push to {OUTPUT} left no weights there: {files}")
    report(
        "end",
        step=trainer.state.global_step,
        metrics={name: value for name, value in result.metrics.items() if math.isfinite(value)},
        runtime_s=result.metrics["train_runtime"],
        commit=commit.oid,
        url=str(commit.repo_url),
    )
    trainer.end()
