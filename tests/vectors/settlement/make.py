"""Settles 100,000 made-up months with exact fractions, and writes one digest per 20,000 of them.

Written from the handbook, without a look at the program: a sale is energy x price, rounded half up to
the fen once per part of the day and price row; subsidy is on what was generated, sales are on what was
sold; tax is a part of sales above the exempt sum, rounded once. The program must come to the same digests.

    python3 tests/vectors/settlement/make.py > tests/vectors/settlement/digests.txt
"""

import hashlib
from fractions import Fraction
from math import floor

MASK = (1 << 64) - 1
BLOCK, BLOCKS = 20_000, 5


class Dice:
    """splitmix64"""

    def __init__(self, seed):
        self.state = seed

    def __call__(self, below):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return (z ^ (z >> 31)) % below


def fen(yuan):
    """Half up; nothing here is negative."""
    return floor(yuan * 100 + Fraction(1, 2))


def settle(n):
    dice = Dice(n)
    sells_all = dice(2) == 0
    subsidised = dice(3) == 0
    change = 2 + dice(30)  # the day of October from which the second row holds
    prices = {}
    for kind in ("feed_in", "subsidy"):
        for slot in ("peak", "flat", "valley"):
            prices[kind, slot] = (dice(100_000_000), dice(100_000_000))
    rate, exempt = dice(60_000), dice(200_000)
    energy = {}
    for day in range(1, 32):
        row = 1 if day >= change else 0
        for slot in ("peak", "flat", "valley"):
            generated = dice(600_000)
            fed_in = dice(generated + 1)
            sold = generated if sells_all else fed_in
            for kind, amount in (("feed_in", sold), ("subsidy", generated)):
                energy[kind, slot, row] = energy.get((kind, slot, row), 0) + amount
    totals = {"feed_in": 0, "subsidy": 0}
    for (kind, slot, row), scaled in energy.items():
        kwh, yuan_per_kwh = Fraction(scaled, 10_000), Fraction(prices[kind, slot][row], 100_000_000)
        totals[kind] += fen(kwh * yuan_per_kwh)
    gross, subsidy = totals["feed_in"], totals["subsidy"] if subsidised else 0
    tax = 0 if gross <= exempt else floor(Fraction(gross * rate, 1_000_000) + Fraction(1, 2))
    return f"{n} {gross} {tax} {subsidy} {gross - tax + subsidy}\n"


for block in range(BLOCKS):
    digest = hashlib.sha256()
    for n in range(block * BLOCK, (block + 1) * BLOCK):
        digest.update(settle(n).encode())
    print(digest.hexdigest())
