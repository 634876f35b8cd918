"""The values that travel between the parts: requests, facts, plans, runs.

All frozen; a change is `model_copy(update=...)`. Nothing here reads the network, the database or the clock.
"""

from bot.models.examples import Examples
from bot.models.facts import DatasetInfo, Flavor, ModelInfo
from bot.models.job import Diagnosis, Job, JobStage, Landed, Log, Point, Progress, Remedy, Report, Usage
from bot.models.ledger import Ledger, Share
from bot.models.mapping import At, Call, ColumnMapping, Constant, Expression
from bot.models.past import PastRun
from bot.models.plan import (
    Check,
    Estimate,
    Fit,
    Option,
    Plan,
    Resume,
    TokenSample,
    TrainingArguments,
    Tuning,
)
from bot.models.preferences import Preferences, Verbosity
from bot.models.request import Method, TrainingRequest
from bot.models.rights import TokenRights
from bot.models.run import Alert, Delivered, Machine, Parent, Place, Problem, Question, Run, RunEvent
from bot.models.sample import Counted, Passage
from bot.models.value import Value

__all__ = [
    "Alert",
    "At",
    "Call",
    "Check",
    "ColumnMapping",
    "Constant",
    "Counted",
    "DatasetInfo",
    "Delivered",
    "Diagnosis",
    "Estimate",
    "Examples",
    "Expression",
    "Fit",
    "Flavor",
    "Job",
    "JobStage",
    "Landed",
    "Ledger",
    "Log",
    "Machine",
    "Method",
    "ModelInfo",
    "Option",
    "Parent",
    "Passage",
    "PastRun",
    "Place",
    "Plan",
    "Point",
    "Preferences",
    "Problem",
    "Progress",
    "Question",
    "Remedy",
    "Report",
    "Resume",
    "Run",
    "RunEvent",
    "Share",
    "TokenRights",
    "TokenSample",
    "TrainingArguments",
    "TrainingRequest",
    "Tuning",
    "Usage",
    "Value",
    "Verbosity",
]
