"""Both losses on the whiteboard: whole texts, as a person sees them."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from cecalc.explain import FORMATS
from cecalc.request import Rank, Screen
from cecalc.terms import Task
from tests import strategies
from tests.explain import explained
from tests.run.running import FEWER, ran

INF, NAN = math.inf, math.nan

FOUNDING = """\
 row 0              0         1        ▸2         3         Σ
──────────────────────────────────────────────────────────────
 logits x      2.0000   -3.0000    0.8000    1.2000
 target y      0         0         1         0
 CE
 exp x         7.3891    0.0498    2.2255    3.3201   12.9845
 softmax p     0.5691    0.0038    0.1714    0.2557    1.0000
 −y·ln p       0.0000    0.0000    1.7638    0.0000    1.7638
 p − y         0.5691    0.0038   -0.8286    0.2557
 BCE
 1 + exp(−x)   1.1353   21.0855    1.4493    1.3012
 sigmoid p     0.8808    0.0474    0.6900    0.7685    2.3867
 1 − p         0.1192    0.9526    0.3100    0.2315
 loss          2.1269    0.0486    0.3711    1.4633    4.0099
 p − y         0.8808    0.0474   -0.3100    0.7685

 CE loss = −ln p[2] = −ln(2.2255 / 12.9845) = −ln 0.1714 = 1.7638
         = max + ln Σ exp(x − max) − x[2] = 2 + ln 1.7573 − 0.8 = 1.7638
 BCE loss = −[y·ln p + (1 − y)·ln(1 − p)], p = 1 / (1 + exp(−x))
     loss[0] = −[0·ln 0.880797 + 1·ln 0.119203] = 2.1269
     loss[1] = −[0·ln 0.04743 + 1·ln 0.9526] = 0.0486
     loss[2] = −[1·ln 0.6900 + 0·ln 0.3100] = 0.3711
     loss[3] = −[0·ln 0.76852 + 1·ln 0.23148] = 1.4633

 row 1              0        ▸1         2         3         Σ
──────────────────────────────────────────────────────────────
 logits x      1.5000   -0.1000    0.9000   -1.3000
 target y      0         1         0         0
 CE
 exp x         4.4817    0.9048    2.4596    0.2725    8.1187
 softmax p     0.5520    0.1115    0.3030    0.0336    1.0000
 −y·ln p       0.0000    2.1942    0.0000    0.0000    2.1942
 p − y         0.5520   -0.8885    0.3030    0.0336
 BCE
 1 + exp(−x)   1.2231    2.1052    1.4066    4.6693
 sigmoid p     0.8176    0.4750    0.7109    0.2142    2.2177
 1 − p         0.1824    0.5250    0.2891    0.7858
 loss          1.7014    0.7444    1.2412    0.2410    3.9280
 p − y         0.8176   -0.5250    0.7109    0.2142

 CE loss = −ln p[1] = −ln(0.9048 / 8.1187) = −ln 0.11145 = 2.1942
         = max + ln Σ exp(x − max) − x[1] = 1.5 + ln 1.8115 − (-0.1) = 2.1942
 BCE loss = −[y·ln p + (1 − y)·ln(1 − p)], p = 1 / (1 + exp(−x))
     loss[0] = −[0·ln 0.81757 + 1·ln 0.18243] = 1.7014
     loss[1] = −[1·ln 0.4750 + 0·ln 0.5250] = 0.7444
     loss[2] = −[0·ln 0.71095 + 1·ln 0.28905] = 1.2412
     loss[3] = −[0·ln 0.21417 + 1·ln 0.78583] = 0.2410

 where the two part
 CE        sum 3.9579 / 2 = mean 1.9790   N = 2 rows, one loss each
 BCE       sum 7.9379 / 8 = mean 0.9922   N·C = 2·4 cells, one loss each
 factor C  7.93787 / 2 = 3.9689   BCE by rows is C = 4 times its mean
 Σ p       softmax 1: all over one Σ; sigmoid 2.3867, 2.2177: each over its own
 gradient  p − y for the sum; divided by 2 (CE) or 8 (BCE) for the mean

 the loss of this problem
 CE    torch.nn.CrossEntropyLoss: every row has exactly one class
 mean  nn.CrossEntropyLoss()(x, t) = 1.9790
 sum   nn.CrossEntropyLoss(reduction="sum")(x, t) = 3.9579

 --code prints the torch program that gives every number
