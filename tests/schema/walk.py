"""What schemathesis cannot guess when it walks the API: who is asking, and which homes, orders and invitations are theirs.

Schemathesis makes the requests, good and bad, and judges the answers by openapi/lifeline.json. For the good ones this
module puts real values in the place of made-up ones, so that they reach past "not found". What each operation answered
is counted and added to WALK_TALLY for judge.py.
"""

import atexit
import collections
import gc
import http.cookies
import json
import os
import time
import urllib.parse

import schemathesis
import supply_checks
import supply_generation
import supply_generation_passwords
import supply_identity as identity
import supply_passwords
import supply_publications
from hypothesis.internal.conjecture.engine import ConjectureRunner
from people import CHANCE, OWNER, PASSER_BY, TOKENS, TWO_HOMES, Person, Refused, call, looks

# Hypothesis would spend two fifths of a walk on requests that make a number grow, and nobody names a number here.
ConjectureRunner.should_optimise = False
# What a walk makes up is let go of by itself; the collector looks for circles every 700 objects otherwise.
gc.set_threshold(200_000, 20, 20)

# Of the good requests so many get real values; the others stay as they were made up.
REAL = 0.7
# One leaves a home, and links it again; nobody else's acts take of the codes of their day.
LEAVES = "zhao-lei"


def key():
    return f"walk-{CHANCE.getrandbits(64):016x}"


def soon():
    return time.strftime("%Y-%m-%d", time.gmtime(time.time() + 86_400 * CHANCE.randint(2, 300)))


class World:
    """What is there to be asked about; made once, and added to by what the walk itself makes."""

    def __init__(self):
        self.owner = Person(OWNER).sign_in().link()
        self.two_homes = Person(TWO_HOMES).sign_in().link()
        self.payments, self.unclosed = collections.deque(maxlen=50), set()
        self.told()

    @property
    def home(self):
        """A home of the owner's; the walk may have unlinked the one before."""
        return self.owner.link().homes()[0]

    def told(self):
        """Pays once, so that there is a notice to read, and enough for the points of a gift."""
        order = self.owner.ask("POST", "/v1/payments", {**self.top_up(), "amount_fen": 8_100}, {"idempotency-key": key()})
        call("sandbox", "POST", "/sim/alipay/pay", {"trade_no": order["trade_no"], "outcome": "paid"})
        for _ in looks(0.05):
            if notices := self.owner.ask("GET", "/v1/notices")["items"]:
                self.notice = notices[0]["notice_id"]
                return
        raise AssertionError("nobody was told of a payment")

    def top_up(self):
        return {"binding_id": self.home, "purpose": "top_up", "amount_fen": CHANCE.randint(100, 400)}

    def room_to_invite(self):
        """A home may have only so many guests: all go before the next comes. Answers the home."""
        grants = f"/v1/bindings/{self.home}/grants"
        for one in self.owner.ask("GET", grants)["items"]:
            self.owner.ask("DELETE", f"{grants}/{one['grant_id']}")
        return grants

    def invitation(self):
        wish = {"role": CHANCE.choice(["authorised", "payer_only"]), "ends_on": soon()}
        return self.owner.ask("POST", self.room_to_invite(), wish)

    def without_order(self):
        """Closes what waits to be paid: a home has one order at a time, by whichever binding it was made."""
        while self.unclosed:
            self.owner.ask("POST", f"/v1/payments/{self.unclosed.pop()}/close", {})

    def ordered(self, payment):
        self.payments.append(payment["payment_id"])
        self.unclosed.add(payment["payment_id"])

    def ticket(self):
        """A pay ticket and the cookies of the browser it was made for."""
        site = {"sec-fetch-site": "same-origin"}
        start, set_by_start = call("line", "POST", "/v1/oauth-starts", {}, headers=site)
        query = urllib.parse.parse_qs(urllib.parse.urlparse(start["authorize_url"]).query)
        code, _ = call("sandbox", "POST", "/sim/alipay/authorize", {"person": OWNER})
        wish = {"grant": "alipay", "auth_code": code["auth_code"], "state": query["state"][0]}
        cookie = {"cookie": cookies(set_by_start), **site}
        session, set_by_sign_in = call("line", "POST", "/v1/sessions", wish, headers=cookie)
        token = session["access_token"]
        self.without_order()
        wish = {**self.top_up(), "via": "h5"}
        order, _ = call("line", "POST", "/v1/payments", wish, token, {"idempotency-key": key()})
        self.ordered(order)
        return order["pay_url"].rsplit("/", 1)[1], cookies(set_by_sign_in)


