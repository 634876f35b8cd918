"""Proposing: names, wallets and outputs against fakes; the calls of a cold plan against the local Hub."""

from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

import pytest

from bot.errors import HubRefusal, Unclear, UserError
from bot.hub_datasets import choose_split
from bot.models import Counted, DatasetInfo, Method, Plan, TokenRights, TrainingRequest
from bot.policy import Policy
from bot.propose import Proposer
from tests.builders import LEAD, TEAM, make_dataset_info, make_flavor, make_landed, make_model_info
from tests.fakes import FakeHub

POLICY = Policy(team_id=TEAM, approvers=frozenset({LEAD}))
NAME = "tunesmith-lab/Qwen3-0.6B-tiny-chat"


class CountingHub(FakeHub):
    """Remembers which outputs were asked about and what was searched for."""

    def __init__(self) -> None:
        super().__init__()
        self.models["Qwen/Qwen3-0.6B"] = make_model_info()
        self.datasets["tunesmith-lab/tiny-chat"] = make_dataset_info()
        self.asked: list[str] = []
        self.searched: list[str] = []
        self._lock = Lock()

    def existing(self, repo_id: str) -> Mapping[str, bool | None]:
        with self._lock:
            self.asked.append(repo_id)
        return super().existing(repo_id)

    def search_models(self, words: str, limit: int = 5) -> Sequence[str]:
        self.searched.append(words)
        return super().search_models(words, limit)

    def take(self, count: int) -> None:
        """So many models of the default name are there already."""
        for number in range(1, count + 1):
            self.repos[NAME if number == 1 else f"{NAME}-{number}"] = make_landed()


@pytest.fixture
def hub() -> CountingHub:
    return CountingHub()


def propose(hub: FakeHub, *, default_namespace: str = "", **said: Any) -> Plan:
    request = TrainingRequest.model_validate(
        {"model": "Qwen/Qwen3-0.6B", "dataset": "tunesmith-lab/tiny-chat", "hardware": "a10g-large"} | said
    )
    flavors = [make_flavor()]
    return Proposer(hub, lambda: flavors, POLICY, default_namespace=default_namespace).propose(request)


class SplitHub(CountingHub):
    """Its dataset has a split for DPO and one for SFT, and no other."""

    def dataset(self, repo_id: str, config: str | None, split: str | None, method: Method | None = None) -> DatasetInfo:
        splits = {"train_sft": 10, "train_prefs": 10}
        taken = choose_split(repo_id, list(splits), split, method)
        return make_dataset_info().model_copy(update={"splits": splits, "rows_split": taken})


def test_the_named_method_tells_the_splits_of_a_dataset_apart() -> None:
    assert propose(SplitHub(), method="sft").split == "train_sft"
    with pytest.raises(Unclear, match="which one"):
        propose(SplitHub())


# --- names


def test_short_names_are_resolved_and_full_ones_are_not_looked_for(hub: CountingHub) -> None:
    short = propose(hub, model="qwen3-0.6b", dataset="tiny-chat")

    assert (short.model.repo_id, short.dataset.repo_id) == ("Qwen/Qwen3-0.6B", "tunesmith-lab/tiny-chat")
    assert (short.request.model, short.request.dataset) == ("Qwen/Qwen3-0.6B", "tunesmith-lab/tiny-chat")
    assert hub.searched == ["qwen3-0.6b"]
    hub.searched.clear()
    assert propose(hub).model == short.model
    assert hub.searched == []


@pytest.mark.parametrize(("field", "example"), [("model", "Qwen/Qwen3-0.6B"), ("dataset", "trl-lib/Capybara")])
def test_an_unknown_word_is_refused_with_an_example(hub: CountingHub, field: str, example: str) -> None:
    with pytest.raises(UserError) as refusal:
        propose(hub, **{field: "zebra"})

    assert not isinstance(refusal.value, Unclear)
    assert refusal.value.problem == f"I found no {field} called “zebra” on the Hub."
    assert refusal.value.fix == f"Write its full name with the owner, such as {example}."
    assert hub.asked == []


def test_a_word_with_several_meanings_becomes_a_question_with_choices(hub: CountingHub) -> None:
    hub.models["Qwen/Qwen3-1.7B"] = make_model_info(repo_id="Qwen/Qwen3-1.7B")

    with pytest.raises(Unclear) as question:
        propose(hub, model="qwen3")

    assert (question.value.field, question.value.problem) == ("model", "Which model do you mean by “qwen3”?")
    assert question.value.choices == ("Qwen/Qwen3-0.6B", "Qwen/Qwen3-1.7B")