"""

EXTREME = """\
 row 0                  0          ▸1            2           Σ
───────────────────────────────────────────────────────────────
 logits x       1000.0000      0.0000   -1000.0000
 target y          0           1            0
 CE
 exp(x − max)      1.0000      0.0000       0.0000      1.0000
 softmax p         1.0000      0.0000       0.0000      1.0000
 −y·ln p           0.0000   1000.0000       0.0000   1000.0000
 p − y             1.0000     -1.0000       0.0000
 BCE
 1 + exp(−x)       1.0000      2.0000          inf
 sigmoid p         1.0000      0.5000       0.0000      1.5000
 1 − p             0.0000      0.5000       1.0000
 loss           1000.0000      0.6931       0.0000   1000.6931
 p − y             1.0000     -0.5000       0.0000

 CE loss = (max − x[1]) + ln(1 + u) = (1000 − 0) + ln(1 + 0) = 1000.0000
           u = Σ exp(x − max) without the largest, whose 1 would hide it
 ! exp(1000) overflows float64 (above 709.78; float32: 88.72), so exp x / Σ exp x would be
   inf / inf = nan; exp(x − max) is at most 1
 ! softmax p of 1, 2 underflows to 0: x is over 744 below ln Σ exp x
 BCE loss = −[y·ln p + (1 − y)·ln(1 − p)], p = 1 / (1 + exp(−x))
          −ln p = max(−x, 0) + ln(1 + exp(−|x|)) and −ln(1 − p) = max(x, 0) + ln(1 + exp(−|x|))
          where p would lose digits
     loss[0] = 1000 + ln(1 + 0) = 1000.0000
     loss[1] = −[1·ln 0.5 + 0·ln 0.5] = 0.6931
     loss[2] = 0 + ln(1 + 0) = 0.0000
 ! exp(−x) of 2 overflows float64 (x below −709.78; float32: −88.72); sigmoid as exp x / (1 + exp x)
   does not
 ! p of 0 rounds to 1, so −ln(1 − p) would be inf

 where the two part
 CE        sum 1000 / 1 = mean 1000.0000   N = 1 row, one loss each
 BCE       sum 1000.6931 / 3 = mean 333.5644   N·C = 1·3 cells, one loss each
 factor C  1000.6931 / 1 = 1000.6931   BCE by rows is C = 3 times its mean
 Σ p       softmax 1: all over one Σ; sigmoid 1.5000: each over its own
 gradient  p − y for the sum; divided by 1 (CE) or 3 (BCE) for the mean

"""

SURE = """\
 row 0                   ▸0            1            Σ
──────────────────────────────────────────────────────
 logits x       37.0000       0.0000
 target y        1            0
 CE
 exp(x − max)    1.0000       8.5330e-17   1.0000
 softmax p       1.0000       8.5330e-17   1.0000
 −y·ln p         8.5330e-17   0.0000       8.5330e-17
 p − y          -8.5330e-17   8.5330e-17
 BCE
 1 + exp(−x)     1.0000       2.0000
 sigmoid p       1.0000       0.5000       1.5000
 1 − p           8.5330e-17   0.5000
 loss            8.5330e-17   0.6931       0.6931
 p − y          -8.5330e-17   0.5000

 CE loss = (max − x[0]) + ln(1 + u) = (37 − 37) + ln(1 + 8.5330e-17) = 8.5330e-17
           u = Σ exp(x − max) without the largest, whose 1 would hide it
 ! p of 0 rounds to 1, so −ln p would print 0
 BCE loss = −[y·ln p + (1 − y)·ln(1 − p)], p = 1 / (1 + exp(−x))
          −ln p = max(−x, 0) + ln(1 + exp(−|x|)) and −ln(1 − p) = max(x, 0) + ln(1 + exp(−|x|))
          where p would lose digits
     loss[0] = 0 + ln(1 + 8.5330e-17) = 8.5330e-17
     loss[1] = −[0·ln 0.5 + 1·ln 0.5] = 0.6931
 ! p of 0 rounds to 1, so −ln p would print 0

 where the two part
 CE           sum 8.5330e-17 / 1 = mean 8.5330e-17   N = 1 row, one loss each
 BCE          sum 0.6931 / 2 = mean 0.3466   N·C = 1·2 cells, one loss each
 factor C     0.6931 / 1 = 0.6931   BCE by rows is C = 2 times its mean
 Σ p          softmax 1: all over one Σ; sigmoid 1.5000: each over its own
 gradient     p − y for the sum; divided by 1 (CE) or 2 (BCE) for the mean
 two classes  CE(x) = 8.5330e-17 = BCE(x₁ − x₀ = -37, y₁ = 0)   row 0

