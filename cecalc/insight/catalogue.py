"""The thirty confusions about cross-entropy and binary cross-entropy that people really have."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One confusion."""

    number: int
    title: str
    seen: str
    """What people see, in a sentence."""


_ENTRIES = (
    ("softmax before cross-entropy", "the loss stays well above 0, in a window of width 1"),
    ("the form of the target", "an error that does not name it, or another loss"),
    ("the weighted mean's denominator", "mean differs from none followed by .mean()"),
    ("a mean of means", "the loss depends on the batch size or on accumulation"),
    ("ignored rows in the mean", "the loss is too small, or nan"),
    ("labels out of range or 1-based", "an error, nan, or 0 without a word"),
    ("clipping", "a confident wrong row costs 100, 36.04, 34.54, 16.12 or 15.94"),
    ("raw scores in a loss on probabilities", "an error, or a finite number that trains badly"),
    ("BCE for one label per row", "the loss looks small and the accuracy high"),
    ("targets outside 0..1", "a negative loss without a floor"),
    ("the wrong axis", "a plausible wrong number where sizes happen to agree"),
    ("sigmoid before BCE with logits", "the loss stays between 0.3133 and 1.3133"),
    ("perplexity and the base of the logarithm", "the loss is 1.44 times larger, or 0.69 times"),
    ("the next-token shift", "the loss is near ln C though the model is good"),
    ("overflow and half precision", "nan, inf, 0, or digits that differ"),
    ("conventions of label smoothing", "a small difference with the same epsilon"),
    ("pos_weight and weight", "the loss is inflated"),
    ("-inf logits", "nan with one-hot targets, a number with indices"),
    ("conventions of scikit-learn's log_loss", "36.04 for a perfect model, or another number"),
    ("log_softmax before cross-entropy", "nothing: it changes nothing"),
    ("sum and mean", "the loss is N, C or N·C times too large"),
    ("targets that do not sum to 1", "the loss does not fall below a constant, or is negative"),
    ("(N, 1) beside (N,)", "a wrong number that nothing reports"),
    ("prediction and target swapped", "a negative loss, or 16 times the mean absolute error"),
    ("NLLLoss without log_softmax", "a negative loss, drifting to -1"),
    ("cross-entropy and KL divergence", "the loss is too small by the target's entropy, or by C"),
    ("is my loss too big?", "1.48 at 94 % accuracy; 0.693 or 2.303 for a long time"),
    ("one output column with softmax", "a loss of 0 from the start"),
    ("two logits or one", "different numbers from the same model"),
    ("the floor of soft targets", "the loss does not reach 0 though predictions are perfect"),
)

CATALOGUE = {n: Entry(n, title, seen) for n, (title, seen) in enumerate(_ENTRIES, start=1)}
"""Every entry by its number."""
