"""Hardware in words: what else a plan fits on, with its price, and what there is to rent."""

import pytest

from bot.amounts import about_money
from bot.intake.commands import Help
from bot.intake.hardware import wish
from bot.models import Fit, Run
from bot.planning import FALLBACK_FLAVORS, PRICES_READ_ON, Limits, explain
from bot.planning import make_plan as make_a_plan
from bot.states import RunStatus
from handlers.views.hardware import others_text
from handlers.views.help import help_message
from tests.builders import make_dataset_info, make_flavor, make_model_info, make_plan, make_request, make_run

_S = RunStatus


def fit(flavor: str, gpu: str | None, memory_gb: float, price: float, hours: float, gpus: int = 1) -> Fit:
    return Fit(
        flavor=flavor,
        gpu=gpu,
        gpus=gpus,
        memory_gb=memory_gb,
        price_usd_hour=price,
        hours=hours,
        cost_usd=price * hours,
    )


#: What make_plan's a10g-large (24 GB, $1.50 an hour, 0.42 h) is compared with.
FITTING = (
    fit("t4-small", "T4", 16, 0.4, 1.3),
    fit("a10g-large", "A10G", 24, 1.5, 0.42),
    fit("l40sx1", "L40S", 48, 1.8, 0.3),
    fit("a100-large", "A100", 80, 2.5, 0.2),
    fit("l4x4", "L4", 24, 3.8, 0.25, gpus=4),
    fit("cpu-xl", None, 124, 1.0, 9.0),
)


def run_at(status: RunStatus = _S.PROPOSED) -> Run:
    return make_run(status, plan=make_plan(fitting=FITTING))


def offered(said: str) -> list[str]:
    return [line.split("`")[1] for line in said.splitlines() if line.startswith("•")]


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("use a bigger gpu", "bigger"),
        ("etwas Größeres bitte, eine stärkere GPU", "bigger"),
        ("can we have more memory?", "bigger"),
        ("make it faster", "faster"),
        ("plus rapide stp", "faster"),
        ("use something cheaper", "cheaper"),
        ("换一个便宜的", "cheaper"),
        ("use another gpu", ""),
    ],
)
def test_what_is_wished_of_other_hardware_is_read_in_several_languages(words, meant):
    assert wish(words) == meant


@pytest.mark.parametrize(
    ("meant", "names"),
    [
        ("bigger", ["l40sx1", "a100-large"]),
        ("faster", ["l40sx1", "a100-large", "l4x4"]),
        ("cheaper", ["t4-small", "l40sx1", "a100-large"]),
        ("", ["t4-small", "l40sx1", "a100-large", "l4x4"]),
    ],
)
def test_only_what_grants_the_wish_is_offered(meant, names):
    assert offered(others_text(run_at(), meant)) == names


def test_an_offer_names_the_gpu_the_price_the_time_and_the_dollars():
    said = others_text(run_at(), "bigger")
    assert said.startswith("The plan is for `a10g-large`: A10G with 24 GB, about 25 min, ~$0.63. It also fits on:")
    assert "•  `l40sx1`: L40S with 48 GB at $1.80 an hour · about 18 min, ~$0.54" in said
    assert "Say which, such as `use l40sx1`" in said
    assert "4 × L4 with 24 GB each at $3.80 an hour" in others_text(run_at(), "faster")


@pytest.mark.parametrize(
    ("status", "how"),
    [
        (_S.PROPOSED, "Say which, such as `use t4-small`"),
        (_S.FAILED, "Say which, such as `retry on t4-small`"),
        (_S.RUNNING, "This run keeps its hardware."),
        (_S.SUCCEEDED, "This run keeps its hardware."),
    ],
)
def test_how_to_choose_depends_on_where_the_run_is(status, how):
    assert how in others_text(run_at(status), "")


@pytest.mark.parametrize("meant", ["bigger", "faster", "cheaper", ""])
def test_where_nothing_else_fits_it_says_so_and_where_to_look(meant):
    said = others_text(make_run(plan=make_plan(fitting=())), meant)
    assert "I know of no" in said
    assert "`/finetune help hardware`" in said


def test_before_there_is_a_plan_there_is_nothing_to_compare():
    assert others_text(make_run(_S.DRAFTING), "bigger").startswith("There is no plan yet.")


def test_the_help_on_hardware_lists_everything_with_gpu_memory_and_price():
    today = [make_flavor(), make_flavor(name="h200x8", gpu="H200", gpus=8, vram_gb=1128, price_usd_hour=40)]
    said = help_message(Help(topic="hardware"), today)
    assert "prices, billed by the minute" in said
    assert "•  `a10g-large` A10G with 24 GB · $1.50 an hour\n•  `h200x8` 8 × H200 with 141 GB each · $40.00" in said


def test_without_todays_prices_the_published_ones_are_dated():
    said = help_message(Help(topic="gpu"))
    assert f"prices as published on {PRICES_READ_ON}" in said
    assert all(f"`{flavor.name}`" in said for flavor in FALLBACK_FLAVORS)
    assert len(said) < 4_000
    assert "To rent" not in help_message(Help())
    assert "To rent" not in help_message(Help(topic="lora"))


def test_nothing_is_said_of_a_gpu_where_there_is_none():
    parts = {"weights": 1.2, "working": 0.4, "context": 0.5}
    host = make_flavor(name="cpu-xl", gpu=None, gpus=0, vram_gb=0, ram_gb=124, price_usd_hour=1.0)
    plan = make_plan(flavor=host, estimate={"parts_gib": parts}, options=())
    told = "\n".join(line for reason in explain(plan) for line in reason.lines)
    assert "context: Python, PyTorch and its libraries" in told
    assert "CUDA" not in told
    assert "GPU" not in told
    with_gpu = "\n".join(line for reason in explain(make_plan(estimate={"parts_gib": parts})) for line in reason.lines)
    assert "context: CUDA itself and its libraries" in with_gpu


def test_a_job_of_seconds_on_the_cheapest_machine_still_costs_something():
    cheapest = make_flavor(name="cpu-basic", gpu=None, gpus=0, vram_gb=0, ram_gb=16, price_usd_hour=0.01)
    plan = make_a_plan(
        make_request(budget_usd=None, max_steps=1, epochs=None, max_length=16),
        model=make_model_info(parameters=96_640, layers=2, hidden_size=32, intermediate_size=64, vocab_size=512),
        dataset=make_dataset_info(splits={"train": 40}),
        flavors=[cheapest],
        namespace="tunesmith-lab",
        limits=Limits(max_ceiling_usd=5, startup_min=0.05),
    )
    assert about_money(plan.estimate.cost_usd) == "under $0.01"
    assert plan.estimate.cost_usd > 0


def test_the_help_on_datasets_says_how_to_bring_ones_own():
    assert "hf upload YOUR-NAME/my-data data.jsonl --repo-type dataset" in help_message(Help(topic="dataset"))
