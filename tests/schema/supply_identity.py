"""What the walk needs of who people are: codes to phones, checks of a name, accounts that become one, a person's own data."""

import json
import re
import time

from people import CHANCE, OWNER, PASSER_BY, TOKENS, TWO_HOMES, Person, Refused, call

# One asks for all that is known of them, one to be erased, one takes that back, one only shows who they are: a phone
# gets so many codes a day, and each of them needs some.
OWN_DATA = "gao-yun"
ERASED = "zhou-min"
STAYS = "zhang-wei"
SHOWS_AGAIN = "chen-gang"
# One asks to take another account over, besides the one with two homes, whose codes the other steps of it take.
TAKES_OVER = "zheng-xiuying"
# One has asked for it and looks at what becomes of it: once is enough, a phone gets so many codes a day.
LOOKS_ON = "ma-jun"
ASKED = []
# One takes another phone again and again.
MOVES = "wang-wei"
# An export is made once a day and takes a code: whoever has none left leaves it to the next.
EXPORTERS = ["wu-qiang", OWNER, "liu-yang", TWO_HOMES, SHOWS_AGAIN]
# Certified at Alipay, which tells no ID number of hers.
UNTOLD = "he-jie"
# Not certified at Alipay.
UNCERTIFIED = "sun-li"
# Checks that were begun; one is certified once, so the last is remembered.
BEGUN = []
# What the one who moves had, the last one at the end.
HAD = []
# Phones that had all the codes of their day: no more is sent, and the answer does not say so.
SPENT = set()


def texts(number):
    return call("sandbox", "GET", f"/sim/sms?phone={number}")[0]


def code_at(number, before=0):
    """The one-time code among the texts that came after so many: other news may come between."""
    deadline = time.monotonic() + (0 if number in SPENT else 10)
    while time.monotonic() < deadline:
        for text in texts(number)[before:]:
            if code := re.search(r"(?<!\d)\d{6}(?!\d)", text["text"]):
                return code[0]
        time.sleep(0.02)
    SPENT.add(number)
    raise Refused("text message", "none")


def phone_of(name):
    people = call("sandbox", "GET", "/sim/people")[0]
    return next(one["phone"] for one in people if one["person"] == name)


def phone(case):
    """Another phone in the place of the one they have, which has to be asked."""
    number, person = f"190{CHANCE.randint(0, 99_999_999):08d}", Person(MOVES).sign_in()
    masked = person.ask("GET", "/v1/me")["phone_masked"]
    tried = [*HAD, phone_of(MOVES)]
    own = next((one for one in tried if f"{one[:3]}****{one[-4:]}" == masked), None)
    if own is None or own in SPENT:
        raise Refused("text message", "none")
    HAD.append(number)
    person.ask("POST", "/v1/otps", {"purpose": "verify_phone", "phone": number})
    case.body = {"phone": number, "otp": code_at(number)}
    return step_up_by(person, own, {"purpose": "change_phone", "phone": number})


def typed():
    """Somebody whose wallet tells no ID number, and what they would type to be certified."""
    person = Person(UNTOLD).sign_in()
    wallets = call("sandbox", "GET", "/sim/alipay/wallets")[0]["wallets"]
    id_no = next(one["id_no"] for one in wallets if one["person"] == UNTOLD)
    people = call("sandbox", "GET", "/sim/people")[0]
    name = next(one["name"] for one in people if one["person"] == UNTOLD)
    version = person.ask("GET", "/v1/me/certifications")["version"]
    return person, {"kind": "certverify", "name": name, "id_number": id_no, "terms_version": version}


def certify(case):
    person, case.body = typed()
    return person


def begun():
    """A check that was begun; she is certified once, so the last one is remembered."""
    person, wish = typed()
    BEGUN.append(person.ask("POST", "/v1/me/certifications", wish))
    return person


def look_at_certification(case):
    person = begun() if not BEGUN else Person(UNTOLD).sign_in()
    case.path_parameters["certification_id"] = BEGUN[-1]["certification_id"]
    return person


def end_certification(case):
    person = begun()
    code, _ = call("sandbox", "POST", "/sim/alipay/authorize", {"person": UNTOLD, "scopes": ["id_verify"]})
    case.path_parameters["certification_id"] = BEGUN[-1]["certification_id"]
    case.body = {"held": BEGUN[-1]["held"], "auth_code": code["auth_code"]}
    return person


