"""The guide: the pages beside this file, in Markdown, each a topic of `cecalc guide`.

A page is added by adding its file. It begins with ``# Title``; the next line is what the list of
topics says of it.
"""

from __future__ import annotations

import os
import shutil
from importlib import resources

from cecalc.errors import UsageError, excerpt, suggestion
from cecalc.request import Screen

FIRST = ("concepts", "which-loss", "explain", "why", "confusions")
"""What a reader begins with; the other topics follow in alphabetical order."""
_NOT_RUN = (126, 127)
"""What a shell says of a program that it cannot run."""


def topics() -> list[str]:
    """The names of the pages, in the order of the list."""
    names = [file.name for file in resources.files(__name__).iterdir()]
    found = sorted(name.removesuffix(".md") for name in names if name.endswith(".md"))
    return sorted(found, key=lambda topic: FIRST.index(topic) if topic in FIRST else len(FIRST))


def page(topic: str) -> str:
    """The page as it is written.

    Raises
    ------
    UsageError : there is none
    """
    known = topics()
    if topic not in known:
        rule = f"no topic {excerpt(topic)}{suggestion(topic.lower(), known)}"
        raise UsageError(rule, hint=f"one of {', '.join(known)}")
    return resources.files(__name__).joinpath(f"{topic}.md").read_text("utf-8")


def contents() -> str:
    """The list of topics, with the line that each page says of itself."""
    lines = {topic: page(topic).splitlines()[1] for topic in topics()}
    width = max(map(len, lines))
    listed = [f" {topic:{width}}  {line}\n" for topic, line in lines.items()]
    return "".join([*listed, "\n cecalc guide TOPIC shows a page\n"])


def paged(text: str, screen: Screen) -> bool:
    """Show the text by a pager where it is longer than the terminal; whether that was done."""
    terminal = shutil.get_terminal_size()
    command = os.environ.get("PAGER", shutil.which("less") or shutil.which("more") or "")
    is_dumb = os.environ.get("TERM") == "dumb"
    if screen.width is None or is_dumb or not command or text.count("\n") < terminal.lines:
        return False
    import signal
    import subprocess

    own = signal.signal(signal.SIGINT, lambda *_: None)  # an interrupt is the pager's to understand
    try:
        environment = {"LESS": "FRX"} | os.environ
        run = subprocess.run(command, shell=True, input=text.encode(), env=environment, check=False)  # noqa: S602
    finally:
        signal.signal(signal.SIGINT, own)
    return run.returncode not in _NOT_RUN