@pytest.mark.parametrize(
    ("field", "asked"), [("model", "Which base model shall I fine-tune?"), ("dataset", "Which dataset shall I use?")]
)
def test_what_nobody_named_is_asked_for(hub: CountingHub, field: str, asked: str) -> None:
    with pytest.raises(Unclear) as question:
        propose(hub, **{field: None})

    assert (question.value.field, question.value.problem) == (field, asked)


# --- wallets


def test_the_tokens_own_user_pays_unless_the_settings_name_an_organization(hub: CountingHub) -> None:
    assert propose(hub).namespace == "tunesmith-lab"
    assert propose(hub, default_namespace="acme").namespace == "acme"


def test_an_output_of_an_organization_of_ours_is_paid_by_the_default_wallet(hub: CountingHub) -> None:
    plan = propose(hub, output_repo="acme/mine")

    assert (plan.namespace, plan.output_repo) == ("tunesmith-lab", "acme/mine")


def test_a_foreign_namespace_is_refused_before_anything_is_asked_about_it(hub: CountingHub) -> None:
    with pytest.raises(UserError) as refusal:
        propose(hub, output_repo="meta-llama/mine")

    assert refusal.value.problem == (
        "I cannot write to meta-llama/mine: the token of Tunesmith is no member of meta-llama."
    )
    assert refusal.value.fix == "Use another name, such as tunesmith-lab/mine."
    assert hub.asked == []


def test_a_wallet_that_the_token_cannot_use_is_the_operators_to_correct(hub: CountingHub) -> None:
    with pytest.raises(UserError, match="no member of elsewhere, which is set to pay") as refusal:
        propose(hub, default_namespace="elsewhere")

    assert refusal.value.fix == "Whoever runs Tunesmith must correct HF_NAMESPACE or the token."


# --- outputs


@pytest.mark.parametrize(("there", "name"), [(0, NAME), (1, f"{NAME}-2"), (2, f"{NAME}-3"), (5, f"{NAME}-6")])
def test_a_default_name_is_never_one_that_exists(hub: CountingHub, there: int, name: str) -> None:
    hub.take(there)

    plan = propose(hub)

    assert plan.output_repo == name
    assert name not in hub.repos
    assert hub.asked == [NAME]
    assert not any("exists already" in check.text for check in plan.checks)


def test_the_same_request_again_and_again_gets_a_new_name_each_time(hub: CountingHub) -> None:
    names = []
    for _ in range(4):
        names.append(propose(hub).output_repo)
        hub.repos[names[-1]] = make_landed()

    assert names == [NAME, f"{NAME}-2", f"{NAME}-3", f"{NAME}-4"]


def test_names_that_other_runs_write_to_are_taken(hub: CountingHub) -> None:
    hub.take(1)
    request = TrainingRequest(model="Qwen/Qwen3-0.6B", dataset="tunesmith-lab/tiny-chat")
    proposer = Proposer(hub, lambda: [make_flavor()], POLICY)

    assert proposer.propose(request, promised={f"{NAME}-2"}).output_repo == f"{NAME}-3"
    with pytest.raises(UserError, match="Another run that is not over yet writes to tunesmith-lab/mine"):
        proposer.propose(request.model_copy(update={"output_repo": "mine"}), promised={"tunesmith-lab/mine"})


def test_a_gap_among_the_names_is_filled(hub: CountingHub) -> None:
    hub.take(4)
    del hub.repos[f"{NAME}-3"]

    assert propose(hub).output_repo == f"{NAME}-3"


def test_when_every_default_name_exists_a_name_is_asked_for(hub: CountingHub) -> None:
    hub.take(29)

    with pytest.raises(Unclear) as question:
        propose(hub)

    assert (question.value.field, len(hub.asked)) == ("output_repo", 1)


def test_a_name_that_somebody_fixed_stays_and_is_warned_about(hub: CountingHub) -> None:
    hub.repos["tunesmith-lab/mine"] = make_landed()

    plan = propose(hub, output_repo="mine")

    assert plan.output_repo == "tunesmith-lab/mine"
    assert hub.asked == ["tunesmith-lab/mine"]
    assert [check.text for check in plan.checks if check.level == "warning"] == [
        "tunesmith-lab/mine exists already: its files would get a new version, so an approver must agree who did"
        " not ask for it. To keep it as it is, name another, such as tunesmith-lab/mine-2."
    ]
    assert (plan.overwrites, plan.private) == (True, True)
    assert plan.approval_rule == (
        "It writes into tunesmith-lab/mine, which exists: whatever it costs, an approver must approve who neither"
        " asked for it nor changed it."
    )


