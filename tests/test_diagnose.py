"""Failed jobs get a reason and a way out; what is shown of their logs is fit to be shown."""

import pytest

from bot.models import JobStage
from bot.training import clean_tail, diagnose, redact
from bot.training.failures import FAILURES
from tests.builders import make_job

#: kind -> ends of logs that it must be found in. Written for these tests.
LOGS = {
    "job_timeout": ["The job was stopped: Job timeout"],
    "host_oom": [
        "Job failed with exit code: 137. Reason: OOMKilled",
        "train.sh: line 3:   214 Killed                  python train.py",
        "RuntimeError: [enforce fail at alloc_cpu.cpp:114] DefaultCPUAllocator: can't allocate memory: you tried",
    ],
    "job_not_found": ["huggingface_hub.errors.JobNotFoundError: 404 Client Error."],
    "cuda_oom": [
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 512.00 MiB. GPU 0 has a total of 22 GiB",
        "RuntimeError: CUDA error: out of memory",
        "RuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
    ],
    "cuda_runtime": [
        "RuntimeError: CUDA error: an illegal memory access was encountered",
        "torch.distributed.DistBackendError: NCCL error in: ProcessGroupNCCL.cpp:1970",
        "RuntimeError: Found no NVIDIA driver on your system.",
    ],
    "disk_full": ["OSError: [Errno 28] No space left on device: '/home/user/.cache/huggingface/x.incomplete'"],
    "storage_quota": ["403 Forbidden: Private repository storage limit reached, please upgrade your plan"],
    "billing": ["Client error '402 Payment Required' for url 'https://hub/api/jobs/acme'"],
    "rate_limit": ["HfHubHTTPError: 429 Client Error: Too Many Requests for url: https://hub/api/whoami-v2"],
    "gated_repo": [
        "OSError: You are trying to access a gated repo.\nMake sure to have access to it at https://hub/meta/llama.\n"
        "401 Client Error.",
        "datasets.exceptions.DatasetNotFoundError: Dataset 'a/b' is a gated dataset on the Hub. Visit the page to ask.",
    ],
    "dataset_not_found": ["DatasetNotFoundError: Dataset 'acme/rows' doesn't exist on the Hub or cannot be accessed."],
    "bad_repo_id": ["HFValidationError: Repo id must be in the form 'repo_name' or 'namespace/repo_name': 'a/b/c'."],
    "model_not_found": [
        "OSError: acme/lm is not a local folder and is not a valid model identifier listed on 'https://hub/models'",
        "RepositoryNotFoundError: 401 Client Error.\nRepository Not Found for url: https://hub/api/models/acme/lm.\n"
        "If you are trying to access a private or gated repo, make sure you are authenticated.",
    ],
    "auth_invalid": ["HfHubHTTPError: 401 Client Error: Unauthorized for url: https://hub/api/repos/create"],
    "permission": [
        "HfHubHTTPError: 403 Forbidden: You don't have the required permissions to perform this action",
        "403 Client Error: Forbidden for url: https://hub/api/models/acme/out/commit/main",
    ],
    "chat_template_missing": [
        "ValueError: Cannot use chat template functions because tokenizer.chat_template is not set"
    ],
    "dataset_config": [
        "ValueError: Config name is missing.\nPlease pick one among the available configs: ['a', 'b']",
        "ValueError: BuilderConfig 'mian' not found. Available: ['main']",
        "ValueError: Unknown split \"trian\". Should be one of ['train'].",
    ],
    "dataset_load": [
        "datasets.exceptions.DatasetGenerationError: An error occurred while generating the dataset",
        "RuntimeError: Dataset scripts are no longer supported, but found rows.py",
    ],
    "model_unsupported": [
        "ValueError: The checkpoint you are trying to load has model type `new4` but Transformers does not recognize"
        " this architecture.",
        "ValueError: acme/lm requires you to execute the configuration file in that repo on your local machine.",
    ],
    "nan_loss": [
        "Training stopped at step 30: loss, grad_norm became NaN, so the model is not usable.",
        "{'loss': 0.0, 'grad_norm': nan, 'learning_rate': 1e-05, 'epoch': 0.53}",
    ],
    "dependency": [
        "  × No solution found when resolving script dependencies:",
        "ModuleNotFoundError: No module named 'bitsandbytes'",
    ],
    "api_mismatch": ["TypeError: GRPOConfig.__init__() got an unexpected keyword argument 'max_prompt_length'"],
    "dataset_format": [
        "  File \"datasets/formatting/formatting.py\", line 299, in __getitem__\nKeyError: 'rejected'",
        "No rows are left to train on: every row has an empty column.",
        "ValueError: num_samples should be a positive integer value, but got num_samples=0",
        "Traceback (most recent call last):\nStopIteration",
    ],
    "bad_config": [
        "ValueError: generation_batch_size (2) must be divisible by num_generations (8).",
        "TypeError: correct() got an unexpected keyword argument 'completions'",
    ],
    "hub_transient": [
        "HfHubHTTPError: 503 Server Error: Service Unavailable for url: https://hub/api/models/a",
        "httpx2.ReadTimeout: The read operation timed out",
        "requests.exceptions.ConnectionError: ('Connection aborted.', RemoteDisconnected())",
    ],
    "grpo_no_signal": ["{'loss': '0', 'reward': '0', 'frac_reward_zero_std': '1', 'epoch': '0.1'}"],
    "job_stuck_scheduling": ["stage: SCHEDULING"],
    "job_error_generic": ["Job failed with exit code: 1. Reason: Error"],
}
CASES = [(kind, text) for kind, texts in LOGS.items() for text in texts]


