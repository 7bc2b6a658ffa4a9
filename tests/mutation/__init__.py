"""Faults planted one at a time, and whether the tests see them: ``python -m tests.mutation``.

cosmic-ray (``pip install 'cecalc[mutation]'``) says where a fault can be and writes it; each is
tried in a fork of a process that has everything imported but cecalc itself, so that a fault costs
little more than the tests that see it. No file is changed.
"""
