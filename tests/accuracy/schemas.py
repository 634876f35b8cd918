"""`python -m tests.accuracy schemas CORPUS.jsonl [--predictions FILE] [--errors]`: how well datasets are judged.

Judges each case's features and sample rows, says the verdicts in the corpus's words and prints the scores of
score_schemas.py; `--without-names` hides what the columns are called. The corpus writes a mapping as source
expressions: `a+b` are joined in this order, `a|b` is one of the two, `a.b[0]` is a place inside a column.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from bot.models import At, Call, ColumnMapping, Constant, Expression
from bot.planning import judge, recommend
from bot.planning.formats import Status
from tests.accuracy import score_schemas


def source(expression: Expression) -> str:
    """An expression in the corpus's words."""
    match expression:
        case str():
            return expression
        case At(at=(first, *rest)):
            return str(first) + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in rest)
        case Constant():
            return ""
        case Call(call="by_label", to=(_, *choices)):
            columns = {choice.at[0] for choice in choices if isinstance(choice, At)}
            if len(columns) == 1:
                return str(columns.pop())
            return "|".join(sorted(source(choice) for choice in choices[1::2]))
        case Call(call="best" | "worst", to=(_, answers)) | Call(call="picked" | "passed_over", to=(answers, _)):
            return source(answers)
        case Call(call="both", to=arguments):
            return "|".join(source(argument) for argument in arguments)
        case Call(call="at", to=(value, Constant(constant=place))):
            return f"{source(value)}[{place}]"
        case Call(call="each", to=(value, *_)):
            return source(value)
        case Call(call="interleaved", to=(_, answers)):
            return source(answers)
        case Call(call="translated" | "alternated" | "transcript" | "exchanged" | "opened", to=(turns, *_)):
            return source(turns)
        case Call(call="question", to=(text, *_)):
            return source(text)
        case Call(to=arguments):
            return "+".join(said for argument in arguments if (said := source(argument)))
    raise TypeError(expression)


def said(mapping: ColumnMapping) -> dict[str, str]:
    """A mapping in the corpus's words; a checker of answers is an answer there."""
    found = {"answer" if target == "checker" else target: source(value) for target, value in mapping.columns.items()}
    messages = mapping.columns.get("messages")
    if isinstance(messages, Call) and messages.call == "interleaved":
        return {"messages": "+".join(source(part) for part in messages.to)}
    first = messages.to[0] if isinstance(messages, Call) and messages.call not in ("best", "worst") else None
    if isinstance(messages, Call) and isinstance(first, Call) and first.call == "both":
        return {"messages": "+".join(source(part) for part in first.to)}
    for value in mapping.columns.values():
        if isinstance(value, Call) and value.call == "interleaved" and "prompt" not in found:
            found["prompt"] = source(value.to[0])
        if isinstance(value, Call) and value.call in ("question", "translated", "alternated", "transcript", "opened"):
            system = source(value.to[1]) if len(value.to) > 1 else ""
            found |= {"system": system} if system else {}
    return found


def predict(case: dict[str, Any]) -> dict[str, Any]:
    """Judge one case and say it in the corpus's words."""
    verdicts = judge(case["features"], case["rows"])
    best = recommend(verdicts, case["features"], case["rows"])
    mappings = {method.value: said(verdict.mapping) for method, verdict in verdicts.items() if verdict.mapping}
    return {
        "id": case["id"],
        "config": case["config"],
        "split": case["split"],
        "methods": list(mappings),
        "ready": [method.value for method, verdict in verdicts.items() if verdict.status is Status.READY],
        "recommended": best.value if best else None,
        "mapping": mappings[best.value] if best else {},
        "mappings": mappings,
        "drop": [name for name in case["features"] if best and name not in verdicts[best].mapping.sources],  # type: ignore[union-attr]
    }


def without_names(case: dict[str, Any]) -> dict[str, Any]:
    """The case with columns c0, c1, ...: what can be told from the values alone."""
    names = {name: f"c{number}" for number, name in enumerate(case["features"])}
    rows = [{names[name]: value for name, value in row.items()} for row in case["rows"]]
    return {**case, "features": {names[name]: value for name, value in case["features"].items()}, "rows": rows}


def read_cases(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def main(arguments: list[str]) -> int:
    """Print the scores of a corpus; write the predictions where asked."""
    parser = argparse.ArgumentParser(prog="python -m tests.accuracy schemas", description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--predictions", type=Path, help="write the predictions here, one JSON object a line")
    parser.add_argument("--errors", action="store_true")
    parser.add_argument("--without-names", action="store_true", help="call the columns c0, c1, ...")
    options = parser.parse_args(arguments)
    cases = read_cases(options.corpus)
    if options.without_names:
        cases = [without_names(case) for case in cases]
    predictions = [predict(case) for case in cases]
    if options.predictions:
        lines = (json.dumps(each, ensure_ascii=False) + "\n" for each in predictions)
        options.predictions.write_text("".join(lines), encoding="utf-8")
    scores, errors = score_schemas.score(cases, predictions)
    score_schemas.report(scores)
    if options.errors:
        print("--- errors")
        print("\n".join(" ; ".join(map(str, error)) for error in errors))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
