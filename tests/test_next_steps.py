"""What the end of a thread offers for each kind of model: code that compiles and commands that are whole and right."""

import ast
import shlex

import pytest

from bot.models import Method, Plan, Tuning
from handlers.views.next_steps import next_steps, snippet
from handlers.views.thread import thread
from tests.block_kit import check
from tests.builders import make_model_info, make_plan
from tests.walks import walks

REPO = "tunesmith-lab/qwen3-0.6b-tiny-chat-sft"


def plan_of(method: Method = Method.SFT, tuning: Tuning = Tuning.FULL, **changes) -> Plan:
    rank = {"arguments": {"lora_r": 24, "lora_alpha": 48}} if tuning is not Tuning.FULL else {}
    return make_plan(method=method, tuning=tuning, **(rank | changes))


def named(plan: Plan) -> list[str]:
    return [line.partition(":")[0].partition(",")[0] for line in next_steps(plan)]


def command(plan: Plan, begins: str) -> str:
    """The last command of the line that begins so, as it is pasted into a shell."""
    [line] = [line for line in next_steps(plan) if line.startswith(begins)]
    return line.split("`")[-2].replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&")


def test_a_whole_model_is_evaluated_served_converted_and_trained_further_as_it_is():
    plan = plan_of()
    assert named(plan) == [
        "Download it",
        "Evaluate it",
        "Evaluate the base model too",
        "Serve it",
        "Make a GGUF file of it",
        "Train it further",
        "Let everybody open it",
    ]
    assert command(plan, "Serve it") == f"vllm serve {REPO}"
    assert f"pretrained={REPO} " in command(plan, "Evaluate it")
    assert "pretrained=Qwen/Qwen3-0.6B " in command(plan, "Evaluate the base model")
    assert next_steps(plan)[-1].endswith("“Share” only tells a channel of it.")
    assert f"--remote {REPO} " in command(plan, "Make a GGUF")


def test_an_adapter_is_served_with_its_base_and_merged_before_it_is_converted_or_trained_further():
    plan = plan_of(tuning=Tuning.QLORA)
    assert named(plan) == [
        "Download it",
        "Evaluate it",
        "Evaluate the base model too",
        "Serve it",
        "Merge it into a whole model",
        "Make a GGUF file of it",
        "Train it further",
        "Let everybody open it",
    ]
    serve = command(plan, "Serve it")
    assert serve.startswith("vllm serve Qwen/Qwen3-0.6B --enable-lora --max-lora-rank 32 ")
    assert f"pretrained=Qwen/Qwen3-0.6B,peft={REPO}" in command(plan, "Evaluate it")
    assert f"--remote {REPO}-merged " in command(plan, "Make a GGUF")
    assert command(plan, "Train it further") == f"/finetune {REPO}-merged on OWNER/DATASET"


def test_a_reward_model_gives_scores_and_is_neither_chatted_with_nor_made_a_gguf_of():
    for tuning in Tuning:
        plan = plan_of(Method.REWARD, tuning)
        lines = " ".join(next_steps(plan))
        assert "GGUF" not in lines
        assert "lm_eval" not in lines
        assert "text-generation" not in snippet(plan)
        assert "judge(" in snippet(plan)
    assert "AutoPeftModelForSequenceClassification" in command(plan_of(Method.REWARD, Tuning.LORA), "Merge it")


@pytest.mark.parametrize("method", [Method.SFT, Method.DPO, Method.GRPO, Method.KTO, Method.REWARD])
@pytest.mark.parametrize("tuning", list(Tuning))
@pytest.mark.parametrize("chat", [True, False])
def test_the_code_to_try_it_compiles(method, tuning, chat):
    plan = plan_of(method, tuning, model=make_model_info(has_chat_template=chat))
    ast.parse(snippet(plan))
    assert ("peft" in snippet(plan).partition("\n")[0]) == (tuning is not Tuning.FULL)


@pytest.mark.parametrize("method", [Method.SFT, Method.REWARD])
@pytest.mark.parametrize("private", [True, False])
def test_the_command_that_merges_is_whole_for_a_shell_and_for_python(method, private):
    long = f"{'o' * 40}/{'m' * 55}"
    plan = plan_of(method, Tuning.LORA, output_repo=long, private=private)
    words = shlex.split(command(plan, "Merge it"))
    assert words[:2] == ["python", "-c"]
    [code] = words[2:]
    assert "private=True" in code if private else "private" not in code
    calls = [
        node.func.attr
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Call) and hasattr(node.func, "attr")
    ]
    assert calls.count("push_to_hub") == 2, "the weights and the tokenizer"


@pytest.mark.parametrize(("rank", "served"), [(8, 16), (16, 16), (24, 32), (300, 320), (1024, 512)])
def test_vllm_is_told_a_rank_that_it_knows(rank, served):
    plan = plan_of(tuning=Tuning.LORA, arguments={"lora_r": rank})
    assert f"--max-lora-rank {served} " in command(plan, "Serve it")


@pytest.mark.parametrize("tuning", list(Tuning))
def test_with_the_longest_legal_names_no_command_is_cut(tuning):
    name, model = f"{'o' * 42}/{'m' * 53}", f"{'p' * 42}/{'q' * 53}"
    plan = plan_of(tuning=tuning, output_repo=name, model=make_model_info(repo_id=model))
    assert "…" not in " ".join(next_steps(plan)).replace("HF_TOKEN=…", "")
    run = walks()["succeeded-evaluated"].model_copy(update={"plan": plan})
    for message in thread(run):
        check(message)


def test_the_end_says_whether_it_learned_before_the_numbers():
    end = thread(walks()["succeeded-evaluated"])[-1]
    said = [block["text"]["text"] for block in end.blocks if block["type"] == "section" and "text" in block]
    assert said[1].startswith("📈 It learned: on 200 rows that it did not train on, the loss fell from 2.31 to 1.87")
    kinds = ["fields" if "fields" in block else block["type"] for block in end.blocks]
    assert kinds.index("fields") == 2
    assert "It learned:" in end.text
