"""Puts made-up payouts into the order in which they leave, at made-up instants, with exact fractions.

Written from the handbook, without a look at the program: whoever has the largest sum of (seconds of waiting x w1) and
(fen x w2) leaves first; of equals the one that was queued first, then the one with the smaller id. Many are equals here.

    python3 tests/vectors/settlement/queue.py > tests/vectors/settlement/queue.txt

A line `queue` begins a new queue, `task ID FEN MICROSECOND` stands in it since then, `order W1 W2 MICROSECOND : ID ...`
is how all of them leave at that instant under these weights.
"""

from fractions import Fraction

MASK = (1 << 64) - 1
MAX = (1 << 63) - 1
WEIGHTS = [(1, 1), (1, 0), (0, 1), (3, 7), (1_000_000, 1), (1, 1_000_000), (1_000_000, 1_000_000)]
QUEUES, TASKS = 4, 24
SECOND = 1_000_000


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


def made(dice):
    """Sums and moments of one queue: far apart, close together, the largest there is, and pairs of equals."""
    base = 1_700_000_000 * SECOND + dice(100_000_000) * SECOND
    tasks = []
    while len(tasks) < TASKS:
        fen = [1 + dice(9), 1 + dice(500_000), 1 + dice(MAX), MAX - dice(3)][dice(4)]
        since = base + [dice(4), dice(100) * SECOND, dice(90 * 86_400 * SECOND)][dice(3)]
        tasks.append((fen, since))
        twin = dice(4)
        if twin == 0:
            tasks.append((fen, since))  # told apart by the id alone
        if twin == 1 and fen + 5 <= MAX:
            tasks.append((fen + 5, since + 5 * SECOND))  # equal where a second weighs a fen
        if twin == 2 and fen + 3 <= MAX:
            tasks.append((fen + 3, since + 7 * SECOND))  # equal under the weights 3 and 7
    return tasks[:TASKS]


def shuffled(dice, items):
    items = list(items)
    for at in range(len(items) - 1, 0, -1):
        other = dice(at + 1)
        items[at], items[other] = items[other], items[at]
    return items


for queue in range(QUEUES):
    dice = Dice(queue)
    tasks = made(dice)
    ids = shuffled(dice, range(1, TASKS + 1))
    named = shuffled(dice, [(number, *task) for number, task in zip(ids, tasks)])
    print("queue")
    for number, fen, since in named:
        print("task", number, fen, since)
    for wait, amount in shuffled(dice, WEIGHTS):
        now = max(since for _, _, since in named) + dice(400 * 86_400 * SECOND)
        score = lambda task: Fraction(now - task[2], SECOND) * wait + task[1] * amount
        order = sorted(named, key=lambda task: (-score(task), task[2], task[0]))
        print("order", wait, amount, now, ":", *(number for number, _, _ in order))
