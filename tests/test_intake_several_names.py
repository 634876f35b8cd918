"""Several names in one message: what is trained, what is only mentioned, and what is more than one run can take."""

import pytest

from bot.intake import parse
from bot.intake.commands import NewRequest, Refusal

QWEN, TICKETS = "Qwen/Qwen3-0.6B", "acme/tickets"
ORDER = f"<@U0FTBOT> fine-tune {QWEN} on {TICKETS}"

MENTIONED = [
    ("what it is compared to", f"{ORDER} so we can see how it stacks up against google/gemma-3-1b-it"),
    ("a baseline", f"{ORDER}. The baseline to beat is HuggingFaceTB/SmolLM2-360M."),
    ("where the data comes from", f"{ORDER}, which is a cleaned version of acme/tickets-raw"),
    ("several sources of the data", f"{ORDER} (built from openai/gsm8k and AI-MO/NuminaMath-TIR)"),
    ("who wrote the answers", f"{ORDER}, generated with meta-llama/Llama-3.1-70B-Instruct"),
    ("where the model comes from", f"{ORDER}. {QWEN} was derived from Qwen/Qwen3-0.6B-Base"),
    ("a judge", f"{ORDER}, Qwen/Qwen3-8B will be the judge"),
    ("a reward model", f"{ORDER} with Skywork/Skywork-Reward-V2-Qwen3-0.6B as the reward model"),
    ("data to evaluate on", f"{ORDER}; acme/holdout is our eval set"),
    ("benchmarks", f"{ORDER} (we care about humaneval and mbpp scores)"),
    ("a format", f"{ORDER}, alpaca style"),
    ("columns like another's", f"{ORDER}, it has the same format as trl-lib/Capybara"),
    ("a recipe", f"{ORDER} using the hyperparameters of HuggingFaceH4/zephyr-7b-beta"),
    ("another's chat template", f"{ORDER}, use HuggingFaceTB/SmolLM2-135M-Instruct's chat template"),
    ("a run of the past", f"<@U0FTBOT> yesterday's run was Qwen/Qwen3-1.7B on acme/faq. Now {ORDER[11:]}"),
    ("a result of the past", f"<@U0FTBOT> we already have acme/qwen3-faq. Please {ORDER[11:]} too"),
    ("what must stay", f"{ORDER}, don't overwrite acme/qwen3-tickets"),
    ("what comes later", f"{ORDER} first; once that works we move to acme/faq"),
    ("a paper", f"{ORDER} (paper: <https://arxiv.org/abs/2310.16944>)"),
]


@pytest.mark.parametrize("text", [text for _, text in MENTIONED], ids=[name for name, _ in MENTIONED])
def test_a_name_that_is_only_mentioned_is_none_of_the_request(text: str) -> None:
    command = parse(text)
    assert isinstance(command, NewRequest), command
    request = command.request
    assert (request.model, request.dataset, request.output_repo) == (QWEN, TICKETS, None)


CONFLICTS = [
    (f"{ORDER} and acme/faq", "multiple_datasets"),
    (f"{ORDER} as well as acme/faq", "multiple_datasets"),
    (f"{ORDER} merged with acme/faq", "multiple_datasets"),
    (f"{ORDER} and 2k rows of acme/faq", "multiple_datasets"),
    (f"{ORDER}, then again on acme/faq", "multiple_datasets"),
    (f"<@U0FTBOT> train {QWEN} on 70% {TICKETS} and 30% acme/faq", "multiple_datasets"),
    (f"<@U0FTBOT> train {QWEN} on a mix of {TICKETS} and acme/faq", "multiple_datasets"),
    (f"<@U0FTBOT> train {QWEN} on tickets-v1 and tickets-v2", "multiple_datasets"),
    (f"<@U0FTBOT> datasets: {TICKETS}, acme/faq; model: {QWEN}, train please", "multiple_datasets"),
    (f"{ORDER}; also train SmolLM2-135M on it", "multiple_models"),
    (f"{ORDER} and google/gemma-3-270m on acme/faq", "multiple_models"),
    (f"<@U0FTBOT> fine-tune either {QWEN} or google/gemma-3-270m on {TICKETS}", "multiple_models"),
    (f"<@U0FTBOT> fine-tune {QWEN} and its bigger sibling Qwen/Qwen3-1.7B on {TICKETS}", "multiple_models"),
    (f"<@U0FTBOT> train qwen3-0.6b and kestrel-350m on {TICKETS}", "multiple_models"),
    (f"/finetune {QWEN} google/gemma-3-270m {TICKETS}", "multiple_models"),
]


@pytest.mark.parametrize(("text", "reason"), CONFLICTS)
def test_names_that_stand_side_by_side_are_more_than_one_run(text: str, reason: str) -> None:
    command = parse(text)
    assert isinstance(command, Refusal), command
    assert command.reason == reason


@pytest.mark.parametrize(
    ("text", "model", "dataset"),
    [
        (f"{ORDER} - sorry, I meant acme/faq", QWEN, "acme/faq"),
        (f"{ORDER}, no wait, on acme/faq", QWEN, "acme/faq"),
        ("/finetune nobody/nothing on tiny-chat", "nobody/nothing", "tiny-chat"),
        ("<@U0FTBOT> fine-tune qwen3-0.6b on tickets-v2, which is derived from acme/raw", "qwen3-0.6b", "tickets-v2"),
        ("<@U0FTBOT> fine-tune kestrel-350m on tickets-v2 and compare with acme/raptor-350m", "kestrel-350m",
         "tickets-v2"),
    ],
)  # fmt: skip
def test_the_place_of_a_name_says_what_it_is_for(text: str, model: str, dataset: str) -> None:
    command = parse(text)
    assert isinstance(command, NewRequest), command
    assert (command.request.model, command.request.dataset) == (model, dataset)
