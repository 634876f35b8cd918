"""Plan -> training script; log lines -> progress; log tail -> diagnosis. Pure: no network, no clock, no files."""

from bot.training.diagnose import diagnose
from bot.training.endings import ending
from bot.training.launch import launch_command
from bot.training.progress import read_progress
from bot.training.refusal import diagnose_refusal
from bot.training.render import render_script
from bot.training.tail import clean_tail, redact

__all__ = [
    "clean_tail",
    "diagnose",
    "diagnose_refusal",
    "ending",
    "launch_command",
    "read_progress",
    "redact",
    "render_script",
]
