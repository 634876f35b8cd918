"""`python -m tests.accuracy failures CORPUS.json [--predictions FILE] [--errors]`: how well failed jobs are explained.

A case is the end of a log (or the Hub's message) with the class of its cause. Each is diagnosed as the end of a job in
stage ERROR, except that a case which speaks of the stage itself has no log: its words are the job's message.
"""

import argparse
import json
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.models import Diagnosis, Job, JobStage
from bot.training import diagnose
from bot.training.failures import FAILURES


def predict(case: dict[str, Any]) -> Diagnosis:
    """Explain one case."""
    job = Job(
        id="job",
        namespace="acme",
        url="https://huggingface.co/jobs/acme/job",
        stage=JobStage.ERROR,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    return diagnose(job, case["text"].splitlines())


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.accuracy failures", description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--predictions", type=Path, help="write what was predicted, one JSON object a line")
    parser.add_argument("--errors", action="store_true", help="show the cases that were read wrong")
    options = parser.parse_args(arguments)
    cases = json.loads(options.corpus.read_text(encoding="utf-8"))
    found = [predict(case) for case in cases]
    pairs = list(zip(cases, found, strict=True))
    right = Counter(case["class"] for case, diagnosis in pairs if diagnosis.kind == case["class"])
    total = Counter(case["class"] for case in cases)
    for name in sorted(total):
        print(f"{name:24} {right[name]:3} of {total[name]}")
    with_fix = {failure.kind for failure in FAILURES if failure.fix}
    print(f"cases {len(cases)}, class accuracy {right.total() / len(cases):.3f}")
    print(f"classes {len(total)}, with a fix {len(total.keys() & with_fix)}")
    if options.errors:
        for case, diagnosis in pairs:
            if diagnosis.kind != case["class"]:
                print(f"- want {case['class']}, got {diagnosis.kind}\n    {case['text'][-600:]!r}")
    if options.predictions:
        lines = (
            json.dumps({"index": number, "class": each.kind, "fix": each.fix}) for number, each in enumerate(found)
        )
        options.predictions.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
