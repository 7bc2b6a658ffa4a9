"""Hints: what looks wrong in an input that breaks no rule. They change no number."""