@pytest.mark.parametrize(("kind", "text"), CASES)
def test_each_kind_is_recognised(kind: str, text: str) -> None:
    assert diagnose(make_job(stage=JobStage.ERROR), text.splitlines()).kind == kind


@pytest.mark.parametrize(("kind", "text"), [case for case in CASES if case[0] != "job_timeout"])
def test_the_reason_is_found_above_later_lines(kind: str, text: str) -> None:
    lines = ["Installed 69 packages in 4s", *text.splitlines(), "", "During handling of the above exception:", "done"]
    assert (
        diagnose(make_job(stage=JobStage.ERROR, message="Job failed with exit code: 1. Reason: Error"), lines).kind
        == kind
    )


def test_every_row_of_the_table_has_a_case() -> None:
    assert {failure.kind for failure in FAILURES} == set(LOGS)


def test_every_row_speaks_in_whole_sentences() -> None:
    for failure in FAILURES:
        for sentence in (failure.cause, failure.fix):
            assert sentence[0].isupper()
            assert sentence.endswith(".")
            assert 30 < len(sentence) < 260


def test_a_timeout_is_told_by_the_job_whatever_the_log_says() -> None:
    job = make_job(stage=JobStage.ERROR, message="Job timeout")
    found = diagnose(job, ["{'loss': '0', 'grad_norm': 'nan', 'epoch': '0.1'}"])
    assert found.kind == "job_timeout"
    assert "Checkpoints that were pushed are in the output repository" in found.fix


def test_a_full_machine_is_told_by_the_job() -> None:
    job = make_job(stage=JobStage.ERROR, message="Job failed with exit code: 137. Reason: OOMKilled")
    assert diagnose(job, []).kind == "host_oom"


def test_a_job_that_waits_is_no_mystery() -> None:
    assert diagnose(make_job(stage=JobStage.SCHEDULING), []).kind == "job_stuck_scheduling"


def test_what_nobody_knows_is_called_unknown() -> None:
    found = diagnose(make_job(stage=JobStage.ERROR), ["Segmentation of the audience complete", "goodbye"])
    assert found.kind == "unknown"
    assert found.tail == ("Segmentation of the audience complete", "goodbye")


def test_a_healthy_log_is_no_failure() -> None:
    lines = [
        "{'loss': '1.5', 'grad_norm': '0.9', 'frac_reward_zero_std': '0.25', 'epoch': '0.5'}",
        "Loading weights: 100%|####| 24/24 [00:00<00:00]",
        "[transformers] The tokenizer has new PAD/BOS/EOS tokens that differ from the model config.",
    ]
    assert diagnose(make_job(stage=JobStage.ERROR), lines).kind == "unknown"


CHAIN = """\
Traceback (most recent call last):
  File "datasets/builder.py", line 1887, in _prepare_split_single
OSError: [Errno 28] No space left on device

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "train.py", line 20, in <module>
datasets.exceptions.DatasetGenerationError: An error occurred while generating the dataset"""


def test_a_trouble_that_passed_is_not_the_reason() -> None:
    lines = [
        "ImportError: flash_attn is not here, going on without it",
        "Traceback (most recent call last):",
        "ModuleNotFoundError: No module named 'wandb'",
        "continuing without wandb",
        "Traceback (most recent call last):",
        "KeyError: 'messages'",
    ]
    assert diagnose(make_job(stage=JobStage.ERROR), lines).kind == "dataset_format"


def test_a_cause_explains_more_than_its_consequence() -> None:
    assert diagnose(make_job(stage=JobStage.ERROR), CHAIN.splitlines()).kind == "disk_full"


