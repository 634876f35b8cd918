"""What can be done with a finished model now: code to try it, and commands that are ready to be pasted. Pure.

All values in them are literals. Which of them are right depends on what was trained: whole models are served and
converted as they are, adapters with their base model or merged, and a reward model gives scores instead of text.
"""

import json

from bot.models import Method, Plan, Tuning
from bot.training import vllm_rank
from handlers.views import text

#: The Space of llama.cpp's own organization that converts a repository.
_GGUF = "https://huggingface.co/spaces/ggml-org/gguf-my-repo"
#: Characters of one command; the longest legal names fit.
_COMMAND = 560


def snippet(plan: Plan) -> str:
    """Code that uses the new model."""
    needs = "transformers torch" if plan.tuning is Tuning.FULL else "transformers torch peft"
    name = json.dumps(plan.output_repo)
    if plan.method is Method.REWARD:
        return f"# pip install {needs}\n{_judge(plan, name)}"
    start = f'# pip install {needs}\nfrom transformers import pipeline\n\nmodel = pipeline("text-generation", {name})\n'
    if plan.model.has_chat_template:
        ask = 'chat = [{"role": "user", "content": "Hello! What can you do?"}]\n'
        return f'{start}{ask}print(model(chat, max_new_tokens=200)[0]["generated_text"][-1]["content"])'
    return f'{start}print(model("Once upon a time", max_new_tokens=200)[0]["generated_text"])'


def _judge(plan: Plan, name: str) -> str:
    """A reward model gives a text one number: the higher, the better people would like it."""
    say = 'print(judge("What is 2 + 2? It is 4.", function_to_apply="none"))'
    if plan.tuning is Tuning.FULL:
        return f'from transformers import pipeline\n\njudge = pipeline("text-classification", {name})\n{say}'
    return (
        "from peft import AutoPeftModelForSequenceClassification as Peft\n"
        "from transformers import AutoTokenizer, pipeline\n\n"
        f"model = Peft.from_pretrained({name}, num_labels=1).merge_and_unload()\n"
        f'judge = pipeline("text-classification", model=model, tokenizer=AutoTokenizer.from_pretrained({name}))\n{say}'
    )


def next_steps(plan: Plan) -> list[str]:
    """Lines of mrkdwn, each with a command or a link."""
    repo = plan.output_repo
    if plan.method is Method.REWARD:
        steps = [] if plan.tuning is Tuning.FULL else [_merge(plan, "what serves it wants a whole model")]
        steps.append(f"Train again: {_command(f'/finetune {plan.model.repo_id} on OWNER/MORE-PAIRS')}")
    elif plan.tuning is Tuning.FULL:
        steps = [
            *_evaluate(plan, f"pretrained={repo}"),
            f"Serve it: {_command(f'vllm serve {repo}')}",
            _gguf(repo, plan),
            f"Train it further: {_command(f'/finetune {repo} on OWNER/DATASET')}",
        ]
    else:
        tuned = (
            f"vllm serve {plan.model.repo_id} --enable-lora --max-lora-rank {vllm_rank(plan.arguments.lora_r)}"
            f" --lora-modules tuned={repo}"
        )
        steps = [
            *_evaluate(plan, f"pretrained={plan.model.repo_id},peft={repo}"),
            f"Serve it: {_command(tuned)}",
            _merge(plan, "which GGUF and further training need"),
            _gguf(_merged(repo), plan),
            f"Train it further, once it is merged: {_command(f'/finetune {_merged(repo)} on OWNER/DATASET')}",
        ]
    steps.insert(0, f"Download it: {_command(f'hf download {repo}')}")
    if plan.private:
        steps.append(
            "Let everybody open it: make the repository public in its settings on the Hub. “Share” only tells a channel"
            " of it."
        )
    return steps


def _evaluate(plan: Plan, model: str) -> list[str]:
    """The model by a public test, and its base model by the same one."""

    def command(tested: str) -> str:
        return _command(f"lm_eval --model hf --model_args {tested} --tasks hellaswag --limit 200")

    return [
        f"Evaluate it: {command(model)}",
        f"Evaluate the base model too, to compare: {command(f'pretrained={plan.model.repo_id}')}",
    ]


def _merged(repo: str) -> str:
    return f"{repo}-merged"


def _merge(plan: Plan, why: str) -> str:
    head = "SequenceClassification" if plan.method is Method.REWARD else "CausalLM"
    options = ", num_labels=1" if plan.method is Method.REWARD else ""
    private = ", private=True" if plan.private else ""
    code = (
        f"from peft import AutoPeftModelFor{head} as P; from transformers import AutoTokenizer as T;"
        f' r = "{plan.output_repo}"; m = r + "-merged";'
        f' P.from_pretrained(r, dtype="auto"{options}).merge_and_unload().push_to_hub(m{private});'
        f" T.from_pretrained(r).push_to_hub(m{private})"
    )
    command = f"python -c '{code}'"
    return f"Merge it into a whole model, {why}: {_command(command)}"


def _gguf(repo: str, plan: Plan) -> str:
    name = plan.output_repo.rpartition("/")[2]
    command = f"python llama.cpp/convert_hf_to_gguf.py --remote {repo} --outtype q8_0 --outfile {name}.gguf"
    return f"Make a GGUF file of it: {_command(command)}, or {text.link(_GGUF, 'GGUF-my-repo')}"


def _command(words: str) -> str:
    return text.code(words, _COMMAND)
