"""Settles one month of made-up sellers with exact fractions, all at the prices of one book, and writes a digest for
each number of sellers. Written from the handbook, without a look at the program: see make.py for the rules.

    python3 tests/vectors/settlement/month.py 4000 20000 100000 1000000 > tests/vectors/settlement/months.txt
"""

import hashlib
import sys
from fractions import Fraction
from math import floor

MASK = (1 << 64) - 1
# yuan per kWh: until 15 October, from 16 October.
SALES = {
    "peak": (Fraction("0.3035"), Fraction("0.31270001")),
    "valley": (Fraction("0.1821"), Fraction("0.17650009")),
}
SUBSIDY = Fraction("0.03")
TAX, EXEMPT = Fraction(1, 100), 40_000


def numbers(seed):
    """splitmix64"""
    state = seed
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        yield z ^ (z >> 31)


def fen(yuan):
    """Half up; nothing here is negative."""
    return floor(yuan * 100 + Fraction(1, 2))


def settle(n):
    dice = numbers(n)
    sells_all = next(dice) % 2 == 0
    sold, generated = {}, {}
    for day in range(1, 32):
        row = 0 if day < 16 else 1
        for slot in ("peak", "valley"):
            made = next(dice) % 600_000
            fed_in = next(dice) % (made + 1)
            sold[slot, row] = sold.get((slot, row), 0) + (made if sells_all else fed_in)
            generated[slot] = generated.get(slot, 0) + made
    gross = sum(fen(Fraction(kwh, 10_000) * SALES[slot][row]) for (slot, row), kwh in sold.items())
    subsidy = sum(fen(Fraction(kwh, 10_000) * SUBSIDY) for kwh in generated.values())
    tax = 0 if gross <= EXEMPT else floor(gross * TAX + Fraction(1, 2))
    return f"{n} {gross} {tax} {subsidy} {gross - tax + subsidy}\n"


wanted = sorted(int(count) for count in sys.argv[1:])
digest = hashlib.sha256()
for n in range(wanted[-1]):
    digest.update(settle(n).encode())
    if n + 1 in wanted:
        print(n + 1, digest.copy().hexdigest(), flush=True)
