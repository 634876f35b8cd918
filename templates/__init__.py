"""Jinja templates of code and documents; never of Slack messages."""
