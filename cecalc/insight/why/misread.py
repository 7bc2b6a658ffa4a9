"""The mistakes that are another form of the loss, or another reading of the target."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cecalc.insight.why.forms import (
    BCE,
    CE,
    KERAS,
    KERAS_TWICE,
    SKLEARN,
    SKLEARN_OLD,
    SKLEARN_SINGLE,
    TORCH,
    Form,
)
from cecalc.insight.why.mistakes import BCE_LINE, CE_LINE, Mistake, mistake


@dataclass(frozen=True)
class Misread:
    """A mistake that is a form, and a reading of the target."""

    mistake: Mistake
    form: Form
    reading: str = "given"


def _clipped(cap: str, whose: str, fix: str, framework: str) -> Mistake:
    says = f"-ln p was clipped at {cap}, as {whose} does, and confident wrong rows cost no more"
    return mistake(f"clipped at {cap}", 7, says, fix, 2, framework)


def _hard(cap: str, whose: str, fix: str, framework: str) -> Mistake:
    says = f"predicted classes were given instead of probabilities: {whose} makes it {cap} times "
    return mistake(f"hard predictions at {cap}", 19, f"{says}the error rate", fix, 2, framework)


_CATEGORICAL = "F.nll_loss(torch.log_softmax(logits, 1), target)  # from logits, never clipped"
_LIBRARIES = (
    ("16.118", "Keras (1e-7)", "keras", KERAS, "sigmoid_single"),
    ("36.0437", "scikit-learn (2.2e-16)", "sklearn", SKLEARN, "sigmoid"),
    ("34.5388", "scikit-learn before 1.2 (1e-15)", "sklearn", SKLEARN_OLD, "sigmoid"),
    ("15.9424", "scikit-learn on float32", "sklearn", SKLEARN_SINGLE, "sigmoid_single"),
)
"""What ln 0 costs, whose habit it is, where it clips, and the sigmoid it clips."""


def _of_libraries(*, is_of_cells: bool) -> Iterator[Misread]:
    """What each library makes of probabilities that it clips, and of predictions that are hard."""
    for cap, whose, framework, clip, sigmoid in _LIBRARIES:
        soft, hard, fix = Form("softmax", "log", clip), Form("hard", "log", clip), _CATEGORICAL
        if is_of_cells:
            soft, hard = Form(sigmoid, "bce", clip), Form("hard_cells", "bce", clip)
            fix = BCE_LINE
        yield Misread(_clipped(cap, whose, fix, framework), soft)
        yield Misread(_hard(cap, whose, BCE_LINE if is_of_cells else CE_LINE, framework), hard)


_SHIFTED = "the loss was computed on target {}: of the two places one counts classes from 1"

OF_CLASSES = (
    Misread(mistake("softmax before cross-entropy", 1,
        "the model ends in softmax, and cross-entropy applies softmax once more",
        f"{CE_LINE}  # raw outputs, no softmax"), Form("softmax", "ce")),
    Misread(mistake("sigmoid before cross-entropy", 1,
        "the model ends in sigmoid, and cross-entropy applies softmax to that",
        f"{CE_LINE}  # raw outputs, no sigmoid"), Form("sigmoid", "ce")),
    Misread(mistake("one-hot predictions as logits", 1,
        "predicted classes, one-hot, were given to cross-entropy as if they were logits",
        f"{CE_LINE}  # raw outputs, not argmax", 2), Form("hard", "ce")),
    Misread(mistake("BCE with logits on one-hot targets", 9,
        "binary cross-entropy was taken of all C logits against a one-hot target",
        f"{CE_LINE}  # one label per row"), BCE),
    Misread(mistake("softmax, then BCE", 9,
        "binary cross-entropy was taken of softmax outputs against a one-hot target",
        f"{CE_LINE}  # one label per row"), Form("softmax", "bce", TORCH)),
    Misread(mistake("NLLLoss on probabilities", 25,
        "NLLLoss got softmax outputs, where it takes log-probabilities: it prints -mean p",
        "loss = F.nll_loss(F.log_softmax(logits, 1), target)"), Form("softmax", "nll")),
    Misread(mistake("NLLLoss on logits", 25,
        "NLLLoss got raw logits, where it takes log-probabilities: it prints -mean logit",
        "loss = F.nll_loss(F.log_softmax(logits, 1), target)"), Form("logits", "nll")),
    Misread(mistake("class indices as cells", 2,
        "each row's class index was broadcast to the targets of all its cells",
        f"{CE_LINE}  # or F.one_hot(target, C).float() for BCE", 2), BCE, "index"),
    Misread(mistake("soft targets as classes", 2,
        "only the largest class of each soft target was used: target.argmax(1)",
        f"{CE_LINE}  # (N, C) floats are read as distributions"), CE, "largest"),
    Misread(mistake("targets minus 1", 6, _SHIFTED.format("- 1"),
        f"{CE_LINE}  # classes 0..C-1 in both places"), CE, "minus_one"),
    Misread(mistake("targets plus 1", 6, _SHIFTED.format("+ 1"),
        f"{CE_LINE}  # classes 0..C-1 in both places"), CE, "plus_one"),
    Misread(mistake("classes in the order of their sorted names", 19,
        "the columns were taken in the order of the sorted class names, as scikit-learn does",
        "logits = logits[:, [classes.index(c) for c in names]]", 1), CE, "by_name"),
    Misread(mistake("logits as probabilities", 8,
        "raw logits were taken for probabilities: divided by their sum, clipped at 1e-7",
        f"{CE_LINE}  # Keras: from_logits=True", 1, "keras"), Form("shares", "log", KERAS)),
    Misread(mistake("prediction and target swapped", 24,
        "cross-entropy got the target as its logits and the logits as its target",
        "loss = F.cross_entropy(input=logits, target=target)"), Form("logits", "swapped_ce")),
    Misread(mistake("logits in float16", 15, "the logits were rounded to float16",
        "loss = F.cross_entropy(logits.float(), target)", 3), Form("half", "ce")),
    Misread(mistake("logits in bfloat16", 15, "the logits were rounded to bfloat16",
        "loss = F.cross_entropy(logits.float(), target)", 3), Form("brain", "ce")),
    Misread(mistake("probabilities in float16", 15,
        "the softmax was rounded to float16 before its logarithm was taken",
        "loss = F.cross_entropy(logits.float(), target)", 3), Form("softmax_half", "log")),
    *_of_libraries(is_of_cells=False),
)  # fmt: skip
"""What becomes of a problem that has one class, or one distribution, in each row."""

_SIGMOID = "loss = F.binary_cross_entropy_with_logits(logits, target)  # raw outputs, no sigmoid"
_MAPPED = "loss = F.binary_cross_entropy_with_logits(logits, {})"

OF_CELLS = (
    Misread(mistake("sigmoid before BCE with logits", 12,
        "the model ends in sigmoid, and BCE with logits applies sigmoid once more", _SIGMOID),
        Form("sigmoid", "bce_logits")),
    Misread(mistake("cross-entropy on several labels", 22,
        "cross-entropy got the 0/1 rows as if they were distributions, though they sum to k",
        BCE_LINE), CE),
    Misread(mistake("softmax, then BCE", 9,
        "softmax made the outputs of a row compete, where each has a label of its own", _SIGMOID),
        Form("softmax", "bce", TORCH)),
    Misread(mistake("softmax before BCE with logits", 12,
        "the model ends in softmax, and BCE with logits applies sigmoid to that", _SIGMOID, 2),
        Form("softmax", "bce_logits")),
    Misread(mistake("logits as probabilities", 8,
        "raw logits were taken for probabilities and clipped to 0..1", BCE_LINE, 1, "keras"),
        Form("logits", "bce", KERAS)),
    Misread(mistake("targets 0 and 255", 10, "the target's 1 was 255: a mask of grey levels",
        _MAPPED.format("target / 255")), BCE, "times_255"),
    Misread(mistake("targets 1 and 2", 10, "targets were 1 and 2, where 0 and 1 are meant",
        _MAPPED.format("target - 1")), BCE, "plus_one"),
    Misread(mistake("targets -1 and 1", 10, "targets were -1 and 1, where 0 and 1 are meant",
        _MAPPED.format("(target + 1) / 2")), BCE, "signs"),
    Misread(mistake("labels exchanged", 6, "0 and 1 had changed places in the target",
        "loss = F.binary_cross_entropy_with_logits(logits, 1 - target)  # or mend the labels"),
        BCE, "exchanged"),
    Misread(mistake("prediction and target swapped", 24,
        "BCE with logits got the target as its logits and the logits as its target",
        "loss = F.binary_cross_entropy_with_logits(input=logits, target=target)"),
        Form("logits", "swapped_bce")),
    Misread(mistake("prediction and target swapped in Keras", 24,
        "binary_crossentropy got the probabilities as its target, the target as its prediction",
        BCE_LINE, 1, "keras"), Form("sigmoid", "swapped_keras")),
    Misread(mistake("a symmetric pair of logits", 29,
        "softmax was taken of (-z, z), which is the sigmoid of 2z, not of z", BCE_LINE),
        Form("doubled", "bce_logits")),
    Misread(mistake("logits in float16", 15, "the logits were rounded to float16",
        "loss = F.binary_cross_entropy_with_logits(logits.float(), target)", 3),
        Form("half", "bce_logits")),
    Misread(mistake("logits in bfloat16", 15, "the logits were rounded to bfloat16",
        "loss = F.binary_cross_entropy_with_logits(logits.float(), target)", 3),
        Form("brain", "bce_logits")),
    Misread(_clipped("100", "torch's BCELoss on a float32 sigmoid", BCE_LINE, "torch"),
        Form("sigmoid_single", "bce", TORCH)),
    Misread(_hard("100", "torch's BCELoss", BCE_LINE, "torch"),
        Form("hard_cells", "bce", TORCH)),
    Misread(_clipped("15.425", "TensorFlow 2.2 to 2.6", BCE_LINE, "keras"),
        Form("sigmoid_single", "bce", KERAS_TWICE)),
    *_of_libraries(is_of_cells=True),
)  # fmt: skip
"""What becomes of a problem whose cells have labels of their own."""
