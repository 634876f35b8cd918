"""Figures for what can be measured: each corpus has a subcommand of `python -m tests.accuracy`."""
