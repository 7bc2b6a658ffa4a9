"""The command line: commands, their options, what they ask for, and messages."""

from cecalc.cli.commands import app, main, status_of

__all__ = ["app", "main", "status_of"]
