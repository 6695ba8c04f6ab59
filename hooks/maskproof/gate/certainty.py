"""How sure a number of cases makes a limit.

A limit that lies at the largest of n values says little about the next one: any of n + 1 values that came about alike
is as likely to be the largest, so about 1 in n + 1 further edits goes over it. That is the middle; how bad it can be is
told by a bound. With none of n over the limit, the share of such edits among all others like them is, with 95 %
certainty, at most 1 - 0.05^(1/n), about 3 / n (the rule of three). With some over it, the binomial sum is solved.

It holds whatever the values' distribution, for a limit that stood before (Clopper and Pearson, Biometrika 26, 1934) as
for one put at a value of the edits themselves (Wilks, Ann. Math. Statist. 12, 1941), and for edits that are like those
in the table only: of another editor nothing is known. Where several limits are set by the same edits, each counts like
one edit more that is over (Tukey, Ann. Math. Statist. 18, 1947). The rule of three: Hanley and Lippman-Hand, JAMA 249,
1983. A margin above the largest value makes the limit surer by what nobody can tell from the cases alone.
"""

from __future__ import annotations

import math

from msgspec import Struct

CERTAINTY = 0.95
"""chance that a bound holds, as is usual"""
SHARE = 0.05
"""share of further edits over a limit that can be lived with: 1 in 20"""
HALVINGS = 60
"""steps that find a bound to the last digit of a float"""


class Certainty(Struct, frozen=True):
    """What cases say about further ones like them."""

    cases: int
    over: int = 0
    """of the cases, how many are on the wrong side"""

    @property
    def expected(self) -> float:
        """Share of further ones to be expected on the wrong side, 0 to 1; with no case, 1."""
        return (self.over + 1) / (self.cases + 1)

    @property
    def at_most(self) -> float:
        """Share of further ones that is not exceeded with `CERTAINTY`, 0 to 1."""
        if self.over >= self.cases:
            return 1.0
        if self.over == 0:
            return 1 - float((1 - CERTAINTY) ** (1 / self.cases))
        low, high = 0.0, 1.0
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            low, high = (low, middle) if chance(self.cases, self.over, middle) <= 1 - CERTAINTY else (middle, high)
        return high

    @property
    def needed(self) -> int:
        """Cases from which on, with as many on the wrong side, `at_most` is within `SHARE`."""
        cases = self.over + 1
        while chance(cases, self.over, SHARE) > 1 - CERTAINTY:
            cases += 1
        return cases


def chance(cases: int, over: int, share: float) -> float:
    """The chance that of so many cases no more than `over` are on the wrong side, where `share` of all are (0 < 1)."""
    whole = math.lgamma(cases + 1)
    return math.fsum(
        math.exp(
            whole
            - math.lgamma(at + 1)
            - math.lgamma(cases - at + 1)
            + at * math.log(share)
            + (cases - at) * math.log1p(-share)
        )
        for at in range(over + 1)
    )
