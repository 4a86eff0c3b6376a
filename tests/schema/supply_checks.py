"""Real values for the operations of check tasks."""

import time

import supply_generation
from people import Refused, call, looks

ALL = "/v1/check-tasks"
ONE = ALL + "/{check_task_id}"


def owner():
    """Somebody whose last month was collected and settled, and its check task."""
    person = supply_generation.permitted()
    for turn in looks():
        items = person.ask("GET", ALL)["items"]
        if items:
            return person, items[0]
        if turn in (0, 100, 200):
            # The meter is read each hour, and the watch looks each hour.
            call("sandbox", "POST", "/sim/clock", {"advance_s": 3_660})
    raise Refused("no check task was ever made", 0)


def listed(case):
    person, _ = owner()
    case.query = {}
    return person


def of_a_task(case):
    person, task = owner()
    case.path_parameters["check_task_id"] = task["check_task_id"]
    return person


def viewed(case):
    person = of_a_task(case)
    case.body = {"verdict": "view"}
    return person


def answered(case):
    person, task = owner()
    if task["state"] == "OPEN":
        person.ask("POST", f"{ALL}/{task['check_task_id']}/feedback", {"verdict": "confirm"})
    case.path_parameters["check_task_id"] = task["check_task_id"]
    UNDONE.append(task["state"])
    return person


# The states in which an answer was to be taken back; only afterwards may the money leave.
UNDONE = []


def until(person, path, state):
    for _ in range(200):
        if person.ask("GET", path).get("payout", {}).get("state") == state:
            return True
        time.sleep(0.1)
    return False


def returned(case):
    """A task whose money the bank gave back."""
    person = of_a_task(case)
    if not {"OPEN", "ANSWERED"} & set(UNDONE):
        return person
    one = f"{ALL}/{case.path_parameters['check_task_id']}"
    state = person.ask("GET", one)["state"]
    if state == "OPEN":
        person.ask("POST", f"{one}/feedback", {"verdict": "confirm"})
    if state in ("OPEN", "ANSWERED"):
        # The payee has to stand for three days.
        call("sandbox", "POST", "/sim/clock", {"advance_s": 3 * 86_400 + 60})
        if until(person, one, "PAID"):
            for payout in call("sandbox", "GET", "/sim/payouts")[0]["items"]:
                if payout["state"] == "paid":
                    call("sandbox", "POST", f"/sim/payouts/{payout['payout_no']}/return", {})
            # Banks are asked every six hours.
            call("sandbox", "POST", "/sim/clock", {"advance_s": 6 * 3_600 + 60})
            until(person, one, "RETURNED")
    return person


SUPPLY = {
    f"GET {ALL}": listed,
    f"GET {ONE}": of_a_task,
    f"POST {ONE}/feedback": viewed,
    f"POST {ONE}/undo": answered,
    f"POST {ONE}/payee-confirmation": returned,
}
