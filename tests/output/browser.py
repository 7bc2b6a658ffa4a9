"""A headless Chromium, spoken to through pipes: what a page says, asks for and measures there."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PATH = shutil.which("chromium")
_FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe")


class Chromium:
    """A browser with one open tab."""

    def __init__(self) -> None:
        self.profile = tempfile.mkdtemp()
        (theirs, self._to), (self._from, ours) = os.pipe(), os.pipe()
        command = f'exec "$0" "$@" 3<&{theirs} 4>&{ours}'
        line = ["bash", "-c", command, str(PATH), *_FLAGS, f"--user-data-dir={self.profile}"]
        self._process = subprocess.Popen(
            line, pass_fds=(theirs, ours), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(theirs)
        os.close(ours)
        self._ids, self._rest, self.events = itertools.count(1), b"", list[dict[str, Any]]()
        self._session: dict[str, Any] = {}
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        found = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = {"sessionId": found["sessionId"]}
        for domain in ("Page", "Log", "Runtime", "Network"):
            self.call(f"{domain}.enable")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._to)
        os.close(self._from)
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """What the browser answers; events that come before it are kept."""
        number = next(self._ids)
        message = {"id": number, "method": method, "params": params} | self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != number:
            self.events.append(answer)
        result: dict[str, Any] = answer["result"]
        return result

    def open(self, page: Path, *, width: int, scheme: str = "light") -> None:
        """Show a page, and forget what was before it."""
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        media = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", features=media)
        self.events.clear()
        self.call("Page.navigate", url=page.as_uri())
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.events.append(self._next())

    def value(self, expression: str) -> Any:
        """What an expression of JavaScript comes to in the page."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return found["result"].get("value")

    def of(self, *methods: str) -> list[dict[str, Any]]:
        """What has happened since the page was opened."""
        return [event["params"] for event in self.events if event["method"] in methods]

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            if not (read := os.read(self._from, 2**16)):
                raise EOFError("the browser has left")
            self._rest += read
        first, self._rest = self._rest.split(b"\0", 1)
        message: dict[str, Any] = json.loads(first)
        return message
