"""What stands in the form and what a request says are the same thing, written twice."""

import pytest
import slackblocks
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.models.views import View

from bot.models import Method, Place, TrainingRequest
from bot.models.request import HOW_SAID
from bot.playground.slack_blocks import check_view
from handlers.views.buttons import Pressed
from handlers.views.fields import LABELS
from handlers.views.form import Carried, Form, form_view, read_carried
from handlers.views.form_fields import BY_NAME, FIELDS, LONGEST
from handlers.views.form_values import beyond, chosen, fields_of, read_form, to_form
from tests.builders import make_plan, make_request

REQUIRED = {"model": "a/b", "dataset": "c/d"}
#: As many digits as people type.
_DIGITS = 6
_NAMES = st.from_regex(r"\A[A-Za-z][A-Za-z0-9]{0,20}/[A-Za-z](\.?[A-Za-z0-9]){0,20}b\Z")


def _typed(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high).map(lambda value: float(f"{value:.{_DIGITS}g}"))


REQUESTS = st.builds(
    TrainingRequest,
    model=_NAMES,
    dataset=_NAMES,
    method=st.none() | st.sampled_from(Method),
    epochs=st.none() | _typed(0.01, 1000),
    learning_rate=st.none() | _typed(1e-9, 1),
    batch_size=st.none() | st.integers(1, 4096),
    max_samples=st.none() | st.integers(1, 10**12),
    budget_usd=st.none() | st.floats(0.01, 10_000).map(lambda usd: round(usd, 2)),
    max_hours=st.none() | st.sampled_from([0.5, 1, 2, 12, 48]),
    lora=st.none() | st.booleans(),
    private=st.none() | st.just(False),
    seed=st.none() | st.integers(0, 1000),
)


@given(REQUESTS)
def test_a_request_that_is_filled_in_and_sent_as_it_is_stays_the_same(request):
    changes, errors = read_form(to_form(request))
    assert errors == {}
    again = TrainingRequest.model_validate(beyond(request) | changes)
    # in a form, LoRA is chosen against QLoRA
    in_4bit = False if request.lora else None
    assert again == request.model_copy(update={"load_in_4bit": in_4bit})


@pytest.mark.parametrize(
    ("field", "words", "value"),
    [
        ("model", "https://huggingface.co/Qwen/Qwen3-0.6B", "Qwen/Qwen3-0.6B"),
        ("model", "qwen3 0.6b", "qwen3 0.6b"),
        ("dataset", "https://huggingface.co/datasets/trl-lib/Capybara/viewer", "trl-lib/Capybara"),
        ("budget_usd", "$2.50", 2.5),
        ("max_length", "2k", 2048),
        ("max_samples", "10k", 10_000),
        ("learning_rate", "2e-5", 2e-5),
        ("max_hours", "90m", 1.5),
        ("epochs", "half", 0.5),
        ("output_repo", "acme/my-model", "acme/my-model"),
        ("split", "train_sft", "train_sft"),
        ("hardware", "", None),
    ],
)
def test_a_field_reads_what_the_command_would_read(field, words, value):
    changes, errors = read_form(REQUIRED | {field: words})
    assert errors == {}
    assert changes[field] == value


@pytest.mark.parametrize(
    ("field", "words", "said"),
    [
        ("model", "", "Name a model."),
        ("model", "/home/me/model", "is a file or folder of a computer"),
        ("model", "https://example.com/model", "is not on the Hugging Face Hub"),
        ("model", "stabilityai/sdxl-turbo", "is about pictures, sound or video"),
        ("dataset", "Qwеn/Qwen3", "only look like letters"),
        ("dataset", "a b/c d", "cannot be the name of a dataset"),
        ("output_repo", "my model!", "cannot be the name of a model"),
        ("epochs", "0", "it must be above 0"),
        ("epochs", "nan", "it must be above 0"),
        ("learning_rate", "fast", "I cannot read “fast” here: write a number."),
        ("batch_size", "2.5", "it must be a whole number, at least 1"),
        ("budget_usd", "free", "write an amount in US dollars"),
        ("budget_usd", "-5", "it must be above 0"),
        ("max_hours", "soon", "write a time, such as 90m or 2h"),
        ("split", "train[:10%]", "is not one name"),
    ],
)
def test_what_cannot_be_is_said_of_its_field_only(field, words, said):
    _, errors = read_form(REQUIRED | {field: words})
    assert errors.keys() == {field}
    assert said in errors[field]


