"""The help is the grammar's own table."""

import re

import pytest

from bot.intake import help_text, parse
from bot.intake.commands import Help, NewRequest
from bot.intake.glossary import TERMS
from bot.intake.grammar import TABLE
from bot.intake.help import COMMANDS, TOPICS, ask_for, nearest, topic_of
from bot.models import TrainingRequest
from bot.models.request import HOW_SAID


def test_the_first_page_names_every_command_and_topic() -> None:
    page = "\n".join(help_text().lines)
    assert all(say in page for say, _ in COMMANDS.values())
    assert f"/finetune help WORD  -  {', '.join(TOPICS)}, or any word" in page


def test_the_first_page_says_what_fine_tuning_is_and_tells_each_command_once_in_a_group() -> None:
    page = help_text()
    assert page.intro.startswith("Fine-tuning goes on training a finished model")
    assert [part.title for part in page.parts] == [
        "Ask for a run", "Decide on its plan", "Watch it", "Look back", "Settings and help",
    ]  # fmt: skip
    assert page.parts[0].lines[0].startswith("/finetune  -  alone: a form")
    assert "my own data" in page.parts[0].lines[-1]
    said = [line.partition("  -  ")[0] for line in page.lines]
    assert sorted(said) == sorted(
        [say for say, _ in COMMANDS.values()] + ["/finetune", "/finetune help dataset", "/finetune help WORD"]
    )


def test_a_topic_or_a_field_says_first_what_its_word_means() -> None:
    assert help_text("lora").intro.startswith("LoRA trains a small adapter")
    assert help_text("lr").intro.startswith("The learning rate says how far")
    assert help_text("hardware").intro == ""


def test_every_word_of_the_glossary_can_be_asked_for() -> None:
    assert parse("/finetune help loss") == Help(topic="loss")
    assert help_text("loss").intro.startswith("The loss measures")
    for term in TERMS:
        assert help_text(term.name).intro or help_text(term.name).lines, term.name
    assert parse("/finetune help me with the warm-up").topic


def test_no_value_is_told_in_its_unit_twice() -> None:
    for topic in TOPICS:
        for line in help_text(topic).lines:
            for unit in ("US dollars", "hours", "tokens"):
                assert f"{unit} ({unit})" not in line


def test_every_field_is_told_under_its_topic_with_an_example() -> None:
    for row in TABLE:
        if row.field:
            assert any(line.startswith(f"{row.example}  -  {row.says}") for line in help_text(row.topic).lines), (
                row.field
            )


def test_every_field_of_a_request_can_be_asked_for() -> None:
    assert {row.field for row in TABLE if row.field} == set(TrainingRequest.model_fields) - HOW_SAID


@pytest.mark.parametrize(
    "row", [row for row in TABLE if re.fullmatch(r"\w+=\S+", row.example)], ids=lambda row: row.example
)
def test_every_example_is_understood(row: object) -> None:
    example, field = row.example, row.field  # type: ignore[attr-defined] # a Keyword; pytest passes objects
    command = parse(f"/finetune Qwen/Qwen3-0.6B trl-lib/Capybara {example}")
    if field in {"model", "dataset"}:
        command = parse(f"/finetune {example}")
    assert isinstance(command, NewRequest), command
    assert getattr(command.request, field) is not None


def test_topics_are_found_by_their_own_words() -> None:
    assert [topic_of(word) for word in ("gpu", "lr", "qlora", "stop", "price")] == [
        "hardware",
        "training",
        "lora",
        "cancel",
        "cost",
    ]
    assert topic_of("banana") is None


def test_help_can_be_asked_for_a_command_a_topic_and_a_single_field() -> None:
    assert parse("/finetune help status") == Help(topic="status")
    assert parse("/finetune help me with lora please") == Help(topic="lora")
    assert parse("/finetune help lr") == Help(topic="lr")
    assert help_text("status").lines == ("/finetune status  -  " + COMMANDS["status"][1],)
    assert help_text("lr").title == "lr"
    assert help_text("lr").lines[0].startswith("lr=2e-5  -  the learning rate")
    assert help_text("lr").lines[1].endswith("/finetune help training")


def test_help_for_an_unknown_word_names_its_neighbour() -> None:
    assert parse("/finetune help hardwear") == Help(unknown="hardwear", near="hardware")
    assert parse("/finetune help bananas") == Help(unknown="bananas")


def test_the_question_for_a_value_shows_how_to_write_it() -> None:
    for row in TABLE:
        if row.field:
            assert row.label in ask_for(row.field) or row.field == "max_hours"
            assert f"/finetune help {row.topic}" in ask_for(row.field)


def test_an_unknown_word_gets_its_neighbour() -> None:
    assert nearest("stauts") == "status"
    assert nearest("cancle") == "cancel"
    assert nearest("xyzzy") is None
    assert parse("/finetune cancle") == Help(unknown="cancle", near="cancel")


def test_the_help_has_no_marks_of_slack() -> None:
    for topic in (None, *TOPICS, *COMMANDS):
        page = help_text(topic)
        assert not re.search(r"[*`~]|<[@!#]", page.title + "".join(page.lines)), topic
