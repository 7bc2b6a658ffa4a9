"""The command `cecalc`, and ``python -m cecalc``: signals and streams first, then what is slow."""

import os

from cecalc.process import die_by_signals, occupy_streams


def main() -> None:
    """Run the command line and leave with its status."""
    die_by_signals()
    occupy_streams()
    # Nothing here multiplies matrices, and room for the threads that would is taken at once.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from cecalc import cli

    cli.main()


if __name__ == "__main__":
    main()