"""

MASKED = """\
 row 0                   ▸0        1              2          Σ
───────────────────────────────────────────────────────────────
 logits x        1.0000         -inf   100.0000
 target y        1            0          0
 CE
 exp(x − max)    1.0112e-43   0.0000     1.0000         1.0000
 softmax p       1.0112e-43   0.0000     1.0000         1.0000
 −y·ln p        99.0000       0.0000     0.0000        99.0000
 p − y          -1.0000       0.0000     1.0000
 BCE
 1 + exp(−x)     1.3679          inf     1.0000
 sigmoid p       0.7311       0.0000     1.0000         1.7311
 1 − p           0.2689       1.0000     3.7201e-44
 loss            0.3133       0.0000   100.0000       100.3133
 p − y          -0.2689       0.0000     1.0000

 CE loss = −ln p[0] = −ln(1.0112e-43 / 1) = −ln 1.0112e-43 = 99.0000
         = (max − x[0]) + ln(1 + u) = (100 − 1) + ln(1 + 1.0112e-43) = 99.0000
           u = Σ exp(x − max) without the largest, whose 1 would hide it
 ! x of 1 is -inf, a masked class: exp x and p are 0; 0·ln 0 counts as 0, where torch prints nan
   unless the target is a class index
 BCE loss = −[y·ln p + (1 − y)·ln(1 − p)], p = 1 / (1 + exp(−x))
     loss[0] = −[1·ln 0.73106 + 0·ln 0.26894] = 0.3133
     loss[1] = −ln 1 = 0.0000
     loss[2] = −[0·ln 1 + 1·ln 3.7201e-44] = 100.0000
 ! p of 2 rounds to 1, so −ln(1 − p) would be inf
 ! x of 1 is infinite, a certain prediction: 0 where it is right, inf where it is wrong; torch
   prints nan (0·inf)

 where the two part
 CE        sum 99 / 1 = mean 99.0000   N = 1 row, one loss each
 BCE       sum 100.3133 / 3 = mean 33.4378   N·C = 1·3 cells, one loss each
 factor C  100.3133 / 1 = 100.3133   BCE by rows is C = 3 times its mean
 Σ p       softmax 1: all over one Σ; sigmoid 1.7311: each over its own
 gradient  p − y for the sum; divided by 1 (CE) or 3 (BCE) for the mean

"""

SINGLE = """\
 row 0                ▸x
────────────────────────────
 logits x         0.8000
 target y         1
 BCE
 1 + exp(−x)      1.4493
 sigmoid p        0.6900
 1 − p            0.3100
 loss             0.3711
 p − y           -0.3100

 BCE loss = −[y·ln p + (1 − y)·ln(1 − p)], p = 1 / (1 + exp(−x))
     loss = −[1·ln 0.6900 + 0·ln 0.3100] = 0.3711

 row 1                ▸x
────────────────────────────
 logits x      -800.0000
 target y         1
 BCE
 1 + exp(−x)         inf
 sigmoid p        0.0000
 1 − p            1.0000
 loss           800.0000
 p − y           -1.0000

 BCE loss = −[y·ln p + (1 − y)·ln(1 − p)], p = 1 / (1 + exp(−x))
          −ln p = max(−x, 0) + ln(1 + exp(−|x|)) and −ln(1 − p) = max(x, 0) + ln(1 + exp(−|x|))
          where p would lose digits
     loss = 800 + ln(1 + 0) = 800.0000
 ! exp(−x) of the cell overflows float64 (x below −709.78; float32: −88.72); sigmoid as
   exp x / (1 + exp x) does not
 ! p of the cell underflows to 0, so −ln p would be inf

 where the two part
 BCE       sum 800.3711 / 2 = mean 400.1856   N = 2 rows of one cell, one loss each
 CE        the same: softmax of (0, x) is sigmoid of x, so CE(0, x) = BCE(x)
 gradient  p − y for the sum; divided by 2 for the mean

"""

SOFT = """\
 row 0              0         1        ▸2        Σ
