"""The rows that our mappings make train: one step of the real TRL trainer each, on the CPU, in this one process.

`python -m pytest tests/test_schemas_train.py -m slow -s` runs all mappings of the corpora and prints how many trained.
"""

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset, Features, disable_progress_bars

from bot.models import Method, Plan, TrainingRequest
from bot.planning import choose_format, judge
from tests.accuracy.schemas import read_cases
from tests.builders import make_dataset_info, make_model_info, make_plan
from tests.script_rows import prepare

pytestmark = [pytest.mark.train, pytest.mark.filterwarnings("ignore")]

CORPORA = Path(__file__).parent / "accuracy" / "corpora"
MODEL = Path(__file__).parents[1] / "bot/playground/fixtures/models/tiny-qwen3"
ARGUMENTS = {Method.GRPO: {"beta": 0.0, "num_generations": 2, "max_length": 8}, Method.DPO: {"beta": 0.1}}
CASES = {
    f"{corpus} {case['id']} {case['config'] or ''} {case['split']}": case
    for corpus in ("schemas", "own_schemas")
    for case in read_cases(CORPORA / f"{corpus}.jsonl")
}
#: One of each way in which rows are made.
FEW = [
    ("tatsu-lab/alpaca", Method.SFT),
    ("WizardLMTeam/WizardLM", Method.SFT),
    ("glaiveai/glaive-function-calling-v2", Method.SFT),
    ("stingning/ultrachat", Method.SFT),
    ("NousResearch/hermes-function-calling", Method.SFT),
    ("stanfordnlp/SHP", Method.DPO),
    ("lmarena-ai/arena-human-preference-55k", Method.DPO),
    ("nvidia/HelpSteer3", Method.REWARD),
    ("PKU-Alignment/BeaverTails", Method.KTO),
    ("tau/commonsense_qa", Method.GRPO),
    ("open-r1/DAPO-Math-17k", Method.GRPO),
]


@pytest.fixture(scope="module")
def trains(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Method, Dataset], None]]:
    """Train one step on the rows; raises what the trainer raises."""
    import trl

    disable_progress_bars()
    folder = tmp_path_factory.mktemp("output")
    names = {Method.SFT: "SFT", Method.DPO: "DPO", Method.GRPO: "GRPO", Method.KTO: "KTO", Method.REWARD: "Reward"}

    def train(method: Method, rows: Dataset) -> None:
        more: dict[str, Any] = {"num_generations": 2, "max_completion_length": 4} if method is Method.GRPO else {}
        config = getattr(trl, f"{names[method]}Config")(
            output_dir=str(folder), max_steps=1, per_device_train_batch_size=2, use_cpu=True, bf16=False,
            report_to="none", save_strategy="no", disable_tqdm=True, gradient_checkpointing=False, **more,
        )  # fmt: skip
        rewards = {"reward_funcs": [lambda completions, **_: [float(len(one)) for one in completions]]}
        trainer = getattr(trl, f"{names[method]}Trainer")(
            model=str(MODEL), args=config, train_dataset=rows, **(rewards if method is Method.GRPO else {})
        )
        trainer.train()

    yield train
    gc.collect()


def rows_of_job(case: dict[str, Any], method: Method) -> Dataset:
    """The rows of a case as the job's script makes them, often enough for a batch."""
    verdict = judge(case["features"], case["rows"])[method]
    assert verdict.mapping is not None
    plan: Plan = make_plan(
        method=method,
        mapping=verdict.mapping,
        dataset=make_dataset_info(features=case["features"]),
        arguments=ARGUMENTS.get(method, {}),
        rewards=("format",) if method is Method.GRPO else (),
    )
    features = Features.from_dict(case["features"])
    return prepare(plan, Dataset.from_list(case["rows"] * 4, features=features))


@pytest.mark.parametrize(("name", "method"), FEW)
def test_rows_of_each_kind_train(name: str, method: Method, trains: Callable[[Method, Dataset], None]) -> None:
    case = next(case for key, case in CASES.items() if f" {name}" in key)
    trains(method, rows_of_job(case, method))


@pytest.mark.parametrize(
    ("method", "row"),
    [
        (Method.SFT, {"prompt": "Name a colour.", "completion": "Blue."}),
        (Method.DPO, {"prompt": "Name a colour.", "chosen": "Blue.", "rejected": "No."}),
        (Method.REWARD, {"prompt": "Name a colour.", "chosen": "Blue.", "rejected": "No."}),
        (Method.KTO, {"prompt": "Name a colour.", "chosen": "Blue.", "rejected": "No."}),
        (Method.KTO, {"prompt": "Name a colour.", "completion": "Blue.", "label": True}),
    ],
)
def test_plain_texts_train_through_the_models_chat_template(
    method: Method, row: dict[str, Any], trains: Callable[[Method, Dataset], None]
) -> None:
    text, flag = {"dtype": "string", "_type": "Value"}, {"dtype": "bool", "_type": "Value"}
    features = {name: flag if name == "label" else text for name in row}
    dataset = make_dataset_info(features=features, rows=(row,) * 4)
    chats = make_model_info(chat_template="{{ messages }}")
    verdict = choose_format(TrainingRequest(method=method), chats, dataset)
    assert verdict.mapping is not None
    made = make_plan(method=method, mapping=verdict.mapping, dataset=dataset, arguments=ARGUMENTS.get(method, {}))
    rows = prepare(made, Dataset.from_list([row] * 4))
    assert rows[0]["prompt"] == [{"role": "user", "content": "Name a colour."}]
    trains(method, rows)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_rows_of_every_mapping_train(
    trains: Callable[[Method, Dataset], None], capsys: pytest.CaptureFixture[str]
) -> None:
    tried, failed = 0, []
    for key, case in CASES.items():
        for method, verdict in judge(case["features"], case["rows"]).items():
            if not verdict.fits:
                continue
            tried += 1
            try:
                trains(method, rows_of_job(case, method))
            except Exception as error:  # noqa: BLE001 - whatever a trainer says is what this test is about
                failed.append(f"{key} {method}: {type(error).__name__}: {error}")
    with capsys.disabled():
        print(f"\n{tried - len(failed)} of {tried} mappings train one step")
        print("\n".join(failed))
    assert not failed
