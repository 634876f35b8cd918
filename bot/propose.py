"""From a request to a plan that can be approved: names, facts from the Hub, the plan, its script and its rule.

Reads the Hub and changes nothing, neither there nor in the database.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from bot.errors import HubRefusal, NotAllowed, Unclear, UserError
from bot.intake.hub_names import is_closed
from bot.intake.names import alike, resolve, stems
from bot.intake.own_data import how_to_upload, speaks_of_own_data
from bot.models import (
    Check,
    Counted,
    DatasetInfo,
    Examples,
    Flavor,
    Ledger,
    ModelInfo,
    PastRun,
    Plan,
    Resume,
    Run,
    TokenRights,
    TrainingRequest,
)
from bot.planning import (
    STARTUP_MIN,
    Limits,
    choose_format,
    default_output_names,
    go_on,
    is_foreign,
    make_plan,
    take_sample,
)
from bot.policy import Policy
from bot.ports import Hub
from bot.training import render_script

#: Calls of one plan that are made side by side.
_PARALLEL = 4
#: Characters of a default name by which its successors ("-2", ...) are looked for; longer names are cut for them.
_STEM = 90


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
        examples: Examples | None = None,
        past: Callable[[], Sequence[PastRun]] = tuple,
        ledger: Callable[[], Ledger] | None = None,
    ) -> None:
        """`past` are the finished runs that predictions learn from; `ledger` is this month's money.

        `ledger` None: nobody watches a budget.
        """
        self._hub = hub
        self._flavors = flavors
        self._policy = policy
        self._default_namespace = default_namespace
        self._examples = examples or Examples()
        self._past = past
        self._ledger = ledger
        self._limits = Limits(
            max_ceiling_usd=policy.max_ceiling_usd,
            startup_min=startup_min,
            max_model_billions=policy.max_model_billions,
        )

    def propose(self, request: TrainingRequest, promised: Collection[str] = ()) -> Plan:
        """Make the plan for a request. At most three calls to the Hub wait for each other.

        `promised` are the output repositories of other runs that are not over: two runs never write to one.

        Raises:
            Unclear: one question has to be answered first.
            UserError: it cannot be done as asked, or not with our token; the fix says what can.
            Transient: the Hub does not answer now.
        """
        request = self._named(request)
        assert request.model is not None
        assert request.dataset is not None
        with ThreadPoolExecutor(_PARALLEL) as pool:
            asked_model = pool.submit(self._hub.model, request.model)
            asked_dataset = pool.submit(
                self._hub.dataset, request.dataset, request.dataset_config, request.split, request.method
            )
            flavors = pool.submit(self._flavors)
            rights = self._hub.rights()
            namespace = self._wallet(request, rights.namespaces)
            existing = self._existing(request, namespace, promised)
            model, dataset = asked_model.result(), asked_dataset.result()
        plan = make_plan(
            request,
            model=model,
            dataset=dataset,
            flavors=flavors.result(),
            namespace=namespace,
            taken=existing.keys(),
            existing_private=existing.get(_full(request.output_repo, namespace)) if request.output_repo else None,
            counted=self._count(request, model, dataset),
            can_pay=namespace not in rights.without_payment,
            limits=self._limits.model_copy(update={"past": tuple(self._past())}),
        )
        return self._complete(plan, self._lacking(rights, plan))

    def go_on(self, stopped: Run, resume: Resume, promised: Collection[str] = ()) -> Plan:
        """Make the plan for the steps that a run left when it stopped. Its calls to the Hub go side by side.

        `promised` as for `propose`.

        Raises:
            UserError: its hardware or its checkpoint is gone, no step is left, another run writes there, or our token
                may no longer do it.
            Transient: the Hub does not answer now.
        """
        assert stopped.plan is not None
        output = stopped.plan.output_repo
        if output in promised:
            raise UserError(
                f"Another run that is not over yet writes to {output}, where the checkpoint is.",
                "Wait until it is over, or stop it; then resume this one.",
            )
        with ThreadPoolExecutor(_PARALLEL) as pool:
            asked_step = pool.submit(self._hub.checkpoint_step, output, resume.commit)
            asked_repo = pool.submit(self._hub.landed, output)
            flavors = pool.submit(self._flavors)
            rights = self._hub.rights()
            self._wallet(stopped.plan.request, rights.namespaces, wanted=stopped.plan.namespace)
            step, landed = asked_step.result(), asked_repo.result()
        if landed is None or step != resume.step:
            kept = f"no longer holds the checkpoint of step {resume.step:,}"
            lost = "is gone from the Hub" if landed is None else kept
            raise UserError(
                f"{output} {lost}, so there is nothing to go on from.",
                "Ask for a new run from the start: write `retry` in this thread.",
            )
        plan = go_on(
            stopped.plan,
            resume,
            stopped.progress,
            flavors.result(),
            can_pay=stopped.plan.namespace not in rights.without_payment,
            moved_on=landed.sha != resume.commit and self._changed_by_others(output, resume.commit),
            spent_usd=stopped.spent_usd,
        )
        return self._complete(plan, self._lacking(rights, plan))

    def _changed_by_others(self, repo_id: str, commit: str) -> bool:
        """Whether a commit since this one is none of the job's own checkpoints."""
        return any(map(is_foreign, self._hub.newer_commits(repo_id, commit)))

    def get_ready(self) -> None:
        """Ask now what is kept for some minutes, wallets and prices, so that the next plan need not.

        Raises:
            UserError: the token is not valid.
            Transient: the Hub does not answer now.
        """
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(self._hub.rights)
            self._flavors()
        asked.result()

    def _count(self, request: TrainingRequest, model: ModelInfo, dataset: DatasetInfo) -> Counted | None:
        """Let the model's tokenizer count the sample rows; None: there are none, or it cannot."""
        sample = take_sample(model, dataset, choose_format(request, model, dataset))
        if not sample.rows or not sample.readable:
            return None
        return self._hub.count(model, sample.passages, template=sample.template, show=1)

    def _lacking(self, rights: TokenRights, plan: Plan) -> str:
        """What the job's token could not do in the end; "" when it can do all of it.

        Raises:
            HubRefusal: it lacks a right, and more than a plan is wanted.
        """
        try:
            exists = plan.overwrites or plan.resume is not None
            rights.check(plan.namespace, plan.output_repo, exists=exists)
            if exists:
                self._hub.check_write(plan.output_repo)
        except HubRefusal as refusal:
            if plan.request.plan_only:
                return f"{refusal.problem} {refusal.fix}"
            raise
        return ""

    def _complete(self, plan: Plan, lacking: str) -> Plan:
        """Add what an approval is bound to beside the numbers: the exact script and the rule that applies."""
        said = (Check(level="warning", text=lacking), Check(level="stop", text=self._beyond_limits(plan)))
        return plan.model_copy(
            update={
                "checks": (*plan.checks, *(check for check in said if check.text)),
                "script_sha256": hashlib.sha256(render_script(plan).encode()).hexdigest(),
                "approval_rule": self._policy.rule(plan),
                "approvers": () if plan.request.plan_only else tuple(sorted(self._policy.approvers)),
            }
        )

    def _beyond_limits(self, plan: Plan) -> str:
        """Why nobody could approve this plan now; "" while the limits hold it. An approval checks them again."""
        if plan.request.plan_only:
            return ""
        if plan.ceiling_usd > self._policy.max_ceiling_usd:
            return self._policy.rule(plan)
        if self._ledger is None:
            return ""
        try:
            self._policy.check_budget(plan, self._ledger())
        except NotAllowed as refusal:
            return f"{refusal.problem} {refusal.fix}"
        return ""

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
            if field == "dataset" and not words[field] and speaks_of_own_data(request.text):
                namespace = self._default_namespace or self._hub.rights().namespaces[0]
                raise Unclear("Where is the data that you speak of?", how_to_upload(namespace), field=field)
            if not words[field]:
                raise Unclear(
                    f"Which {field} shall I use?" if field == "dataset" else "Which base model shall I fine-tune?",
                    f"Answer here with its name on the Hub, such as {getattr(self._examples, field)}.",
                    field=field,
                )
            if field in found:
                exact = found[field].result()
                if not exact and field == "model" and is_closed(words[field]):
                    raise UserError(
                        f"{words[field]} is a closed model: nobody can download its weights, so it cannot be fine-tuned"
                        " here.",
                        f"Name an open one, such as {self._examples.model}.",
                    )
                near = exact or _near(words[field], searches[field])
                words[field] = _meant(
                    field, words[field], near, example=getattr(self._examples, field), exact=bool(exact)
                )
        return request.model_copy(update=words)

    def _wallet(self, request: TrainingRequest, namespaces: Sequence[str], *, wanted: str = "") -> str:
        """Choose who pays, or check who is to; an output outside of our namespaces is refused before it costs."""
        namespace = wanted or self._default_namespace or namespaces[0]
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

    def _existing(
        self, request: TrainingRequest, namespace: str, promised: Collection[str]
    ) -> Mapping[str, bool | None]:
        """The names that the output cannot have, or has already -> whether only its owners can read that repository.

        One listing tells which of the default name and its successors are there. It may lag behind by moments: the
        watcher looks at the very name once more before it buys a job.
        """
        assert request.model is not None
        assert request.dataset is not None
        if request.output_repo is not None:
            name = _full(request.output_repo, namespace)
            if name in promised:
                raise UserError(
                    f"Another run that is not over yet writes to {name}.", "Name another output, or wait for that run."
                )
        else:
            name = f"{namespace}/{default_output_names(request.model, request.dataset, request.method)[0][:_STEM]}"
        return {**self._hub.existing(name.rstrip("-.")), **dict.fromkeys(promised)}


def _full(name: str, namespace: str) -> str:
    return name if "/" in name else f"{namespace}/{name}"


def _near(words: str, search: Callable[[str], Sequence[str]]) -> list[str]:
    """What the Hub has that is called much like the words, which it found nothing for; the likest first."""
    return next((near for stem in stems(words) if (near := alike(words, search(stem)))), [])


def _meant(field: str, words: str, found: Sequence[str], *, example: str, exact: bool = True) -> str:
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
            f"Write its full name with the owner, such as {example}.",
        )
    raise Unclear(
        f"Which {field} do you mean by “{words}”?"
        if exact
        else f"I found no {field} called “{words}” on the Hub. Do you mean one of these?",
        "Answer here with one of these names, or with the full name of another.",
        field=field,
        choices=found,
    )