def ask_to_merge(case):
    case.body = {}
    return stepped_up("merge", TAKES_OVER)


def look_at_merge(case):
    if not ASKED:
        ASKED.append(stepped_up("merge", LOOKS_ON).ask("POST", "/v1/me/merges", {})["merge_id"])
    case.path_parameters["merge_id"] = ASKED[0]
    return Person(LOOKS_ON).sign_in()


def merge(case):
    """Another wallet, certified here by the face of the one with two homes, gives its account up."""
    other = Person(UNCERTIFIED).sign_in()
    if other.ask("GET", "/v1/me")["real_name"] != "verified":
        wallets = call("sandbox", "GET", "/sim/alipay/wallets")[0]["wallets"]
        people = call("sandbox", "GET", "/sim/people")[0]
        wish = {
            "kind": "face",
            "name": next(one["name"] for one in people if one["person"] == TWO_HOMES),
            "id_number": next(one["id_no"] for one in wallets if one["person"] == TWO_HOMES),
            "terms_version": other.ask("GET", "/v1/me/certifications")["version"],
        }
        begun = other.ask("POST", "/v1/me/certifications", wish)
        shown = {"certify_id": begun["certify_id"], "person": TWO_HOMES, "outcome": "passed"}
        call("sandbox", "POST", "/sim/alipay/face", shown)
        outcome = f"/v1/me/certifications/{begun['certification_id']}/outcome"
        other.ask("POST", outcome, {"held": begun["held"]})
    asked = stepped_up("merge", TWO_HOMES).ask("POST", "/v1/me/merges", {})
    case.body = {"code": asked["code"]}
    return other


def told_phone(case):
    told, _ = call("sandbox", "POST", "/sim/alipay/phone", {"person": PASSER_BY})
    case.body = json.loads(told["response"])
    return Person(PASSER_BY).sign_in()


def code_for(purpose, name=OWN_DATA):
    """Somebody, and the code that came to their own phone for one act."""
    number, person = phone_of(name), Person(name).sign_in()
    before = len(texts(number))
    person.ask("POST", "/v1/otps", {"purpose": purpose})
    return person, code_at(number, before)


def step_up_by(person, number, wish):
    before = len(texts(number))
    person.ask("POST", "/v1/otps", wish)
    shown = {"otp": code_at(number, before)}
    person.token = person.ask("POST", "/v1/sessions/current/step-up", shown)["access_token"]
    TOKENS.add(person.token)
    return person


def stepped_up(purpose, name=OWN_DATA):
    return step_up_by(Person(name).sign_in(), phone_of(name), {"purpose": purpose})


def step_up(case):
    person, code = code_for("erase", SHOWS_AGAIN)
    case.body = {"otp": code}
    return person


def export_link(_case):
    return stepped_up("export")


def read_export(case):
    while EXPORTERS:
        try:
            link = stepped_up("export", EXPORTERS.pop(0)).ask("POST", "/v1/me/export/document-links")
        except Refused:
            continue
        case.query = {"ticket": link["url"].partition("ticket=")[2]}
        return
    raise Refused("export", "none left today")


def erase(_case):
    return stepped_up("erase", ERASED)


def take_erasure_back(_case):
    person = stepped_up("erase", STAYS)
    person.ask("DELETE", "/v1/me")
    return person


SUPPLY = {
    "DELETE /v1/me": erase,
    "DELETE /v1/me/erasure": take_erasure_back,
    "GET /v1/me/certifications/{certification_id}": look_at_certification,
    "GET /v1/me/export": read_export,
    "GET /v1/me/merges/{merge_id}": look_at_merge,
    "PATCH /v1/me": phone,
    "POST /v1/me/certifications": certify,
    "POST /v1/me/certifications/{certification_id}/outcome": end_certification,
    "POST /v1/me/export/document-links": export_link,
    "POST /v1/me/merges": ask_to_merge,
    "POST /v1/me/merge-confirmations": merge,
    "POST /v1/me/phone": told_phone,
    "POST /v1/sessions/current/step-up": step_up,
}