def test_a_launcher_only_repeats_that_its_children_died() -> None:
    lines = [
        "[rank1]: Traceback (most recent call last):",
        "[rank1]: torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.",
        "Traceback (most recent call last):",
        "torch.distributed.elastic.multiprocessing.errors.ChildFailedError: train.py FAILED, exitcode: 1",
    ]
    assert diagnose(make_job(stage=JobStage.ERROR), lines).kind == "cuda_oom"


@pytest.mark.parametrize(
    ("file", "error", "kind"),
    [
        ("datasets/packaged_modules/csv/csv.py", "OSError: row 7 ends early", "dataset_load"),
        ("trl/data_utils.py", "AssertionError", "dataset_format"),
        ("transformers/training_args.py", "ValueError: that is too many", "bad_config"),
        ("somebody/model.py", "ValueError: that is too many", "unknown"),
    ],
)
def test_words_that_nobody_knows_are_placed_by_where_they_were_raised(file: str, error: str, kind: str) -> None:
    lines = [
        "Traceback (most recent call last):",
        '  File "/root/train.py", line 300, in <module>',
        f'  File "/root/.cache/uv/lib/python3.12/site-packages/{file}", line 90, in work',
        "    raise it",
        error,
    ]
    assert diagnose(make_job(stage=JobStage.ERROR), lines).kind == kind


SECRETS = (
    ("token hf_AbCdEfGhIjKlMnOpQrStUvWxYz012345 refused", "token hf_*** refused"),
    ("hf_playground_readonly may not", "hf_*** may not"),
    ("xoxb-1234-5678-abc and xapp-1-A0-99", "xox*-*** and xapp-***"),
    ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer ***"),
    ("https://user:s3cr3t@example.org/simple", "https://***@example.org/simple"),
    ("HF_TOKEN=abcdefghijkl", "HF_TOKEN=***"),
    ("'api_key': 'abcdefghijkl'", "'api_key': '***'"),
    ("https://cdn/x?X-Amz-Signature=0a1b2c3d&e=1", "https://cdn/x?X-Amz-Signature=***&e=1"),
)


@pytest.mark.parametrize(("text", "shown"), SECRETS)
def test_secrets_are_taken_out(text: str, shown: str) -> None:
    assert redact(text) == shown
    assert clean_tail([text]) == (shown,)
    assert redact(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "{'mean_token_accuracy': '0.02041', 'num_tokens': '12345678', 'eos_token': '<|im_end|>'}",
        'File "site-packages/huggingface_hub/hf_api.py", line 12, in hf_hub_download',
        "https://huggingface.co/acme/model",
    ],
)
def test_ordinary_lines_stay_as_they_are(text: str) -> None:
    assert redact(text) == text


def test_the_tail_leaves_noise_out() -> None:
    lines = [
        "===== Job started at 2026-11-24 =====",
        "Using CPython 3.12.9 interpreter",
        "Downloading torch (192.0MiB)",
        "Installed 69 packages in 4.2s",
        " + trl==1.16.0",
        '@@TUNESMITH {"ev": "begin"}',
        "\rMap:  50%|#####     | 1/2 [00:00<00:00]\rMap: 100%|##########| 2/2 [00:00<00:00, 9 examples/s]",
        "Generating train split: 237 examples [00:00, 20243.36 examples/s]",
        "  training_args.py:1541: FutureWarning: `x` is deprecated",
        "  warnings.warn(",
        "",
        "\x1b[31mTraceback (most recent call last):\x1b[0m",
        "\tValueError: wrong",
    ]
    assert clean_tail(lines) == ("Traceback (most recent call last):", "    ValueError: wrong")


def test_the_tail_is_short_and_so_are_its_lines() -> None:
    assert clean_tail([f"line {number}" for number in range(100)], limit=3) == ("line 97", "line 98", "line 99")
    assert clean_tail(["a line"], limit=0) == ()
    assert [len(line) for line in clean_tail(["x" * 10_000])] == [500]


def test_a_diagnosis_shows_the_clean_tail() -> None:
    found = diagnose(make_job(stage=JobStage.ERROR), ["login with hf_AbCdEfGhIjKlMnOpQr", "CUDA out of memory"])
    assert found.tail == ("login with hf_***", "CUDA out of memory")


def test_a_push_that_was_refused_is_no_lack_of_the_right_to_start_jobs() -> None:
    for text in LOGS["permission"]:
        fix = diagnose(make_job(stage=JobStage.ERROR), text.splitlines()).fix
        assert "job.write" not in fix
        assert "only write access to the output repository is missing" in fix