def test_a_new_name_overwrites_nothing(hub: CountingHub) -> None:
    hub.take(1)

    assert [propose(hub, **said).overwrites for said in ({}, {"output_repo": "new"})] == [False, False]


def test_an_output_that_everybody_can_read_is_called_public_whatever_was_said(hub: CountingHub) -> None:
    hub.repos["tunesmith-lab/mine"] = make_landed()
    hub.public.add("tunesmith-lab/mine")

    for said in ({}, {"private": True}):
        plan = propose(hub, output_repo="mine", **said)
        assert not plan.private
        assert "tunesmith-lab/mine is public: everybody can read the new model, too." in [
            check.text for check in plan.checks if check.level == "warning"
        ]


def test_a_private_output_stays_private_when_public_was_said(hub: CountingHub) -> None:
    hub.repos["tunesmith-lab/mine"] = make_landed()

    plan = propose(hub, output_repo="mine", private=False)

    assert plan.private
    assert "tunesmith-lab/mine is private and stays so: change that on the Hub to publish the model." in [
        check.text for check in plan.checks if check.level == "warning"
    ]


@pytest.mark.parametrize("secret", ["tunesmith-lab/tiny-chat", "Qwen/Qwen3-0.6B"])
def test_what_is_private_never_goes_to_an_output_that_everybody_can_read(hub: CountingHub, secret: str) -> None:
    hub.repos["tunesmith-lab/mine"] = make_landed()
    hub.public.add("tunesmith-lab/mine")
    for known in (hub.models, hub.datasets):
        if secret in known:
            known[secret] = known[secret].model_copy(update={"private": True})

    with pytest.raises(UserError) as refusal:
        propose(hub, output_repo="mine")

    assert refusal.value.problem == (
        f"tunesmith-lab/mine exists and is public, but {secret} is private:"
        " everybody could read what was learned from it."
    )
    hub.public.clear()
    assert propose(hub, output_repo="mine").private


def test_a_plan_carries_the_hash_of_its_script_and_its_rule(hub: CountingHub) -> None:
    plan = propose(hub)

    assert len(plan.script_sha256) == 64
    assert plan.approval_rule == POLICY.rule(plan)
    assert plan.approvers == (LEAD,)


# --- before anybody may approve


def test_rows_that_the_chat_template_refuses_are_refused_before_they_cost_anything(hub: CountingHub) -> None:
    hub.models["Qwen/Qwen3-0.6B"] = make_model_info(chat_template="{{ messages }}")
    hub.counted = lambda _: Counted(problem="System role not supported")

    with pytest.raises(UserError) as refusal:
        propose(hub)

    assert refusal.value.problem == (
        "The chat template of Qwen/Qwen3-0.6B cannot write the rows of tunesmith-lab/tiny-chat: System role not"
        " supported"
    )


def test_a_token_without_rights_never_gets_as_far_as_an_approval(hub: CountingHub) -> None:
    hub.token = TokenRights(user="tunesmith-lab", role="read", organizations={"acme": "admin"})

    with pytest.raises(HubRefusal, match="may not run jobs that tunesmith-lab pays for"):
        propose(hub)


def test_a_plan_that_nobody_can_approve_says_what_the_token_lacks(hub: CountingHub) -> None:
    hub.token = TokenRights(user="tunesmith-lab", role="read")
    plan = propose(hub, plan_only=True)

    assert plan.checks[-1].level == "warning"
    assert plan.checks[-1].text.startswith("The token of Tunesmith may not run jobs that tunesmith-lab pays for. It is")


def test_a_wallet_without_means_is_warned_about(hub: CountingHub) -> None:
    hub.token = hub.token.model_copy(update={"without_payment": frozenset({"tunesmith-lab"})})
    warnings = [check.text for check in propose(hub).checks if check.level == "warning"]

    assert warnings == [
        "The Hub says that tunesmith-lab has no means of payment: without prepaid credits the job will not start. Add"
        " some at https://huggingface.co/settings/billing."
    ]
