"""What a token may do, judged before anybody may approve."""

import pytest

from bot.errors import HubRefusal
from bot.models import TokenRights
from bot.models.rights import JOBS, WRITE

RIGHTS = TokenRights(
    user="me",
    role="fineGrained",
    organizations={"acme": "write", "readers": "read", "makers": "contributor"},
    permissions={"me": frozenset({JOBS, WRITE}), "acme": frozenset({JOBS}), "acme/ours": frozenset({WRITE})},
)


@pytest.mark.parametrize(
    ("wallet", "output", "exists", "problem", "fix"),
    [
        ("me", "me/new", False, "", ""),
        ("acme", "me/new", False, "", ""),
        ("me", "acme/ours", True, "", ""),
        ("makers", "me/new", False, "The token of Tunesmith may not run jobs that makers pays for.",
         "Edit the token at https://huggingface.co/settings/tokens and add job.write for makers."),
        ("me", "acme/ours", False,
         "The token of Tunesmith may not create acme/ours, where the model would go.",
         "Edit the token at https://huggingface.co/settings/tokens and add repo.write for acme."),
        ("me", "readers/new", False,
         "The token of Tunesmith may not create readers/new, where the model would go.",
         "An admin of readers must give me the role write there."),
    ],
)  # fmt: skip
def test_a_fine_grained_token_may_what_it_was_given_and_where(
    wallet: str, output: str, exists: bool, problem: str, fix: str
) -> None:
    if not problem:
        RIGHTS.check(wallet, output, exists=exists)
        return
    with pytest.raises(HubRefusal) as refusal:
        RIGHTS.check(wallet, output, exists=exists)
    assert (refusal.value.problem, refusal.value.fix, refusal.value.status) == (problem, fix, 403)


@pytest.mark.parametrize(("role", "may"), [("read", False), ("write", True), ("oauth", True)])
def test_other_tokens_may_by_their_role(role: str, may: bool) -> None:
    rights = TokenRights(user="me", role=role)

    assert rights.may(JOBS, "me") is may
    if not may:
        with pytest.raises(HubRefusal, match="It is a read token: make a fine-grained one"):
            rights.check("me", "me/new", exists=False)
