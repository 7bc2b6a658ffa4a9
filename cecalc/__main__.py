"""The command `cecalc`, and ``python -m cecalc``: signals and streams first, then what is slow."""

from cecalc.process import die_by_signals, occupy_streams


def main() -> None:
    """Run the command line and leave with its status."""
    die_by_signals()
    occupy_streams()
    from cecalc import cli

    cli.main()


if __name__ == "__main__":
    main()