───────────────────────────────────────────────────
 logits x      2.0000   -3.0000    0.8000
 target y      0.1000    0         0.9000
 CE
 exp x         7.3891    0.0498    2.2255   9.6644
 softmax p     0.7646    0.0052    0.2303   1.0000
 −y·ln p       0.0268    0.0000    1.3216   1.3484
 p − y         0.6646    0.0052   -0.6697
 BCE
 1 + exp(−x)   1.1353   21.0855    1.4493
 sigmoid p     0.8808    0.0474    0.6900   1.6182
 1 − p         0.1192    0.9526    0.3100
 loss          1.9269    0.0486    0.4511   2.4266
 p − y         0.7808    0.0474   -0.2100

 CE loss = Σ y·(−ln p) = 0.1·0.2684 + 0.9·1.4684 = 1.3484
   −ln p = max + ln Σ exp(x − max) − x = 2 + ln 1.3079 − x
 BCE loss = −[y·ln p + (1 − y)·ln(1 − p)], p = 1 / (1 + exp(−x))
     loss[0] = −[0.1·ln 0.8808 + 0.9·ln 0.1192] = 1.9269
     loss[1] = −[0·ln 0.04743 + 1·ln 0.9526] = 0.0486
     loss[2] = −[0.9·ln 0.6900 + 0.1·ln 0.3100] = 0.4511

 where the two part
 CE        sum 1.3484 / 1 = mean 1.3484   N = 1 row, one loss each
 BCE       sum 2.4266 / 3 = mean 0.8089   N·C = 1·3 cells, one loss each
 factor C  2.4266 / 1 = 2.4266   BCE by rows is C = 3 times its mean
 Σ p       softmax 1: all over one Σ; sigmoid 1.6182: each over its own
 gradient  p − y for the sum; divided by 1 (CE) or 3 (BCE) for the mean

"""

MULTI_HOT = """\
 row 0              ▸0         1        ▸2        Σ
────────────────────────────────────────────────────
 logits x       2.0000   -3.0000    0.8000
 target y       1         0         1
 BCE
 1 + exp(−x)    1.1353   21.0855    1.4493
 sigmoid p      0.8808    0.0474    0.6900   1.6182
 1 − p          0.1192    0.9526    0.3100
 loss           0.1269    0.0486    0.3711   0.5466
 p − y         -0.1192    0.0474   -0.3100

 CE      none: the target sums to 2, not 1, and so is no distribution over the classes; several at
         once (multi-hot) belong to BCE. torch would compute (Σ y)·ln Σ exp x − Σ y·x without a
         word.
 BCE loss = −[y·ln p + (1 − y)·ln(1 − p)], p = 1 / (1 + exp(−x))
     loss[0] = −[1·ln 0.8808 + 0·ln 0.1192] = 0.1269
     loss[1] = −[0·ln 0.04743 + 1·ln 0.9526] = 0.0486
     loss[2] = −[1·ln 0.6900 + 0·ln 0.3100] = 0.3711

 row 1               0        ▸1         2        Σ
────────────────────────────────────────────────────
 logits x       1.0000    0.0000    0.0000
 target y       0         1         0
 CE
 exp x          2.7183    1.0000    1.0000   4.7183
 softmax p      0.5761    0.2119    0.2119   1.0000
 −y·ln p        0.0000    1.5514    0.0000   1.5514
 p − y          0.5761   -0.7881    0.2119
 BCE
 1 + exp(−x)    1.3679    2.0000    2.0000
 sigmoid p      0.7311    0.5000    0.5000   1.7311
 1 − p          0.2689    0.5000    0.5000
 loss           1.3133    0.6931    0.6931   2.6996
 p − y          0.7311   -0.5000    0.5000

 CE loss = −ln p[1] = −ln(1 / 4.7183) = −ln 0.211942 = 1.5514
         = max + ln Σ exp(x − max) − x[1] = 1 + ln 1.73576 − 0 = 1.5514
 BCE loss = −[y·ln p + (1 − y)·ln(1 − p)], p = 1 / (1 + exp(−x))
     loss[0] = −[0·ln 0.73106 + 1·ln 0.26894] = 1.3133
     loss[1] = −[1·ln 0.5 + 0·ln 0.5] = 0.6931
     loss[2] = −[0·ln 0.5 + 1·ln 0.5] = 0.6931

 where the two part
 CE        none: 1 of 2 rows with targets that do not sum to 1
 BCE       sum 3.2462 / 6 = mean 0.5410   N·C = 2·3 cells, one loss each
 factor C  3.2462 / 2 = 1.6231   BCE by rows is C = 3 times its mean
 Σ p       softmax 1: all over one Σ; sigmoid 1.6182, 1.7311: each over its own
 gradient  p − y for the sum; divided by 6 for the mean

