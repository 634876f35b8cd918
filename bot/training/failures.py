"""The table of failures: why each kind happens and what to do, in plain words.

Most specific first: of the rows that match the same text, the first wins. Data only; `diagnose` reads it. How a kind
looks in a log is `bot.training.signs`.
"""

import re
from dataclasses import dataclass

from bot.training.signs import SIGNS


@dataclass(frozen=True)
class Failure:
    """One row."""

    kind: str
    pattern: re.Pattern[str]
    cause: str
    fix: str


def _row(kind: str, cause: str, fix: str) -> Failure:
    return Failure(kind, SIGNS[kind], cause, fix)


_GIVE_ACCESS = "open its page on the Hub with the account of my token, accept the terms, wait for approval, then retry."

FAILURES: tuple[Failure, ...] = (
    # --- what the Hub says about the job itself
    _row(
        "job_timeout",
        "The job reached its time limit and the Hub stopped it before the training was finished.",
        "Ask for fewer epochs, fewer rows or faster hardware, or allow more time (`max 4 hours`). Checkpoints that were"
        " pushed are in the output repository.",
    ),
    _row(
        "host_oom",
        "The system stopped the program at once, as it does when the machine's own memory (not the GPU's) is full.",
        "Pick a flavor with more RAM (a10g-large instead of a10g-small, t4-medium instead of t4-small), or use LoRA.",
    ),
    _row(
        "job_not_found",
        "The Hub does not know this job any more, or it belongs to another namespace.",
        "Look at the jobs page of the namespace that pays. Pushed checkpoints are in the output repository.",
    ),
    # --- the GPU
    _row(
        "cuda_oom",
        "The GPU's memory was full: the model, its gradients and this batch did not fit together.",
        "Halve the batch size (`batch 1`), shorten the rows (`max length 1024`), use LoRA or 4-bit (`qlora`), or pick"
        " a GPU with more memory.",
    ),
    _row(
        "cuda_runtime",
        "The GPU or its driver reported an error in the middle of the work.",
        "Retry once: it may have been this machine. If it fails again at the same place, try other hardware, and look"
        " for token ids outside the model's vocabulary.",
    ),
    # --- disk and storage
    _row(
        "disk_full",
        "The machine's disk was full: model, dataset and checkpoints together did not fit.",
        "Pick a flavor with a larger disk (l4x1 has 400 GB, a100-large 1 TB), or train on fewer rows.",
    ),
    _row(
        "storage_quota",
        "The Hub account that should hold the model has no storage left.",
        "Delete old private repositories, buy storage, or make the output public; then retry.",
    ),
    # --- what the Hub refused, told apart by its words before its numbers
    _row(
        "rate_limit",
        "The Hub answered that there were too many requests in a short time.",
        "Wait some minutes, then retry. Nothing is wrong with the plan.",
    ),
    _row(
        "billing",
        "The namespace that should pay has no credit left.",
        "Add credits at https://huggingface.co/settings/billing, or name another namespace that may pay; then retry.",
    ),
    _row(
        "auth_invalid",
        "The Hub did not accept the token: it is wrong, expired or was revoked.",
        "Give me a fresh HF_TOKEN from https://huggingface.co/settings/tokens, then retry.",
    ),
    _row(
        "gated_repo",
        "The model or the dataset is gated: its owner lets in only people who were granted access, and my token is not"
        " among them.",
        "Ask for access: " + _GIVE_ACCESS,
    ),
    _row(
        "permission",
        "The Hub refused something that the job's token may not do, most likely to make the output repository or to"
        " push to it.",
        "The job was allowed to start, so only write access to the output repository is missing: give it to the token"
        " of the bot, or name another place for the result (`output my-team/my-model`); then retry.",
    ),
    _row(
        "dataset_not_found",
        "There is no such dataset or commit on the Hub, or it is private and my token may not see it.",
        "Check the spelling (owner/name) and that my token can read it; then ask again.",
    ),
    _row(
        "bad_repo_id",
        "A repository's name has letters that the Hub does not allow.",
        "Use letters, digits, `-`, `_` and `.`, at most 96 of them, such as `my-team/my-model`.",
    ),
    _row(
        "model_not_found",
        "There is no such model or commit on the Hub, or it is private and my token may not see it.",
        "Check the spelling (owner/name) and that my token can read it; then ask again.",
    ),
    # --- what the data and the model are
    _row(
        "chat_template_missing",
        "The dataset holds conversations, but the model has no chat template that would turn them into text.",
        "Use the instruct version of the model (its name often ends in -Instruct or -it), or a dataset of plain text.",
    ),
    _row(
        "dataset_config",
        "The dataset has several parts (configs or splits), and the one that was asked for is not among them.",
        "Name one of those that the log lists, such as `config main` or `split train`.",
    ),
    _row(
        "dataset_load",
        "The dataset's files could not be read: they are broken, differ in their columns, or need a loading script.",
        "Open the dataset's page: if its viewer shows an error, the files need mending; look for a version in Parquet.",
    ),
    _row(
        "model_unsupported",
        "This model cannot be trained here: its architecture is unknown to transformers, needs its own code, or the"
        " repository has no weights that can be loaded.",
        "Choose a model with safetensors weights and a common architecture (Llama, Qwen, Gemma, Mistral, SmolLM).",
    ),
    # --- the numbers
    _row(
        "nan_loss",
        "The numbers of the training became NaN, so what was learned is of no use. The learning rate was most likely"
        " too high, or half precision too coarse for this model.",
        "Divide the learning rate by ten, and prefer hardware with bf16 (L4, A10G or newer) to a T4; then retry.",
    ),
    # --- our script, its libraries, its settings
    _row(
        "api_mismatch",
        "The script and the installed version of TRL or transformers do not fit together: one of them was changed.",
        "This is a fault of Tunesmith, not of your request. Tell whoever runs it, with the lines below.",
    ),
    _row(
        "dependency",
        "A package that the script needs was not found, could not be installed or does not fit the others.",
        "Retry once: the package index may have been away. If it fails again, tell whoever runs Tunesmith: the"
        " versions in the script need mending.",
    ),
    _row(
        "dataset_format",
        "The rows of the dataset do not have the form that this method trains on: a column is missing, empty or of"
        " another kind.",
        "SFT takes `messages`, `text` or `prompt` + `completion`; DPO takes `prompt`, `chosen`, `rejected`; GRPO takes"
        " a question and its answer. Choose another method or another dataset.",
    ),
    _row(
        "bad_config",
        "Two settings of the training contradict each other, or one has a value that TRL refuses.",
        "Ask again with fewer special settings. If you set none, tell whoever runs Tunesmith, with the lines below.",
    ),
    # --- the network, once nothing better explains it
    _row(
        "hub_transient",
        "The Hub or the network between it and the job did not answer in time.",
        "Retry: such troubles pass. https://status.huggingface.co says whether the Hub has one now.",
    ),
    _row(
        "grpo_no_signal",
        "All answers to each question got the same reward, so there was nothing to learn from.",
        "Use questions that the model solves sometimes, more answers a question (`16 generations`), or train it with"
        " SFT first.",
    ),
    _row(
        "job_stuck_scheduling",
        "The job still waits for a free machine of this kind; waiting costs nothing.",
        "Wait, or cancel and ask for another flavor.",
    ),
    _row(
        "job_error_generic",
        "The training program stopped with an error, and its last lines do not say why.",
        "Look at the whole log on the job's page, and retry once.",
    ),
)
