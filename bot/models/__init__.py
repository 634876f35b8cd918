"""The values that travel between the parts: requests, facts, plans, runs.

All frozen; a change is `model_copy(update=...)`. Nothing here reads the network, the database or the clock.
"""

from bot.models.facts import DatasetInfo, Flavor, ModelInfo
from bot.models.job import Diagnosis, Job, JobStage, Landed, Point, Progress, Report
from bot.models.plan import (
    Check,
    ColumnMapping,
    Estimate,
    Option,
    Plan,
    Resume,
    TokenSample,
    TrainingArguments,
    Tuning,
)
from bot.models.request import Method, TrainingRequest
from bot.models.run import Delivered, Place, Problem, Question, Run, RunEvent
from bot.models.value import Value

__all__ = [
    "Check",
    "ColumnMapping",
    "DatasetInfo",
    "Delivered",
    "Diagnosis",
    "Estimate",
    "Flavor",
    "Job",
    "JobStage",
    "Landed",
    "Method",
    "ModelInfo",
    "Option",
    "Place",
    "Plan",
    "Point",
    "Problem",
    "Progress",
    "Question",
    "Report",
    "Resume",
    "Run",
    "RunEvent",
    "TokenSample",
    "TrainingArguments",
    "TrainingRequest",
    "Tuning",
    "Value",
]
