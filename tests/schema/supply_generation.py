"""Real values for the operations of generation accounts."""

from jwe import encrypt
from people import Person, Refused, call, looks

ALL = "/v1/generation-accounts"
ONE = ALL + "/{generation_account_id}"


class Seller:
    """Somebody who sells power, and the account they have."""

    def __init__(self, at):
        people = [one for one in call("sandbox", "GET", "/sim/people")[0] if "registration" in one]
        self.about = people[at]
        self.person = Person(self.about["person"]).sign_in()
        self.account = self.person.ask("POST", ALL, self.about["registration"])["generation_account_id"]

    def ask(self, method, what="", body=None):
        return self.person.ask(method, f"{ALL}/{self.account}{what}", body)

    def key(self):
        for _ in looks():
            try:
                return self.ask("GET", "/public-key")
            except Refused as refused:
                if refused.status != 409:
                    raise
        raise AssertionError("no key was ever made")

    def encrypted(self):
        key = self.key()
        said = {"generation_account_id": self.account, "nonce": key["nonce"], "identity": self.about["identity"]}
        return {"jwe": encrypt(key["jwk"], said)}

    def end(self):
        """The utility ends the cooperation, and begins another."""
        number = {"generation_no": self.about["registration"]["generation_no"]}
        call("sandbox", "POST", "/sim/marketing/end-cooperation", number)
        call("sandbox", "POST", "/sim/clock", {"advance_s": 6 * 3_600 + 60})
        for _ in looks():
            if self.ask("GET")["state"] == "terminated":
                call("sandbox", "POST", "/sim/marketing/renew-contract", number)
                return
        raise AssertionError("the cooperation never ended")


# The first one stays; of the other one the cooperation ends once.
SELLERS = {}


def seller(at=0):
    if at not in SELLERS:
        SELLERS[at] = Seller(at)
    return SELLERS[at]


def register(case):
    one = seller()
    case.body = dict(one.about["registration"])
    return one.person


def of_an_account(case):
    one = seller()
    one.key()
    case.path_parameters["generation_account_id"] = one.account
    return one.person


def permitted():
    """The seller whose table is open."""
    one = seller()
    one.key()
    if one.ask("GET")["state"] == "keyed":
        one.ask("POST", "/access", one.encrypted())
    return one.person


def table(case):
    permitted()
    case.query = {}
    return of_an_account(case)


def access(case):
    person = of_an_account(case)
    case.body = seller().encrypted()
    return person


def activate(case):
    first = 1 not in SELLERS
    one = seller(1)
    if first:
        one.key()
        one.end()
    case.path_parameters["generation_account_id"] = one.account
    case.body = dict(one.about["registration"])
    return one.person


SUPPLY = {
    f"POST {ALL}": register,
    f"GET {ONE}": of_an_account,
    f"GET {ONE}/public-key": of_an_account,
    f"POST {ONE}/access": access,
    f"GET {ONE}/table": table,
    f"POST {ONE}/termination": of_an_account,
    f"POST {ONE}/activation": activate,
}
