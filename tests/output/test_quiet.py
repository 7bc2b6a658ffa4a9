"""`-q`: the numbers a script wants, in full."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from cecalc.items import Item
from cecalc.output import quiet
from cecalc.request import Screen
from cecalc.terms import Reduction
from tests.output.examples import batch, bce, ce, founding, softmax

HALF = "0.6931471805599453"


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        pytest.param(founding(), "1.9789608521490663\n", id="mean"),
        pytest.param(founding(reduction=Reduction.SUM), "3.9579217042981325\n", id="sum"),
        pytest.param(
            founding(reduction=Reduction.NONE),
            "1.763756416846708\n2.1941652874514244\n",
            id="none",
        ),
        pytest.param(
            ce(batch([[0, 0]] * 2, [-100, 0]), reduction=Reduction.NONE),
            f"0\n{HALF}\n",
            id="an ignored row is torch's zero",
        ),
        pytest.param(bce(batch([[0, 0]], [[1, 0]])), f"{HALF}\n", id="cells, mean"),
        pytest.param(
            bce(batch([[0, 0]] * 2, [[1, -1], [0, 1]]), reduction=Reduction.NONE),
            f"{HALF},0\n{HALF},{HALF}\n",
            id="cells, none",
        ),
        pytest.param(softmax(batch([[0, 0]] * 2)), "0.5,0.5\n0.5,0.5\n", id="softmax"),
    ],
)
def test_whole_text(items: Iterable[Item], expected: str) -> None:
    assert "".join(quiet.render(iter(items), Screen())) == expected