def test_a_rank_without_an_adapter_is_noticed():
    _, errors = read_form(REQUIRED | {"tuning": "full", "lora_r": "8"})
    assert errors == {"lora_r": "Only LoRA and QLoRA have a rank: empty this, or train an adapter."}


def test_all_weights_means_that_nothing_of_an_adapter_is_left():
    changes, _ = read_form(REQUIRED | {"tuning": "full"})
    assert fields_of("tuning", changes) == {
        "lora": False, "load_in_4bit": None, "lora_r": None, "lora_alpha": None, "lora_dropout": None,
    }  # fmt: skip
    assert fields_of("epochs", changes) == {"epochs": None}


def test_each_field_of_a_request_is_in_the_form_or_kept_beside_it():
    request = TrainingRequest.model_validate(
        {name: _some(name) for name in TrainingRequest.model_fields.keys() - HOW_SAID - {"lora", "load_in_4bit"}}
    )
    filled = {name for name, value in to_form(request).items() if value}
    assert (filled | beyond(request).keys()) - {"tuning"} == LABELS.keys() - {"lora", "load_in_4bit"}
    assert filled & beyond(request).keys() == set()


def _some(name: str) -> object:
    values = {
        "private": False, "packing": True, "gradient_checkpointing": True, "plan_only": True, "method": Method.SFT,
        "warmup_ratio": 0.1, "lora_dropout": 0.1, "sample_fraction": 0.5, "eval_fraction": 0.1, "learning_rate": 0.1,
        "max_length": 512, "num_generations": 8,
    }  # fmt: skip
    annotation = str(TrainingRequest.model_fields[name].annotation)
    return values.get(name, "word" if "str" in annotation else 1)


def test_the_plan_says_what_was_chosen_for_every_field_that_it_settles():
    known = chosen(make_plan())
    assert (known["tuning"], known["hardware"], known["epochs"]) == ("full", "a10g-large", "2")
    assert known["learning_rate"] == "2e-5"


# --- the view -----------------------------------------------------------------------------------------------------

FULL = dict.fromkeys((field.name for field in FIELDS), "x" * LONGEST)
PLACE = Place(team_id="T0TUNE", channel="C0FINETUNE", thread_ts="1795510902.000900")


@pytest.mark.parametrize("is_open", [True, False])
@pytest.mark.parametrize(
    "carried",
    [
        Carried(),
        Carried(place=PLACE, note="n" * 700, beyond=beyond(make_request(seed=7, optimizer="sgd", reward="r" * 96))),
        Carried(edits=Pressed(run="0" * 26, revision=99, digest="f" * 16)),
    ],
)
@pytest.mark.parametrize("values", [{}, to_form(make_request()), FULL])
def test_slack_takes_the_form_whatever_stands_in_it(is_open, carried, values):
    view = form_view(Form(carried=carried, values=values, chosen=chosen(make_plan()), is_open=is_open))
    assert check_view(view) == []
    assert View(**view).to_dict() == view
    for block in view["blocks"]:
        if block["type"] == "input":
            slackblocks.InputBlock(
                label=block["label"]["text"],
                element=slackblocks.PlainTextInput(action_id=block["element"]["action_id"]),
                hint=block["hint"]["text"] if "hint" in block else None,
            )
    hidden = {} if is_open else {name: values[name] for name in BY_NAME if BY_NAME[name].advanced and values.get(name)}
    assert read_carried(view) == carried.model_copy(update={"hidden": hidden})
