"""`python -m tests.accuracy requests CORPUS.jsonl [--predictions FILE] [--errors]`: how well messages are read.

Turns each Command into the corpus's prediction and prints the scores of score_requests.py. Two facts are held
differently by the product and are translated here, openly:

* size: the corpus wants a refusal for models above 7B by their name. The product leaves size to planning, which knows
  the real figure; `--without-size` shows the scores of the parser alone.
* slices: "train[:10%]" is one field in the corpus and two in a request (split, sample_fraction).
"""

import argparse
import json
import re
import sys
from pathlib import Path
from time import process_time
from typing import Any

from bot.intake import hub_names, parse
from bot.intake.commands import (
    Approve,
    Cancel,
    Command,
    CostQuestion,
    Explain,
    Help,
    Logs,
    NewRequest,
    Nothing,
    Refusal,
    Reject,
    Retry,
    Revise,
    Status,
    ThreadContext,
)
from bot.models import TrainingRequest
from bot.models.request import HOW_SAID
from tests.accuracy import score_requests

#: Billions of parameters; the corpus accepts both answers for 7 itself. Its rule: requests.md, `model_too_large`.
LARGEST_NOMINAL = 7.5

INTENTS: dict[type, str] = {
    NewRequest: "new_request",
    Revise: "revise",
    Approve: "approve",
    Reject: "reject",
    Cancel: "cancel",
    Status: "status",
    Logs: "logs",
    Explain: "explain_failure",
    Retry: "retry",
    CostQuestion: "cost_question",
    Help: "help",
    Nothing: "none",
}


def thread_of(case: dict[str, Any]) -> ThreadContext | None:
    """Build the thread of a case; None: it was written outside of threads."""
    context = case.get("context")
    if not context:
        return None
    return ThreadContext(state=context["state"], plan=TrainingRequest(**context["plan"]), asked=context.get("asked"))


def predict(case: dict[str, Any], *, with_size: bool = True) -> dict[str, Any]:
    """Read a case's message and say it in the corpus's words."""
    command = parse(case["text"], thread=thread_of(case))
    if isinstance(command, Refusal):
        return {"id": case["id"], "intent": command.intent, "fields": {}, "reject": command.reason}
    fields = _fields(command, case["text"])
    size = hub_names.nominal_billions(str(fields.get("model", ""))) if with_size else None
    planned = isinstance(command, NewRequest | Revise | Retry)
    too_large = planned and size is not None and size > LARGEST_NOMINAL
    return {
        "id": case["id"],
        "intent": INTENTS[type(command)],
        "fields": fields,
        "reject": "model_too_large" if too_large else None,
    }


def _fields(command: Command, text: str) -> dict[str, Any]:
    match command:
        case NewRequest(request=request) | CostQuestion(request=request):
            fields = request.model_dump(mode="json", exclude=set(HOW_SAID), exclude_none=True)
        case Revise(changes=changes) | Retry(changes=changes):
            fields = {field: value for field, value in changes.items() if field not in HOW_SAID}
            if isinstance(command, Retry) and command.run:
                fields["job_id"] = command.run
        case Status(run=run) | Logs(run=run) | Cancel(run=run) | Explain(run=run) if run:
            return {"job_id": run}
        case _:
            return {}
    sliced = re.search(rf"{re.escape(fields['split'])}\[\s?:\s?\d+%?\s?\]", text) if fields.get("split") else None
    if sliced:
        fields["split"] = sliced[0].replace(" ", "")
        fields.pop("sample_fraction" if "%" in sliced[0] else "max_samples", None)
    return fields


def main(arguments: list[str]) -> int:
    """Print the scores of a corpus; write the predictions where asked."""
    parser = argparse.ArgumentParser(prog="python -m tests.accuracy requests", description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--predictions", type=Path, help="write the predictions here, one JSON object a line")
    parser.add_argument("--without-size", action="store_true", help="do not stand in for planning's verdict on size")
    parser.add_argument("--errors", action="store_true")
    parser.add_argument("--by-tag", action="store_true")
    options = parser.parse_args(arguments)
    lines = options.corpus.read_text(encoding="utf-8").splitlines()
    cases = [json.loads(line) for line in lines if line.strip()]
    predictions, seconds = [], []
    for case in cases:
        start = process_time()
        predictions.append(predict(case, with_size=not options.without_size))
        seconds.append(process_time() - start)
    written = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in predictions)
    if options.predictions:
        options.predictions.write_text(written, encoding="utf-8")
    by_id = {each["id"]: each for each in predictions}
    score_requests.report(cases, by_id, name=str(options.corpus), errors=options.errors, by_tag=options.by_tag)
    seconds.sort()
    print(f"  reading: median {seconds[len(seconds) // 2] * 1000:.2f} ms, slowest {seconds[-1] * 1000:.1f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
