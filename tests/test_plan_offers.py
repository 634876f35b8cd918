"""What a plan offers beside itself, and what it says of long runs, several GPUs and time limits."""

from typing import Any

from bot.amounts import money
from bot.models import Plan
from bot.planning import switch_to
from tests.builders import make_dataset_info, make_model_info
from tests.test_plan import TEXT, TINY, plan, texts

QUESTION = {"question": "What is 2 + 2?", "answer": "So 2 + 2 = 4. #### 4"}
THINKS = (
    "{% for m in messages %}{{ m.content }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}"
    "{% if enable_thinking is defined and enable_thinking is false %}{{ '<think>\n\n</think>\n\n' }}{% endif %}"
    "{% endif %}"
)


def grpo(said: dict[str, Any] | None = None, **model: Any) -> Plan:
    dataset = make_dataset_info(features=dict.fromkeys(QUESTION, TEXT), rows=(QUESTION,) * 4, splits={"train": 7_473})
    return plan({"method": "grpo"} | (said or {}), model=make_model_info(**model), dataset=dataset)


def test_a_long_grpo_run_is_offered_with_as_many_prompts_as_show_whether_it_works() -> None:
    made = grpo()
    few = next(option for option in made.options if option.max_samples)

    assert made.estimate.steps > 600
    assert few.estimate is not None
    assert (few.max_samples, few.reason) == (2_500, f"{few.estimate.steps} steps show whether the rewards rise")
    assert 300 <= few.estimate.steps < 320
    assert few.estimate.cost_usd < made.estimate.cost_usd / 2
    assert grpo(switch_to(made, few)).estimate == few.estimate
    assert not any(option.max_samples for option in grpo({"epochs": 1.0}).options)


def test_too_little_room_to_think_is_a_warning_for_grpo_alone() -> None:
    said = [text for text in texts(grpo(chat_template=THINKS), "warning") if "thinks before" in text]

    assert said == [
        "Qwen/Qwen3-0.6B thinks before it answers, and 512 tokens often end in the middle of that, where nothing earns"
        " a reward. max_length=4096 gives it more room and takes 8 times as long; a model that answers at once needs"
        " none of it."
    ]
    for other in (
        grpo({"max_length": 4096, "max_samples": 200}, chat_template=THINKS),
        grpo(chat_template="{% if m.content.split('<think>') %}{% endif %}{% if add_generation_prompt %}a{% endif %}"),
        plan(model=make_model_info(chat_template=THINKS)),
    ):
        assert not any("thinks before" in text for text in texts(other, "warning"))


def test_what_is_called_the_cheapest_has_no_cheaper_way_beside_it() -> None:
    seen = set()
    for rows in (20, 100, 500, 2_000, 20_000):
        for model in (make_model_info(), make_model_info(parameters=1_720_574_976, hidden_size=2048), TINY):
            made = plan(model=model, dataset=make_dataset_info(splits={"train": rows}))
            priced = [(option, option.estimate.cost_usd) for option in made.options if option.estimate]
            for option, cost in priced:
                label = option.reason.partition(",")[0]
                rivals = [other for one, other in priced if one is not option]
                if label == "cheapest":
                    assert all(cost <= other for other in (*rivals, made.estimate.cost_usd)), made.options
                if label.startswith(("cheapest", "cheaper")):
                    assert money(cost) != money(made.estimate.cost_usd), made.options
                seen.add(label)
    assert {"cheapest that trains all weights", "cheaper"} <= seen


def test_several_gpus_are_told_with_what_each_of_them_holds() -> None:
    copied = plan({"hardware": "a100x4"})
    big = make_model_info(parameters=32_762_123_264, layers=64, hidden_size=5120, intermediate_size=25600, heads=64)
    shared = plan({"lora": False}, model=big)

    assert "4 GPUs: each has a copy of the model and trains on rows of its own (DDP)." in texts(copied, "info")[0]
    assert " GPUs: the model is shared out over them, since one does not hold it (FSDP)." in texts(shared, "info")[0]


def test_a_limit_that_leaves_room_is_no_warning() -> None:
    asked = {"hardware": "l4x1", "epochs": 20.0}
    free = plan(asked)
    roomy = plan(asked | {"max_hours": (free.timeout_s - 600) / 3600})
    tight = plan(asked | {"max_hours": 1.15 * free.estimate.hours_high})

    assert [text for text in texts(roomy, "ok") if text.endswith(", which keeps your limit.")]
    assert not any("little room" in text for text in texts(roomy, "warning"))
    assert any("there is little room to spare" in text for text in texts(tight, "warning"))
