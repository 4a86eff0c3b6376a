"""The demo people of a walk, and requests of our own beside it."""

import json
import os
import random
import time
import urllib.error
import urllib.request

with open(os.environ["READY_FILE"], encoding="utf-8") as ready_file:
    READY = json.load(ready_file)

CHANCE = random.Random(int(os.environ.get("WALK_SEED", "1")))
# The one whose homes are read and paid for, one with two homes, and one who comes and goes.
OWNER, TWO_HOMES, PASSER_BY = "li-ming", "wang-fang", "ouyang-zhu"


# How long is looked for what comes by itself: a busy machine takes long, and how soon it comes is not judged.
PATIENCE_S = 60


def looks(pause_s=0.1):
    """Turns of looking for what comes by itself, with pauses between them, until patience ends."""
    deadline = time.monotonic() + PATIENCE_S
    turn = 0
    while time.monotonic() < deadline:
        yield turn
        turn += 1
        time.sleep(pause_s)


class Refused(Exception):
    """A step on the way to a real value was refused: the request stays as it was made up."""

    def __init__(self, step, status):
        super().__init__(f"{step}: {status}")
        self.status = status


class Unredirected(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args):
        return None


OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), Unredirected)


def call(system, method, path, body=None, token=None, headers=None):
    """A request of our own, beside the walk: (parsed answer, headers)."""
    headers = {"content-type": "application/json", **(headers or {})}
    if token:
        headers["authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(READY[system] + path, data=data, headers=headers, method=method)
    try:
        with OPENER.open(request, timeout=30) as answer:
            text = answer.read()
            return (json.loads(text) if text else None), answer.headers
    except urllib.error.HTTPError as refusal:
        raise Refused(f"{method} {path}", refusal.code) from refusal


# Whoever the walk signed in: a probe of schemathesis sends none of these.
TOKENS = set()


class Person:
    """A demo person at a phone of theirs."""

    def __init__(self, name):
        self.name = name
        self.token = None

    def sign_in(self):
        code, _ = call("sandbox", "POST", "/sim/alipay/authorize", {"person": self.name})
        session, _ = call("line", "POST", "/v1/sessions", {"grant": "alipay", "auth_code": code["auth_code"]})
        self.token = session["access_token"]
        TOKENS.add(self.token)
        return self

    def ask(self, method, path, body=None, headers=None):
        """A request of theirs; the walk may have ended their session, then they sign in again."""
        try:
            return call("line", method, path, body, self.token, headers)[0]
        except Refused as refused:
            if refused.status != 401:
                raise
            return call("line", method, path, body, self.sign_in().token, headers)[0]

    def words(self, purpose):
        items = self.ask("GET", "/v1/me/consents")["items"]
        return next(item["version"] for item in items if item["purpose"] == purpose)

    def consent(self, purpose="identity_match"):
        wish = {"purpose": purpose, "version": self.words(purpose)}
        self.ask("POST", "/v1/me/consents", wish)
        return self

    def offered(self):
        return [one["match_token"] for one in self.ask("POST", "/v1/binding-matches", {})["candidates"]]

    def homes(self):
        return [item["binding_id"] for item in self.ask("GET", "/v1/bindings")["items"]]

    def link(self):
        """Links what is theirs unless it is."""
        if not self.homes():
            self.consent()
            self.ask("POST", "/v1/bindings", {"match_tokens": self.offered()})
        return self