def cookies(headers):
    jar = http.cookies.SimpleCookie()
    for line in headers.get_all("set-cookie") or []:
        jar.load(line)
    return "; ".join(f"{name}={one.value}" for name, one in jar.items() if one.value)


WORLD = World()


def of_the_home(case):
    case.path_parameters["binding_id"] = WORLD.home
    return WORLD.owner


def bill(case):
    bills = WORLD.owner.ask("GET", f"/v1/bindings/{WORLD.home}/bills")["items"]
    case.path_parameters["period"] = CHANCE.choice(bills)["period"]
    return of_the_home(case)


def usage(case):
    case.query = {}
    return of_the_home(case)


def invite(case):
    WORLD.room_to_invite()
    case.body = {"role": CHANCE.choice(["authorised", "payer_only"]), "ends_on": soon()}
    return of_the_home(case)


def revoke(case):
    case.path_parameters["grant_id"] = WORLD.invitation()["grant_id"]
    return of_the_home(case)


def look_at_invitation(case):
    case.body = {"invitation": WORLD.invitation()["invitation"]}
    return passer_by(case)


def passer_by(_case):
    return Person(PASSER_BY).sign_in()


def fill(case):
    WORLD.owner.consent("archive_update")
    case.body = {}
    return of_the_home(case)


def link(case):
    person = Person(PASSER_BY).sign_in().consent()
    case.body = {"match_tokens": person.offered()}
    return person


def unlink(case):
    """From a device that is new by the sandbox's clock it takes a code."""
    person = Person(LEAVES).sign_in().link()
    home = case.path_parameters["binding_id"] = person.homes()[0]
    return identity.step_up_by(person, identity.phone_of(LEAVES), {"purpose": "unlink", "binding_id": home})


def consent(case):
    person = Person(PASSER_BY).sign_in()
    case.body = {"purpose": "identity_match", "version": person.words("identity_match")}
    return person


def withdraw(case):
    person = Person(PASSER_BY).sign_in().consent()
    case.body = {"purpose": "identity_match"}
    return person


def end_session(case):
    sessions = WORLD.owner.ask("GET", "/v1/sessions")["items"]
    others = [one["session_id"] for one in sessions if not one["current"]]
    if not others:
        Person(OWNER).sign_in()
        return end_session(case)
    case.path_parameters["session_id"] = others[0]
    return WORLD.owner


def order(case):
    WORLD.without_order()
    case.body = WORLD.top_up()
    case.headers["idempotency-key"] = key()
    return WORLD.owner


def order_for_several(case):
    items = []
    for home in WORLD.two_homes.homes():
        due = WORLD.two_homes.ask("GET", f"/v1/bindings/{home}/arrears")
        version = due["arrears_version"]
        items.append({"binding_id": home, "amount_fen": due["total_fen"], "arrears_version": version})
    case.body = {"items": [item for item in items if item["amount_fen"] > 0]}
    case.headers["idempotency-key"] = key()
    return WORLD.two_homes


def of_an_order(case):
    if not WORLD.payments:
        raise Refused("order", "none yet")
    case.path_parameters["payment_id"] = CHANCE.choice(WORLD.payments)
    return WORLD.owner


def read(case):
    case.path_parameters["notice_id"] = WORLD.notice
    case.body = {"read": True}
    return WORLD.owner


def phone_code(case):
    case.body = {"purpose": "verify_phone", "phone": f"190{CHANCE.randint(0, 99_999_999):08d}"}
    return WORLD.owner


def sign_in(case):
    code, _ = call("sandbox", "POST", "/sim/alipay/authorize", {"person": PASSER_BY})
    case.body = {"grant": "alipay", "auth_code": code["auth_code"]}


def start(case):
    case.headers["sec-fetch-site"] = "same-origin"


def to_the_cashier(case):
    case.path_parameters["ticket"], cookie = WORLD.ticket()
    case.headers["cookie"] = cookie