"""

WIDE = """\
 row 0              ▸a         f         g         h         i         j   4 others          Σ
───────────────────────────────────────────────────────────────────────────────────────────────
 logits x       0.0000    2.5000    3.0000    3.5000    4.0000    4.5000
 target y       1         0         0         0         0         0          0
 CE
 exp x          1.0000   12.1825   20.0855   33.1155   54.5982   90.0171    16.2377   227.2365
 softmax p      0.0044    0.0536    0.0884    0.1457    0.2403    0.3961     0.0715     1.0000
 −y·ln p        5.4260    0.0000    0.0000    0.0000    0.0000    0.0000     0.0000     5.4260
 p − y         -0.9956    0.0536    0.0884    0.1457    0.2403    0.3961
 BCE
 1 + exp(−x)    2.0000    1.0821    1.0498    1.0302    1.0183    1.0111
 sigmoid p      0.5000    0.9241    0.9526    0.9707    0.9820    0.9890     3.0519     8.3703
 1 − p          0.5000    0.0759    0.0474    0.0293    0.0180    0.0110
 loss           0.6931    2.5789    3.0486    3.5298    4.0181    4.5110     6.1157    24.4953
 p − y         -0.5000    0.9241    0.9526    0.9707    0.9820    0.9890

 CE loss = −ln p[a] = −ln(1 / 227.2365) = −ln 0.0044007 = 5.4260
         = max + ln Σ exp(x − max) − x[a] = 4.5 + ln 2.5244 − 0 = 5.4260
 BCE loss = −[y·ln p + (1 − y)·ln(1 − p)], p = 1 / (1 + exp(−x))
     loss[a] = −[1·ln 0.5 + 0·ln 0.5] = 0.6931
     loss[f] = −[0·ln 0.9241 + 1·ln 0.07586] = 2.5789
     loss[g] = −[0·ln 0.952574 + 1·ln 0.047426] = 3.0486
     loss[h] = −[0·ln 0.9707 + 1·ln 0.02931] = 3.5298
     loss[i] = −[0·ln 0.98201379 + 1·ln 0.01798621] = 4.0181
     loss[j] = −[0·ln 0.989013 + 1·ln 0.010987] = 4.5110

 where the two part
 CE        sum 5.4260 / 1 = mean 5.4260   N = 1 row, one loss each
 BCE       sum 24.4953 / 10 = mean 2.4495   N·C = 1·10 cells, one loss each
 factor C  24.4953 / 1 = 24.4953   BCE by rows is C = 10 times its mean
 Σ p       softmax 1: all over one Σ; sigmoid 8.3703: each over its own
 gradient  p − y for the sum; divided by 1 (CE) or 10 (BCE) for the mean

"""

IGNORED = """\
 row 0              0        ▸1         Σ
──────────────────────────────────────────
 logits x      1.0000    2.0000
 target y      0         1
 CE
 exp x         2.7183    7.3891   10.1073
 softmax p     0.2689    0.7311    1.0000
 −y·ln p       0.0000    0.3133    0.3133
 p − y         0.2689   -0.2689
 BCE
 1 + exp(−x)   1.3679    1.1353
 sigmoid p     0.7311    0.8808    1.6119
 1 − p         0.2689    0.1192
 loss          1.3133    0.1269    1.4402
 p − y         0.7311   -0.1192

 CE loss = −ln p[1] = −ln(7.3891 / 10.1073) = −ln 0.73106 = 0.3133
         = max + ln Σ exp(x − max) − x[1] = 2 + ln 1.3679 − 2 = 0.3133
 BCE loss = −[y·ln p + (1 − y)·ln(1 − p)], p = 1 / (1 + exp(−x))
     loss[0] = −[0·ln 0.73106 + 1·ln 0.26894] = 1.3133
     loss[1] = −[1·ln 0.8808 + 0·ln 0.1192] = 0.1269

 row 1 is ignored: it counts in neither loss

 where the two part
 CE           sum 0.3133 / 1 = mean 0.3133   N = 1 row, one loss each
 BCE          sum 1.4402 / 2 = mean 0.7201   N·C = 1·2 cells, one loss each
 factor C     1.4402 / 1 = 1.4402   BCE by rows is C = 2 times its mean
 Σ p          softmax 1: all over one Σ; sigmoid 1.6119: each over its own
 gradient     p − y for the sum; divided by 1 (CE) or 2 (BCE) for the mean
 two classes  CE(x) = 0.3133 = BCE(x₁ − x₀ = 1, y₁ = 1)   row 0

