"""Damaged input for every reader: no traceback, no hang, no growth, no silently different number.

    python -m tests.fuzz [TARGET ...] [--seconds N] [--engine NAME] [--keep FOLDER]

Each input goes through the real program (`cecalc.cli.status_of`), in-process. What it accepts is
read a second time by an independent strict reference, which has to see the same numbers and the
same losses. A change in data that a format has no checksum for cannot be told from data: then the
reference has to see the same changed number.
"""