# Operations that work by themselves are not here, nor those of files of their own. A person comes back where the request is theirs.
SUPPLY = {
    **identity.SUPPLY,
    "DELETE /v1/bindings/{binding_id}": unlink,
    "DELETE /v1/bindings/{binding_id}/grants/{grant_id}": revoke,
    "DELETE /v1/me/consents": withdraw,
    "DELETE /v1/sessions/current": passer_by,
    "DELETE /v1/sessions/{session_id}": end_session,
    "GET /v1/bindings/{binding_id}": of_the_home,
    "GET /v1/bindings/{binding_id}/archive-filling": of_the_home,
    "GET /v1/bindings/{binding_id}/arrears": of_the_home,
    "GET /v1/bindings/{binding_id}/balance": of_the_home,
    "GET /v1/bindings/{binding_id}/bills": of_the_home,
    "GET /v1/bindings/{binding_id}/bills/{period}": bill,
    "GET /v1/bindings/{binding_id}/grants": of_the_home,
    "GET /v1/bindings/{binding_id}/payments": of_the_home,
    "GET /v1/bindings/{binding_id}/receipts": of_the_home,
    "GET /v1/bindings/{binding_id}/usage": usage,
    "GET /v1/pay/{ticket}": to_the_cashier,
    "GET /v1/payments/{payment_id}": of_an_order,
    "PATCH /v1/bindings/{binding_id}": of_the_home,
    "PATCH /v1/notices/{notice_id}": read,
    "POST /v1/bindings": link,
    "POST /v1/bindings/{binding_id}/archive-filling": fill,
    "POST /v1/bindings/{binding_id}/grants": invite,
    "POST /v1/checkouts": order_for_several,
    "POST /v1/invitation-acceptances": look_at_invitation,
    "POST /v1/invitation-views": look_at_invitation,
    "POST /v1/me/consents": consent,
    "POST /v1/oauth-starts": start,
    "POST /v1/otps": phone_code,
    "POST /v1/payments": order,
    "POST /v1/payments/{payment_id}/close": of_an_order,
    "POST /v1/sessions": sign_in,
}
SUPPLY |= supply_publications.supplies(call, CHANCE, of_the_home, passer_by, lambda: WORLD.owner)
SUPPLY |= supply_passwords.supply(identity.code_for)
SUPPLY |= supply_generation.SUPPLY
SUPPLY |= supply_generation_passwords.SUPPLY
SUPPLY |= supply_checks.SUPPLY
# These end the session they are called in, or change it.
ENDING = {"DELETE /v1/sessions/current"}


@schemathesis.auth(refresh_interval=None)
class Bearer:
    def get(self, _case, _context):
        return WORLD.owner.token

    def set(self, case, token, _context):
        case.headers["Authorization"] = f"Bearer {token}"


def is_ours(case):
    """Whether the request carries the owner's token as the walk put it: a probe without one must stay so."""
    sent = str((case.headers or {}).get("Authorization", ""))
    return sent.removeprefix("Bearer ") in TOKENS


def is_good(case):
    return case.meta is not None and case.meta.generation.mode.is_positive


@schemathesis.hook
def before_call(_context, case, _kwargs):
    label = case.operation.label
    secured = bool(case.operation.definition.raw.get("security"))
    if secured and not is_ours(case):
        return
    if label in ENDING:
        person = Person(PASSER_BY).sign_in()
        case.headers["Authorization"] = f"Bearer {person.token}"
        return
    supply = SUPPLY.get(label)
    if supply is None or not is_good(case) or CHANCE.random() > REAL:
        return
    try:
        person = supply(case)
    except Refused as refused:
        SEEN[label][f"unsupplied: {refused}"] += 1
        return
    if person is not None and person is not WORLD.owner:
        case.headers["Authorization"] = f"Bearer {person.token}"


SEEN = collections.defaultdict(collections.Counter)


@schemathesis.hook
def after_call(_context, case, response):
    label = case.operation.label
    mode = "good" if is_good(case) else "bad"
    SEEN[label][f"{mode} {response.status_code}"] += 1
    if case.meta is not None:
        SEEN[label][f"phase {case.meta.phase.name.value}"] += 1
    sent = response.request.headers.get("Authorization")
    if response.status_code == 401 and sent == f"Bearer {WORLD.owner.token}":
        WORLD.owner.sign_in()
    if response.status_code == 201 and label == "POST /v1/payments":
        WORLD.ordered(response.json())


@atexit.register
def leave_the_tally():
    """Adds to what the walks before this one left."""
    path = os.environ["WALK_TALLY"]
    if os.path.exists(path):
        with open(path, encoding="utf-8") as tally:
            for label, counts in json.load(tally).items():
                SEEN[label].update(counts)
    with open(path, "w", encoding="utf-8") as tally:
        json.dump(SEEN, tally, indent=1, sort_keys=True)
