"""What a person reads when a dataset does not serve what was asked."""

import pytest

from bot.errors import UserError
from bot.models import Method
from bot.planning.formats import choose_method
from tests.builders import make_dataset_info

TEXT = {"dtype": "string", "_type": "Value"}
BOOL = {"dtype": "bool", "_type": "Value"}
LONG = "Because the sum of the two numbers is even, one of them must be odd."


def test_a_named_method_that_does_not_fit_says_what_is_there_and_what_would() -> None:
    dataset = make_dataset_info(features={"text": TEXT}, rows=({"text": LONG},))

    with pytest.raises(UserError) as refusal:
        choose_method(dataset, Method.DPO)

    assert refusal.value.problem == (
        "Dataset `tunesmith-lab/tiny-chat` has columns `text`; DPO needs `chosen` and `rejected`, with or without"
        " `prompt`. No two columns hold a preferred and a rejected answer to the same question."
    )
    assert refusal.value.fix == "Use method=sft with this dataset, or name a dataset that has these columns."


def test_where_only_kto_would_do_the_way_out_is_to_name_no_method() -> None:
    features = {"prompt": TEXT, "response": TEXT, "is_safe": BOOL}
    dataset = make_dataset_info(features=features, rows=({"prompt": "Q", "response": LONG, "is_safe": True},))

    with pytest.raises(UserError) as refusal:
        choose_method(dataset, Method.DPO)

    assert refusal.value.fix.startswith("Use no method, which plans KTO or method=sft")


def test_a_dataset_that_fits_nothing_says_what_each_method_needs() -> None:
    dataset = make_dataset_info(features={"image": {"_type": "Image"}, "text": TEXT}, rows=())

    with pytest.raises(UserError) as refusal:
        choose_method(dataset, None)

    assert refusal.value.problem == (
        "Dataset `tunesmith-lab/tiny-chat` has columns `image`, `text`: nothing that I can train on. Column `image`"
        " holds images or sound, and Tunesmith trains text models only."
    )
    assert "GRPO needs `prompt`" in refusal.value.fix


def test_prompts_without_anything_to_compare_with_need_a_word_first() -> None:
    dataset = make_dataset_info(features={"prompt": TEXT}, rows=({"prompt": "Q"},))

    with pytest.raises(
        UserError, match="neither answers to imitate nor final answers that a reward could compare with"
    ):
        choose_method(dataset, None)
    assert choose_method(dataset, Method.GRPO).fits
