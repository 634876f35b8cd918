"""The table of failures: how each kind looks in a log, why it happens and what to do, in plain words.

Most specific first: the first row that matches anywhere in the tail wins, because the line that tells the reason is
often not the last one. Data only; `diagnose` reads it. The texts of the libraries are those of TRL 1.16, transformers
5.23, datasets 5.2, huggingface_hub 2.4, torch 2.13 and uv.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Failure:
    """One row. Named groups of the pattern may be used in the sentences as {name}."""

    kind: str
    pattern: re.Pattern[str]
    cause: str
    fix: str


def _row(kind: str, pattern: str, cause: str, fix: str) -> Failure:
    return Failure(kind, re.compile(pattern, re.IGNORECASE | re.MULTILINE), cause, fix)


_GIVE_ACCESS = "open its page on the Hub with the account of my token, accept the terms, wait for approval, then retry."

FAILURES: tuple[Failure, ...] = (
    # --- what the Hub says about the job itself
    _row(
        "job_timeout",
        r"job timeout|timed out after \d+ ?s|exceeded (its|the) timeout|deadline exceeded",
        "The job reached its time limit and the Hub stopped it before the training was finished.",
        "Ask for fewer epochs, fewer rows or faster hardware, or allow more time (`max 4 hours`). Checkpoints that were"
        " pushed are in the output repository.",
    ),
    _row(
        "host_oom",
        r"OOMKilled|exit code:? 137|DefaultCPUAllocator: can'?t allocate|Cannot allocate memory|\bMemoryError\b"
        r"|^[^\n]*: *(line \d+: *)?\d+ Killed|\boom-kill|std::bad_alloc|Signals\.SIGKILL|signal 9",
        "The machine's own memory (not the GPU's) was full, so the system stopped the program.",
        "Pick a flavor with more RAM (a10g-large instead of a10g-small, t4-medium instead of t4-small), or use LoRA.",
    ),
    _row(
        "job_not_found",
        r"JobNotFoundError|Job Not Found",
        "The Hub does not know this job any more, or it belongs to another namespace.",
        "Look at the jobs page of the namespace that pays. Pushed checkpoints are in the output repository.",
    ),
    # --- the GPU
    _row(
        "cuda_oom",
        r"(CUDA|HIP|XPU) out of memory(\. Tried to allocate (?P<size>[\d.]+ \w+))?|(torch|cuda)\.OutOfMemoryError"
        r"|CUBLAS_STATUS_ALLOC_FAILED|CUDNN_STATUS_ALLOC_FAILED|CUDA error: out of memory",
        "The GPU's memory was full: the model, its gradients and this batch did not fit together.",
        "Halve the batch size (`batch 1`), shorten the rows (`max length 1024`), use LoRA or 4-bit (`qlora`), or pick"
        " a GPU with more memory.",
    ),
    _row(
        "cuda_runtime",
        r"CUDA error:|device-side assert|NVIDIA driver on your system is too old|no kernel image is available"
        r"|CUDNN_STATUS_\w+|CUBLAS_STATUS_\w+|NCCL (error|watchdog|communicator)|ncclUnhandledCudaError"
        r"|no CUDA-capable device|Found no NVIDIA driver|Cannot re-initialize CUDA|Xid \d+|uncorrectable ECC",
        "The GPU or its driver reported an error in the middle of the work.",
        "Retry once: it may have been this machine. If it fails again at the same place, try other hardware, and look"
        " for token ids outside the model's vocabulary.",
    ),
    # --- disk and storage
    _row(
        "disk_full",
        r"No space left on device|StorageFull|os error 28|Errno 28|Disk quota exceeded|not enough (free )?disk space",
        "The machine's disk was full: model, dataset and checkpoints together did not fit.",
        "Pick a flavor with a larger disk (l4x1 has 400 GB, a100-large 1 TB), or train on fewer rows.",
    ),
    _row(
        "storage_quota",
        r"storage (limit|quota)( was| is| has been)? (reached|exceeded)"
        r"|exceeded your (private )?(storage|repository)",
        "The Hub account that should hold the model has no storage left.",
        "Delete old private repositories, buy storage, or make the output public; then retry.",
    ),
    # --- what the Hub refused, told apart by its words before its numbers
    _row(
        "billing",
        r"402 (Client Error|Payment Required)|Payment Required|credit balance is insufficient"
        r"|insufficient (credits?|funds)"
        r"|add more credits",
        "The namespace that should pay has no credit left.",
        "Add credits at https://huggingface.co/settings/billing, or name another namespace that may pay; then retry.",
    ),
    _row(
        "rate_limit",
        r"429 (Client Error|Too Many Requests)|Too Many Requests|rate limit(ed)?\b(?! steps)|had to rate limit you",
        "The Hub answered that there were too many requests in a short time.",
        "Wait some minutes, then retry. Nothing is wrong with the plan.",
    ),
    _row(
        "gated_repo",
        r"Cannot access gated|access a gated|is a gated (repo|dataset|model)|GatedRepoError"
        r"|not in the authorized list"
        r"|Access to (model|dataset) \S+ is restricted|awaiting a review from the repo"
        r"|must be authenticated to access",
        "The model or the dataset is gated: its owner lets in only people who were granted access, and my token is not"
        " among them.",
        "Ask for access: " + _GIVE_ACCESS,
    ),
    _row(
        "dataset_not_found",
        r"DatasetNotFoundError|Dataset '(?P<name>[^']*)' doesn'?t exist on the Hub"
        r"|Repository Not Found[^\n]*\n?[^\n]*/datasets/"
        r"|RevisionNotFoundError[\s\S]{0,400}/datasets/",
        "There is no such dataset or commit on the Hub, or it is private and my token may not see it.",
        "Check the spelling (owner/name) and that my token can read it; then ask again.",
    ),
    _row(
        "bad_repo_id",
        r"HFValidationError|Repo id must (use|be|not)|Cannot have -- or \.\. in repo_id",
        "A repository's name has letters that the Hub does not allow.",
        "Use letters, digits, `-`, `_` and `.`, at most 96 of them, such as `my-team/my-model`.",
    ),
    _row(
        "model_not_found",
        r"is not a valid model identifier|is not a local folder and is not|RepositoryNotFoundError"
        r"|Repository Not Found"
        r"|RevisionNotFoundError|Revision Not Found|is not a valid git identifier"
        r"|does not appear to have a file named (config\.json|tokenizer)",
        "There is no such model or commit on the Hub, or it is private and my token may not see it.",
        "Check the spelling (owner/name) and that my token can read it; then ask again.",
    ),
    _row(
        "auth_invalid",
        r"Invalid user token|Invalid credentials in Authorization|401 (Client Error|Unauthorized)"
        r"|token (is|has) (invalid|expired)"
        r"|LocalTokenNotFoundError|Invalid username or password|Token is required",
        "The Hub did not accept the token: it is wrong, expired or was revoked.",
        "Give me a fresh HF_TOKEN from https://huggingface.co/settings/tokens, then retry.",
    ),
    _row(
        "permission",
        r"403 (Client Error|Forbidden)|\(403 Forbidden\)|missing permissions?:? ?(?P<right>[\w.]*)"
        r"|don'?t have the (required permissions|rights)|insufficient permissions?|not authorized to"
        r"|PermissionDenied",
        "The token is valid but may not do this in this namespace.",
        "Give the token job.write on the namespace that pays and write on the output repository, then retry.",
    ),
    # --- what the data and the model are
    _row(
        "chat_template_missing",
        r"chat_template is not set|does not have a chat template|no chat template"
        r"|chat[_ ]template.{0,40}not (set|defined)",
        "The dataset holds conversations, but the model has no chat template that would turn them into text.",
        "Use the instruct version of the model (its name often ends in -Instruct or -it), or a dataset of plain text.",
    ),
    _row(
        "dataset_config",
        r"Config name is missing|Unknown split|BuilderConfig '?[^']*'? not found|pick one among the available configs"
        r"|Bad split: |Requested split",
        "The dataset has several parts (configs or splits), and the one that was asked for is not among them.",
        "Name one of those that the log lists, such as `config main` or `split train`.",
    ),
    _row(
        "dataset_load",
        r"Dataset scripts are no longer supported|pyarrow\.lib\.Arrow\w+|JSON parse error|Error tokenizing data"
        r"|DatasetGeneration\w*Error|DataFilesNotFoundError|EmptyDatasetError|No \(supported\) data files found"
        r"|\bCastError\b"
        r"|Couldn't cast|NonMatchingSplitsSizesError|An error occurred while generating the dataset"
        r"|UnicodeDecodeError",
        "The dataset's files could not be read: they are broken, differ in their columns, or need a loading script.",
        "Open the dataset's page: if its viewer shows an error, the files need mending; look for a version in Parquet.",
    ),
    _row(
        "model_unsupported",
        r"does not recognize this architecture|Error no file named|Unrecognized (configuration class|model in)"
        r"|requires you to execute the \S+ file|contains custom code which must be executed"
        r"|is not supported (yet )?(by|in) (transformers|PEFT|TRL)"
        r"|Target modules .{1,200} not found in the base model|can'?t load the (model|configuration) ",
        "This model cannot be trained here: its architecture is unknown to transformers, needs its own code, or the"
        " repository has no weights that can be loaded.",
        "Choose a model with safetensors weights and a common architecture (Llama, Qwen, Gemma, Mistral, SmolLM).",
    ),
    # --- the numbers
    _row(
        "nan_loss",
        r"became NaN, so the model is not usable|probability tensor contains either"
        r"|'(loss|grad_norm|entropy)': '?nan\b"
        r"|(loss|gradients?) (is|are|was|were|became) (nan|inf)|found NaN|non-finite (loss|grad)"
        r"|'train_loss': '?nan\b",
        "The numbers of the training became NaN, so what was learned is of no use. The learning rate was most likely"
        " too high, or half precision too coarse for this model.",
        "Divide the learning rate by ten, and prefer hardware with bf16 (L4, A10G or newer) to a T4; then retry.",
    ),
    # --- our script, its libraries, its settings
    _row(
        "dependency",
        r"No solution found when resolving|ModuleNotFoundError|\bImportError\b|DistributionNotFound"
        r"|No matching distribution"
        r"|requires \w+ to be installed|package for \w+ doesn'?t seem to be installed|Could not find nvcc"
        r"|PackageNotFoundError"
        r"|Failed to (build|download|fetch|prepare) |metadata-generation-failed|version conflict"
        r"|cannot open shared object"
        r"|Using .{1,60} requires (the )?\w+|CUDA Setup failed",
        "A package that the script needs was not found, could not be installed or does not fit the others.",
        "Retry once: the package index may have been away. If it fails again, tell whoever runs Tunesmith: the"
        " versions in the script need mending.",
    ),
    _row(
        "api_mismatch",
        r"\w*(Trainer|Config|Arguments|Model|ForCausalLM|Tokenizer)\w*(\.__init__)?\(\) (got an unexpected|missing \d)"
        r"|(module|type object) '[\w.]+' has no attribute|__init__\(\) got an unexpected keyword argument"
        r"|cannot import name",
        "The script and the installed version of TRL or transformers do not fit together: one of them was changed.",
        "This is a fault of Tunesmith, not of your request. Tell whoever runs it, with the lines below.",
    ),
    _row(
        "dataset_format",
        r"KeyError: '(text|messages|prompt|completion|chosen|rejected|label|role|content|from|value|conversations)'"
        r"|datasets/[\w/]+\.py[\s\S]{0,600}KeyError: |`train_dataset` must be a|No columns in the dataset match"
        r"|maybe_messages\[0\]|has no attribute '(endswith|strip|content|get|keys)'|the dataset is not conversational"
        r"|num_samples=0|No rows are left to train on|Column '?\w+'? doesn'?t exist|Column '?\w+'? not in the dataset"
        r"|Column name \S+ not in|jinja2\.exceptions|roles must alternate|^StopIteration\s*$"
        r"|Unknown format|Invalid keys in the example|Only user and assistant roles",
        "The rows of the dataset do not have the form that this method trains on: a column is missing, empty or of"
        " another kind.",
        "SFT takes `messages`, `text` or `prompt` + `completion`; DPO takes `prompt`, `chosen`, `rejected`; GRPO takes"
        " a question and its answer. Choose another method or another dataset.",
    ),
    _row(
        "bad_config",
        r"doesn't support bf16|bf16/gpu|reward function .{1,80} returned|<lambda>\(\) got"
        r"|got an unexpected keyword argument"
        r"|eos_token` .{1,80} not found|No valid checkpoint found|does not implement __len__|must be divisible by"
        r"|does not support nn\.DataParallel|(must|should) be (a positive|greater|less|between|strictly|one of)"
        r"|mutually exclusive|is not a valid \w+, please select|not supported with|can't be used (with|together)"
        r"|You (set|must|cannot|can't|should) .{0,60}`\w+`|cannot be (set|used) (with|together)",
        "Two settings of the training contradict each other, or one has a value that TRL refuses.",
        "Ask again with fewer special settings. If you set none, tell whoever runs Tunesmith, with the lines below.",
    ),
    # --- the network, once nothing better explains it
    _row(
        "hub_transient",
        r"\b50[0234]\b.{0,20}(Server Error|Internal|Bad Gateway|Service|Gateway)|Server error '5\d\d"
        r"|Gateway Time-?out"
        r"|Service Unavailable|Bad Gateway|Read ?timed? ?out|(Connect|Read)Timeout|ConnectionError"
        r"|Connection (reset|refused|aborted)"
        r"|couldn'?t (connect to|reach)|Temporary failure in name resolution|Max retries exceeded|RemoteProtocolError"
        r"|Server disconnected|OfflineModeIsEnabled|IncompleteRead|SSLError|EOF occurred",
        "The Hub or the network between it and the job did not answer in time.",
        "Retry: such troubles pass. https://status.huggingface.co says whether the Hub has one now.",
    ),
    _row(
        "grpo_no_signal",
        r"'frac_reward_zero_std': '?1(\.0)?'?\s*[,}]|same reward, so nothing is learned",
        "All answers to each question got the same reward, so there was nothing to learn from.",
        "Use questions that the model solves sometimes, more answers a question (`16 generations`), or train it with"
        " SFT first.",
    ),
    _row(
        "job_stuck_scheduling",
        r"stage:? \"?SCHEDULING|waiting for (a machine|hardware|capacity)|no capacity",
        "The job still waits for a free machine of this kind; waiting costs nothing.",
        "Wait, or cancel and ask for another flavor.",
    ),
    _row(
        "job_error_generic",
        r"Job failed with exit code|exit code:? ?[1-9]|ended in error",
        "The training program stopped with an error, and its last lines do not say why.",
        "Look at the whole log on the job's page, and retry once.",
    ),
)
