"""Whether a walk of the API was a walk: enough requests, enough of them in sequences, every operation reached, and no
refusal for want of real values. `judge.py --stateful TALLY` tells how many requests of sequences there were.

Schemathesis has judged each answer by then; this judges the whole, from the tally walk.py leaves.
"""

import json
import os
import sys

REQUESTS_MIN = int(os.environ.get("WALK_REQUESTS_MIN", "20000"))
# Requests of sequences, in which what one answer held is asked about in the next.
STATEFUL_MIN = int(os.environ.get("WALK_STATEFUL_MIN", "5000"))
# Of the good requests, in percent. The rest asks for things that are not there, or too often.
ACCEPTED_PERCENT_MIN = 30
# What a good request needs no walk can bring, and where the operation is shown to accept one.
ELSEWHERE = {
    "GET /v1/pictures/{picture_id}": "staff put pictures in at the console: tests/browser/publishing.mjs",
    "POST /v1/check-tasks/{check_task_id}/payee-confirmation": "a bank gives money back after days: tests/journeys/checking.rs",
}


def answers(tally, mode):
    """Status -> count, of the good or the bad requests of an operation."""
    found = {}
    for said, count in tally.items():
        word, _, status = said.partition(" ")
        if word == mode and status.isdigit():
            found[int(status)] = count
    return found


def stateful(seen):
    return sum(tally.get("phase stateful", 0) for tally in seen.values())


def accepted(statuses):
    return sum(count for status, count in statuses.items() if 200 <= status < 400)


def judge(seen, operations):
    faults, requests, good, good_accepted = [], 0, 0, 0
    for label in operations:
        tally = seen.get(label, {})
        of_good, of_bad = answers(tally, "good"), answers(tally, "bad")
        requests += sum(of_good.values()) + sum(of_bad.values())
        good += sum(of_good.values())
        good_accepted += accepted(of_good)
        if not accepted(of_good) and label not in ELSEWHERE:
            faults.append(f"{label}: no good request was accepted: {tally}")
        if not any(400 <= status < 500 for status in {**of_good, **of_bad}):
            faults.append(f"{label}: nothing was refused: {tally}")
        failed = [status for status in {**of_good, **of_bad} if status >= 500]
        if failed:
            faults.append(f"{label}: answered {failed}")
    if requests < REQUESTS_MIN:
        faults.append(f"only {requests} requests, at least {REQUESTS_MIN} are due")
    if stateful(seen) < STATEFUL_MIN:
        faults.append(f"only {stateful(seen)} requests of sequences, at least {STATEFUL_MIN} are due")
    if good_accepted * 100 < good * ACCEPTED_PERCENT_MIN:
        faults.append(f"only {good_accepted} of {good} good requests were accepted")
    print(f"{requests} requests; of {good} good ones {good_accepted} were accepted; {stateful(seen)} were of sequences")
    return faults


def operations(document, skipped):
    methods = {"get", "post", "put", "patch", "delete"}
    for path, item in document["paths"].items():
        if path not in skipped:
            yield from (f"{method.upper()} {path}" for method in item if method in methods)


def main():
    if sys.argv[1] == "--stateful":
        with open(sys.argv[2], encoding="utf-8") as tally:
            print(stateful(json.load(tally)))
        return 0
    document_path, tally_path, *skipped = sys.argv[1:]
    with open(document_path, encoding="utf-8") as document, open(tally_path, encoding="utf-8") as tally:
        faults = judge(json.load(tally), list(operations(json.load(document), skipped)))
    for fault in faults:
        print(f"FAILED: {fault}")
    print(f"{0 if faults else 1} passed, {len(faults)} failed")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