"""


def rows_of(logits: Any, target: Any, **options: Any) -> str:
    """The text up to the words, which are always the same, and the verdict."""
    text = explained.text(logits, target, **options)
    return re.split(" in a word| the loss of this", text)[0]


@pytest.mark.parametrize(
    ("golden", "logits", "target", "options"),
    [
        (EXTREME, [[1000, 0, -1000]], [1], {}),
        (SURE, [[37, 0]], [0], {}),
        (MASKED, [[1, -INF, 100]], [0], {}),
        (SINGLE, [[0.8], [-800]], [1, 1], {}),
        (SOFT, [[2, -3, 0.8]], [[0.1, 0, 0.9]], {}),
        (MULTI_HOT, [[2, -3, 0.8], [1, 0, 0]], [[1, 0, 1], [0, 1, 0]], {}),
        (WIDE, [[0.5 * c for c in range(10)]], [0], {"classes": tuple("abcdefghij")}),
        (IGNORED, [[1, 2], [3, 4]], [1, -100], {}),
    ],
    ids=["extreme", "sure", "masked", "one logit", "soft", "multi-hot", "wide", "ignored"],
)
def test_rows(golden: str, logits: Any, target: Any, options: dict[str, Any]) -> None:
    assert rows_of(logits, target, **options) == golden


def test_founding_example() -> None:
    found = explained.text([[2, -3, 0.8, 1.2], [1.5, -0.1, 0.9, -1.3]], [2, 1])
    assert found == FOUNDING


EXTREMES = [
    ([[1000, 0]], [1], "exp(1000) overflows float64 (above 709.78; float32: 88.72)"),
    ([[-1000, -1000]], [1], "every exp x underflows to 0 (below −745.13; float32: −103.97)"),
    ([[0, -800]], [1], "softmax p of 1 underflows to 0"),
    ([[0] * 7 + [-744]], [7], "softmax p of 7 underflows to 0: x is over 744 below ln Σ exp x"),
    ([[1.7e308, -1e308]], [1], "softmax p of 1 underflows to 0: x is over 744 below ln Σ exp x"),
    ([[0, -INF]], [1], "x of 1 is -inf where the target is: loss inf"),
    ([[0, -40]], [0], "1 − p of 1 rounds to 1, so −ln(1 − p) would print 0"),
    ([[0, 40]], [0], "p of 1 rounds to 1, so −ln(1 − p) would be inf"),
    ([[0, 40]], [1], "p of 1 rounds to 1, so −ln p would print 0"),
    ([[-800]], [1], "p of the cell underflows to 0, so −ln p would be inf"),
    ([[INF]], [1], "x of the cell is infinite, a certain prediction"),
]


@pytest.mark.parametrize(("logits", "target", "line"), EXTREMES)
def test_what_is_extreme_is_said(logits: Any, target: Any, line: str) -> None:
    found = explained.text(logits, target, screen=Screen(width=10_000))
    assert f" ! {line}" in found


@pytest.mark.parametrize("logits", [[[0, -745]], [[-745]], [[0, 0, -710, 1]]])
def test_a_probability_without_its_digits_stands_in_no_equation(logits: Any) -> None:
    """−ln 4.9407e-324 is 744.4401, where the loss is 745."""
    found = explained.text(logits, [int(np.argmin(logits[0])) or 1], screen=Screen(width=10_000))
    assert not re.search(r"ln \d\.\d+e-3[012]\d", found)
    assert not re.search(r"\d\.\d+e-3[012]\d /", found)


@pytest.mark.parametrize("x", [INF, -INF])
@pytest.mark.parametrize("y", [0.0, 0.5, 1.0])
def test_what_torch_prints_for_an_infinite_logit(x: float, y: float) -> None:
    loss = torch.nn.functional.binary_cross_entropy_with_logits(
        torch.tensor([x, 0.0]), torch.tensor([y, 0.25]), reduction="none"
    )
    found = explained.text([[x, 0.0]], [[y, 0.25]], screen=Screen(width=10_000))
    line = next(line for line in found.splitlines() if "a certain prediction" in line)
    assert ("torch prints nan" in line) == bool(loss[0].isnan())


def test_torch_s_nan_is_told_of_those_that_have_it() -> None:
    found = explained.text([[INF, -INF, 0]], [[0, 0, 0]], screen=Screen(width=10_000))
    assert "inf where it is wrong; torch prints nan for 1 (0·inf)" in found


def test_a_sum_beyond_float64_stands_in_no_equation() -> None:
    found = explained.text([[1.7e308, 1.7e308, 0]] * 2, [2, 2], screen=Screen(width=10_000))
    assert "BCE       mean 1.1333e308 of 6; their sum is beyond float64" in found
    assert "CE        mean 1.7000e308 of 2; their sum is beyond float64" in found
    assert "inf /" not in found.replace("inf / inf = nan", "")
    assert "= inf" not in found.partition("the loss of this problem")[0]


def test_names_of_classes_stand_as_they_are() -> None:
    """Also where they look like the marks of a template."""
    names = ("a `b` c", "{names} {0}")
    found = explained.text([[0, -1000]], [1], screen=Screen(width=10_000), classes=names)
    assert " ! softmax p of {names} {0} underflows to 0" in found
    found = explained.text([[-1000, 0]], [0], screen=Screen(width=10_000), classes=names)
    assert " ! softmax p of a `b` c underflows to 0" in found


def test_nothing_is_extreme_about_mild_logits() -> None:
    assert " ! " not in explained.text([[5, -5, 0], [15, 14, -15]], [0, 1])


def test_of_many_rows_the_three_highest_losses_are_shown() -> None:
    logits = [[0, row] for row in range(10)]
    found = explained.text(logits, [0] * 10)
    assert re.findall(r"^ row \d", found, re.MULTILINE) == [" row 7", " row 8", " row 9"]
    assert (
        "\n the three highest losses (CE) of 10 rows; --top K or --bottom K shows others\n" in found
    )
    code = explained.text(logits, [0] * 10, FORMATS["code"])
    assert "# 3 rows of 10\n" in code


@pytest.mark.parametrize(
    ("rank", "rows", "line"),
    [
        (Rank(2), [9, 8], "the 2 highest losses (CE) of 10 rows, highest first"),
        (Rank(1, lowest=True), [0], "the lowest loss (CE) of 10 rows"),
    ],
)
def test_other_rows_are_shown_where_asked_for(rank: Rank, rows: list[int], line: str) -> None:
    found = explained.text([[0, row] for row in range(10)], [0] * 10, rank=rank)
    assert [int(row) for row in re.findall(r"^ row (\d)", found, re.MULTILINE)] == rows
    assert f"\n {line}\n" in found


def test_code_is_left_to_its_option() -> None:
    found = explained.text([[0.0] * 65], [1])
    assert found.endswith("\n --code prints the torch program that gives every number\n")
    assert "import torch" not in found


WIDTHS = Path(__file__).parent / "widths"
"""Whole texts at the widths of terminals: `classes-columns.txt`."""


@pytest.mark.parametrize("columns", [60, 80, 100, 200])
@pytest.mark.parametrize("classes", [3, 10, 200])
def test_whole_texts_at_the_widths_of_terminals(classes: int, columns: int) -> None:
    """Classes that have no column are summed up in one."""
    rng = np.random.default_rng(classes)
    logits = rng.normal(0, 2, (1, classes)).round(2).tolist()
    found = explained.text(logits, [2], screen=Screen(width=columns))
    assert max(map(cell_len, found.split("\n"))) <= columns
    assert found == (WIDTHS / f"{classes}-{columns}.txt").read_text()


def test_long_names_are_shortened_before_classes_go() -> None:
    names = tuple(f"a_long_name_that_says_{c}_in_the_midst_of_it" for c in range(10))
    found = explained.text([[*range(10)]], [3], screen=Screen(width=60), classes=names)
    assert max(map(cell_len, found.split("\n"))) <= 60
    assert "▸…3_i…f_it" in found
    assert "\n names are shortened in the middle; -f json has them whole\n" in found


@FEWER
@given(
    strategies.logits(max_classes=12, magnitudes=("±5",)),
    strategies.generators(),
    st.sampled_from([72, 80, 100]),
)
def test_lines_fit_the_terminal(logits: np.ndarray, rng: np.random.Generator, width: int) -> None:
    """By fewer classes, and by formulas on several lines; no number is cut."""
    target = rng.integers(0, max(2, logits.shape[1]), len(logits))
    found = explained.text(logits.tolist(), target.tolist(), screen=Screen(width=width))
    text = found.partition("\n --code prints")[0]
    assert "…" not in text
    assert max(map(cell_len, text.split("\n"))) <= width


@FEWER
@given(
    strategies.logits(masks=True),
    strategies.generators(),
    st.sampled_from(["index", "dist", "multi-hot"]),
)
def test_any_logits_are_explained(logits: np.ndarray, rng: np.random.Generator, form: str) -> None:
    """Without a warning, and without a nan but where something else is said to print one."""
    target: Any = rng.integers(0, 2, logits.shape)
    if form == "dist":
        target = strategies.draw_distributions(rng, logits.shape)
    elif form == "index" and logits.shape[1] > 1:
        target = strategies.draw_index(rng, logits)
    found = explained.text(logits.tolist(), target.tolist(), screen=Screen(width=1000))
    lines = found.partition("\n --code prints")[0].split("\n")
    assert not [line for line in lines if "nan" in line and not line.startswith(" ! ")]


@given(strategies.logits(masks=True), strategies.generators())
def test_sums_and_losses_are_those_of_ce_and_bce(logits: np.ndarray, rng: Any) -> None:
    """To the last digit."""
    if logits.shape[1] == 1:
        target = rng.integers(0, 2, len(logits))
        cells = target[:, None]
    else:
        target = strategies.draw_index(rng, logits)
        cells = np.eye(logits.shape[1])[target]
    found = explained.explanation(logits.tolist(), target.tolist())
    bce = ran(Task.BCE, logits.tolist(), cells.tolist())
    assert (found.bce.numerator, found.bce.mean) == (bce.report.numerator, bce.report.mean)
    ours = [row.bce.cells.tolist() for row in found.rows if row.bce]
    assert ours == bce.rows("cell_loss").tolist()
    if logits.shape[1] > 1:
        ce = ran(Task.CE, logits.tolist(), target.tolist())
        assert found.ce is not None
        assert (found.ce.numerator, found.ce.mean) == (ce.report.numerator, ce.report.mean)
        assert [row.ce.loss for row in found.rows if row.ce] == ce.rows("loss").tolist()


def test_json_holds_the_steps() -> None:
    found = explained.document([[2, -INF], [0, 0], [1, 1]], [0, -100, 1])
    first, ignored, _ = found["rows"]
    assert ignored == {"row": 1, "status": "ignored"}
    assert (first["logits"], first["logits_status"]) == ([2, None], "non-finite")
    assert (first["target"], first["ce"]["softmax"]) == ([1, 0], [1, 0])
    assert first["ce"].keys() >= {"exp", "sum_exp", "max", "surprisal", "loss", "gradient"}
    assert first["bce"].keys() >= {"denominator", "sigmoid", "complement", "cells", "sum"}
    assert (found["ce"]["rows_used"], found["bce"]["cells_used"]) == (2, 4)
    assert found["rows_without_ce"] == 0


def test_json_says_where_there_is_no_cross_entropy() -> None:
    found = explained.document([[2, 1, 0], [1, 0, 0]], [[1, 1, 0], [0, 0, 1]])
    assert (found["ce"], found["rows_without_ce"]) == (None, 1)
    assert [row["ce"] is None for row in found["rows"]] == [True, False]
    assert found["rows"][1]["ce"]["loss"] == explained.explanation([[1, 0, 0]], [2]).ce.mean  # type: ignore[union-attr]


def test_rows_do_not_depend_on_how_they_were_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor which of them are shown, where only the last one is multi-hot."""
    from cecalc.input import array_problem, shapes

    rng = np.random.default_rng(1)
    logits = rng.normal(size=(50, 3)).tolist()
    target = [*np.eye(3)[rng.integers(0, 3, 49)].tolist(), [1, 1, 0]]
    once = explained.text(logits, target)
    for room in (array_problem, shapes):
        monkeypatch.setattr(room, "BATCH_VALUES", 12)
    assert explained.text(logits, target) == once
    assert "highest losses (BCE) of 50 rows" in once
    assert "CE        none: 1 of 50 rows with targets that do not sum to 1" in once
