"""A login name and a password for a walk, and the code that sets them."""

import secrets

# One who is asked for nothing else and whose account nobody takes over: a phone gets so many codes a day.
WITH_PASSWORD = "liu-yang"


def supply(code_for):
    """What `PUT /v1/me/password` needs beside a made-up body."""

    def set_password(case):
        person, code = code_for("set_password", WITH_PASSWORD)
        login = f"walk-{secrets.token_hex(6)}"
        case.body = {"login": login, "password": f"Tr4x-{secrets.token_hex(8)}", "otp": code}
        return person

    return {"PUT /v1/me/password": set_password}
