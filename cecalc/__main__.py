"""``python -m cecalc``."""

from cecalc.cli import main

main()
