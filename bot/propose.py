"""From a request to a plan that can be approved: names, facts from the Hub, the plan, its script and its rule.

Reads the Hub and changes nothing, neither there nor in the database.
"""

import hashlib
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor

from bot.errors import Unclear, UserError
from bot.intake.names import resolve
from bot.models import Flavor, Plan, TrainingRequest
from bot.planning import STARTUP_MIN, Limits, default_output_names, make_plan
from bot.policy import Policy
from bot.ports import Hub
from bot.training import render_script

#: Calls of one plan that are made side by side.
_PARALLEL = 4
_EXAMPLES = {"model": "Qwen/Qwen3-0.6B", "dataset": "trl-lib/Capybara"}


class Proposer:
    """Makes plans. Safe to call from several threads."""

    def __init__(
        self,
        hub: Hub,
        flavors: Callable[[], Sequence[Flavor]],
        policy: Policy,
        *,
        default_namespace: str = "",
        startup_min: float = STARTUP_MIN,
    ) -> None:
        self._hub = hub
        self._flavors = flavors
        self._policy = policy
        self._default_namespace = default_namespace
        self._limits = Limits(max_ceiling_usd=policy.max_ceiling_usd, startup_min=startup_min)

    def propose(self, request: TrainingRequest, promised: Collection[str] = ()) -> Plan:
        """Make the plan for a request. At most three calls to the Hub wait for each other while names are free.

        `promised` are the output repositories of other runs that are not over: two runs never write to one.

        Raises:
            Unclear: one question has to be answered first.
            UserError: it cannot be done as asked; the fix says what can.
            Transient: the Hub does not answer now.
        """
        request = self._named(request)
        assert request.model is not None
        assert request.dataset is not None
        with ThreadPoolExecutor(_PARALLEL) as pool:
            model = pool.submit(self._hub.model, request.model)
            dataset = pool.submit(self._hub.dataset, request.dataset, request.dataset_config, request.split)
            flavors = pool.submit(self._flavors)
            namespace = self._wallet(request, self._hub.namespaces())
            taken = self._taken(request, namespace, promised)
            named = self._hub.repo_private(next(iter(taken))) if request.output_repo and taken else None
        plan = make_plan(
            request,
            model=model.result(),
            dataset=dataset.result(),
            flavors=flavors.result(),
            namespace=namespace,
            taken=taken,
            existing_private=named,
            limits=self._limits,
        )
        return self._complete(plan)

    def _complete(self, plan: Plan) -> Plan:
        """Add what an approval is bound to beside the numbers: the exact script and the rule that applies."""
        return plan.model_copy(
            update={
                "script_sha256": hashlib.sha256(render_script(plan).encode()).hexdigest(),
                "approval_rule": self._policy.rule(plan),
                "approvers": tuple(sorted(self._policy.approvers)),
            }
        )

    def _named(self, request: TrainingRequest) -> TrainingRequest:
        """Fill in full Hub ids for the words that were typed; both searches run side by side."""
        searches = {"model": self._hub.search_models, "dataset": self._hub.search_datasets}
        words: dict[str, str] = {field: getattr(request, field) or "" for field in searches}
        with ThreadPoolExecutor(len(searches)) as pool:
            found = {
                field: pool.submit(search, words[field])
                for field, search in searches.items()
                if words[field] and "/" not in words[field]
            }
        for field in searches:
            if not words[field]:
                raise Unclear(
                    f"Which {field} shall I use?" if field == "dataset" else "Which base model shall I fine-tune?",
                    f"Answer here with its name on the Hub, such as {_EXAMPLES[field]}.",
                    field=field,
                )
            if field in found:
                words[field] = _meant(field, words[field], found[field].result())
        return request.model_copy(update=words)

    def _wallet(self, request: TrainingRequest, namespaces: Sequence[str]) -> str:
        """Choose who pays; an output repository elsewhere than in our namespaces is refused before money is spent."""
        namespace = self._default_namespace or namespaces[0]
        if namespace not in namespaces:
            raise UserError(
                f"The token of Tunesmith is no member of {namespace}, which is set to pay.",
                "Whoever runs Tunesmith must correct HF_NAMESPACE or the token.",
            )
        owner = (request.output_repo or "").partition("/")[0] if "/" in (request.output_repo or "") else namespace
        if owner not in namespaces:
            raise UserError(
                f"I cannot write to {request.output_repo}: the token of Tunesmith is no member of {owner}.",
                f"Use another name, such as {namespace}/{(request.output_repo or '').partition('/')[2]}.",
            )
        return namespace

    def _taken(self, request: TrainingRequest, namespace: str, promised: Collection[str]) -> frozenset[str]:
        """Find out which names of the output exist or are promised, until one that is free is among those asked.

        One call as a rule. When the default name is taken, its successors are asked side by side: four of them, then
        eight, then sixteen.
        """
        assert request.model is not None
        assert request.dataset is not None
        if request.output_repo is not None:
            names = [request.output_repo]
        else:
            names = default_output_names(request.model, request.dataset, request.method)
        names = [name if "/" in name else f"{namespace}/{name}" for name in names]
        if request.output_repo is not None and names[0] in promised:
            raise UserError(
                f"Another run that is not over yet writes to {names[0]}.", "Name another output, or wait for that run."
            )
        taken = {name for name in names if name in promised}
        names = [name for name in names if name not in promised]
        wave = 1
        with ThreadPoolExecutor(_PARALLEL) as pool:
            while names:
                asked, names = names[:wave], names[wave:]
                exist = list(pool.map(self._hub.repo_exists, asked))
                taken |= {name for name, exists in zip(asked, exist, strict=True) if exists}
                if not all(exist):
                    break
                wave = max(4, 2 * wave)
        return frozenset(taken)


def _meant(field: str, words: str, found: Sequence[str]) -> str:
    """The repository that the words name, of those that the Hub found.

    Raises:
        Unclear: several would do.
        UserError: nothing was found.
    """
    name = resolve(words, found)
    if name is not None:
        return name
    if not found:
        raise UserError(
            f"I found no {field} called “{words}” on the Hub.",
            f"Write its full name with the owner, such as {_EXAMPLES[field]}.",
        )
    raise Unclear(
        f"Which {field} do you mean by “{words}”?",
        "Answer here with one of these names, or with the full name of another.",
        field=field,
        choices=found,
    )
