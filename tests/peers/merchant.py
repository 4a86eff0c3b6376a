"""What every Python peer needs beside its SDK: checks that are counted, the sandbox's controls, and a merchant's server
that takes notices. Standard library only."""

import json
import os
import sys
import threading
import time
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

APP_ID = "2021000000000001"
SUBJECT = '电费 100% & 其它+项 "引号" <b>'
NOTICE_WITHIN_S = 60

if "SANDBOX_URL" not in os.environ or "KEYS_DIR" not in os.environ:
    sys.exit("set SANDBOX_URL (a running lifeline-sandbox) and KEYS_DIR (its --keys-dir)")
SANDBOX = os.environ["SANDBOX_URL"]
GATEWAY = SANDBOX + "/gateway.do"
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def key(name):
    with open(os.path.join(os.environ["KEYS_DIR"], name), encoding="ascii") as file:
        return file.read()


def control(path, body=None):
    """A control of the sandbox."""
    request = urllib.request.Request(SANDBOX + path)
    if body is not None:
        request.add_header("content-type", "application/json")
        request.data = json.dumps(body).encode()
    with DIRECT.open(request, timeout=60) as answer:
        return json.load(answer)


def auth_code(person="li-ming"):
    """What tapping "allow" gives the mini-program."""
    return control("/sim/alipay/authorize", {"person": person})["auth_code"]


class Checks:
    """Counts what held and prints a line for each."""

    def __init__(self):
        self.passed = self.failed = 0

    def __call__(self, name):
        def run(body):
            try:
                body()
            except Exception as error:  # every failure is a line, none ends the run
                self.failed += 1
                print(f"FAIL  {name}: {type(error).__name__}: {error}", flush=True)
            else:
                self.passed += 1
                print(f"ok    {name}", flush=True)
            return body

        return run

    def close(self):
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        sys.exit(1 if self.failed else 0)


class Notices:
    """A merchant's server that answers `success` and keeps what it heard."""

    def __init__(self):
        self.heard = []
        arrived = self.arrived = threading.Condition()
        heard = self.heard

        class Receiver(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                with arrived:
                    heard.append(dict(urllib.parse.parse_qsl(body, keep_blank_values=True)))
                    arrived.notify_all()
                self.send_response(200)
                self.send_header("content-length", "7")
                self.end_headers()
                self.wfile.write(b"success")

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/notify"

    def wait(self, matches):
        until = time.monotonic() + NOTICE_WITHIN_S
        with self.arrived:
            while True:
                for fields in self.heard:
                    if matches(fields):
                        assert all(fields.values()), "an empty value was sent"
                        return dict(fields)
                left = until - time.monotonic()
                assert left > 0, "the notice never came"
                self.arrived.wait(left)


RUN = f"{os.getpid():x}{time.time_ns() // 1_000_000:x}"


def number(name):
    return f"py_{RUN}_{name}"
