"""One target under one engine, in a process of its own: what ends it ends nothing else.

python -m tests.fuzz.worker TARGET ENGINE SECONDS SEED KEEP
"""

from __future__ import annotations

import sys
import tempfile
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages


def main(name: str, engine: str, seconds: float, seed: int, keep: Path) -> None:
    """Fuzz until the time is over; counts and findings go to `keep`."""
    if engine == "atheris":
        import atheris

        with atheris.instrument_imports(include=["cecalc"]):
            package = import_module("cecalc")
            for module in walk_packages(package.__path__, "cecalc."):
                if not module.name.endswith("__main__"):
                    import_module(module.name)
    from tests.fuzz.engines import ENGINES
    from tests.fuzz.session import Session
    from tests.fuzz.shell import Shell
    from tests.fuzz.targets import every

    with Shell() as shell, tempfile.TemporaryDirectory() as folder:
        inputs = Path(folder, "inputs")
        inputs.mkdir()
        session = Session(every()[name], shell, inputs, keep)
        try:
            ENGINES[engine](session, seconds, seed)
        finally:
            session.write_report()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4]), Path(sys.argv[5]))
