"""What the Hub's token may do: roles and permissions, and what a training needs of them.

Sources: https://huggingface.co/docs/hub/security-tokens, https://huggingface.co/docs/hub/organizations-security.
"""

from bot.errors import HubRefusal
from bot.models.value import Value

#: What a fine-grained token must hold for us: in the namespace that pays, and in the one that gets the model.
JOBS, WRITE = "job.write", "repo.write"
_SETTINGS = "https://huggingface.co/settings/tokens"


class TokenRights(Value):
    """What the token may do, as far as the Hub says."""

    #: The token's own user.
    user: str
    #: "read", "write" or "fineGrained"; anything else is not judged.
    role: str
    #: Organization -> the user's role in it: "admin", "write", "contributor" or "read".
    organizations: dict[str, str] = {}
    #: Of a fine-grained token: user, organization or repository -> its permissions; "" holds those for everything.
    permissions: dict[str, frozenset[str]] = {}
    #: Namespaces that have no means of payment, by the Hub's word.
    without_payment: frozenset[str] = frozenset()

    @property
    def namespaces(self) -> tuple[str, ...]:
        """The wallets: the token's user first, then its organizations."""
        return (self.user, *self.organizations)

    @property
    def missing(self) -> tuple[str, ...]:
        """Rights that we need and the token has nowhere."""
        return tuple(right for right in (JOBS, WRITE) if not any(self.may(right, name) for name in self.namespaces))

    def may(self, right: str, namespace: str, repo_id: str = "") -> bool:
        """Whether it has the right in the namespace, or at least in this one repository of it."""
        if self.role == "read" or self.organizations.get(namespace) == "read":
            return False
        if self.role != "fineGrained":
            return True
        return any(right in self.permissions.get(scope, ()) for scope in {"", namespace, repo_id or namespace})

    def check(self, namespace: str, output_repo: str, *, exists: bool) -> None:
        """Refuse what the job could not do in the end: run for this wallet, and create or write its output.

        Raises:
            HubRefusal: 403; the fix names the right and where to give it.
        """
        owner = output_repo.partition("/")[0]
        if not self.may(JOBS, namespace):
            problem = f"The token of Tunesmith may not run jobs that {namespace} pays for."
            raise HubRefusal(problem, self._fix(JOBS, namespace), status=403)
        if not self.may(WRITE, owner, output_repo if exists else ""):
            what = f"write into {output_repo}" if exists else f"create {output_repo}, where the model would go"
            raise HubRefusal(f"The token of Tunesmith may not {what}.", self._fix(WRITE, owner), status=403)

    def _fix(self, right: str, namespace: str) -> str:
        if self.role == "read":
            return f"It is a read token: make a fine-grained one with {JOBS} and {WRITE} at {_SETTINGS}."
        if self.organizations.get(namespace) == "read":
            return f"An admin of {namespace} must give {self.user} the role write there."
        return f"Edit the token at {_SETTINGS} and add {right} for {namespace}."
