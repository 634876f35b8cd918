"""Why the Hub refused to start a job -> the same kind of diagnosis that a failed job gets."""

from bot.errors import HubRefusal
from bot.models import Diagnosis

#: HTTP status -> (kind of bot.training.failures, what to do).
_BY_STATUS = {
    401: (
        "auth_invalid",
        "Whoever runs Tunesmith must replace HF_TOKEN by a valid token and restart it; then ask for the run again.",
    ),
    402: (
        "billing",
        "Add credits at https://huggingface.co/settings/billing for this namespace, then ask for the run again.",
    ),
    403: (
        "permission",
        "Give the token of Tunesmith job.write in the paying namespace, or let another namespace pay.",
    ),
}


def diagnose_refusal(refusal: HubRefusal) -> Diagnosis:
    """Explain why no job was started. Nothing was spent."""
    kind, fix = _BY_STATUS.get(refusal.status, ("job_refused", refusal.fix))
    return Diagnosis(kind=kind, cause=f"{refusal.problem} No job was started and nothing was spent.", fix=fix)
