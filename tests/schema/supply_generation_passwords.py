"""A user name and a password of a generation account, and the code that sets them."""

import secrets

import supply_generation
from supply_identity import code_at, texts


def set_password(case):
    """What came to the seller's phone for it; a phone gets so many codes a day, then the body stays made up."""
    one = supply_generation.seller()
    number = one.about["phone"]
    before = len(texts(number))
    one.person.ask("POST", "/v1/otps", {"purpose": "set_generation_password", "generation_account_id": one.account})
    case.path_parameters["generation_account_id"] = one.account
    login = f"roof-{secrets.token_hex(6)}"
    case.body = {"login": login, "password": f"Tr4x-{secrets.token_hex(8)}", "otp": code_at(number, before)}
    return one.person


SUPPLY = {f"PUT {supply_generation.ONE}/password": set_password}
