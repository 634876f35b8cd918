"""Plan -> training script; log lines -> progress; log tail -> diagnosis. Pure: no network, no clock, no files."""

from bot.training.diagnose import diagnose
from bot.training.endings import after_the_push, ending
from bot.training.launch import launch_command
from bot.training.outcome import Outcome, outcome
from bot.training.progress import read_progress
from bot.training.refusal import diagnose_refusal
from bot.training.render import render_script
from bot.training.serving import vllm_rank
from bot.training.tail import clean_tail, redact

__all__ = [
    "Outcome",
    "after_the_push",
    "clean_tail",
    "diagnose",
    "diagnose_refusal",
    "ending",
    "launch_command",
    "outcome",
    "read_progress",
    "redact",
    "render_script",
    "vllm_rank",
]
