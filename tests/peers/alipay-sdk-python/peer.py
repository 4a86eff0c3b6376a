"""The official Python SDK (alipay-sdk-python) as a client of the sandbox, by bare keys, plain and with content encryption.

Two of its functions cannot work as published and are replaced here, nothing else: its connection ignores the port of
the gateway, and its encryption hands pycryptodome an IV that is text, and pads by characters."""

import base64
import http.client
import json
import urllib.parse

from alipay.aop.api import DefaultAlipayClient as client_module
from alipay.aop.api.AlipayClientConfig import AlipayClientConfig
from alipay.aop.api.request.AlipaySystemOauthTokenRequest import AlipaySystemOauthTokenRequest
from alipay.aop.api.request.AlipayTradeCloseRequest import AlipayTradeCloseRequest
from alipay.aop.api.request.AlipayTradeCreateRequest import AlipayTradeCreateRequest
from alipay.aop.api.request.AlipayTradeFastpayRefundQueryRequest import AlipayTradeFastpayRefundQueryRequest
from alipay.aop.api.request.AlipayTradeQueryRequest import AlipayTradeQueryRequest
from alipay.aop.api.request.AlipayTradeRefundRequest import AlipayTradeRefundRequest
from alipay.aop.api.util import EncryptUtils, WebUtils
from alipay.aop.api.util.SignatureUtils import get_sign_content, verify_with_rsa
from Crypto.Cipher import AES
from Crypto.PublicKey import RSA
from Crypto.Util.Padding import pad, unpad

import merchant
from merchant import APP_ID, SUBJECT, control, key, number

ZERO_IV = bytes(16)


def connection(url, query, timeout):
    target = urllib.parse.urlparse(url)
    return f"{target.path}?{query}", http.client.HTTPConnection(target.hostname, target.port, timeout=timeout)


def cipher(encrypt_key):
    return AES.new(base64.b64decode(encrypt_key), AES.MODE_CBC, ZERO_IV)


def sealed(content, encrypt_key, charset):
    return base64.b64encode(cipher(encrypt_key).encrypt(pad(content.encode(charset), 16))).decode()


def opened(content, encrypt_key, charset):
    return unpad(cipher(encrypt_key).decrypt(base64.b64decode(content)), 16).decode(charset)


WebUtils.get_http_connection = connection
EncryptUtils.aes_encrypt_content = sealed
EncryptUtils.aes_decrypt_content = opened

check = merchant.Checks()
notices = merchant.Notices()
CONTENT_KEY = control("/sim/alipay/certificates")["content_key_base64"]


def bare(pem):
    return "".join(line for line in pem.splitlines() if "-----" not in line)


def client(public="platform_public.pem", content_key=None):
    config = AlipayClientConfig()
    config.server_url = merchant.GATEWAY
    config.app_id = APP_ID
    # It takes PKCS#1 only.
    pkcs1 = RSA.import_key(key("app_private.pem")).export_key(pkcs=1).decode()
    config.app_private_key = bare(pkcs1)
    config.alipay_public_key = bare(key(public))
    if content_key:
        config.encrypt_type = "AES"
        config.encrypt_key = content_key
    return client_module.DefaultAlipayClient(alipay_client_config=config)


def ask(sdk, request, biz=None, notified=False):
    if biz is not None:
        request.biz_content = biz
    if notified:
        request.notify_url = notices.url
    return json.loads(sdk.execute(request))


def wallet():
    request = AlipaySystemOauthTokenRequest()
    request.grant_type = "authorization_code"
    request.code = merchant.auth_code()
    # Its content has no place to be encrypted in, so this call is always made plain.
    return json.loads(client().execute(request))["open_id"]


def create(sdk, order, amount):
    biz = {
        "out_trade_no": order,
        "total_amount": amount,
        "subject": SUBJECT,
        "product_code": "JSAPI_PAY",
        "op_app_id": APP_ID,
        "buyer_open_id": wallet(),
        "passback_params": "merchant%3D1",
    }
    return ask(sdk, AlipayTradeCreateRequest(), biz, notified=True)


def trusts(fields):
    """As the SDK's own notice check does it: V1, `sign_type` left out."""
    signed = {name: value for name, value in fields.items() if name not in ("sign", "sign_type")}
    try:
        return verify_with_rsa(bare(key("platform_public.pem")), get_sign_content(signed).encode(), fields["sign"])
    except Exception:  # rsa raises where the signature does not hold
        return False


def life_of_an_order(sdk, mode):
    order = number(f"{mode}_1")

    @check(f"{mode}: trade.create answers the same trade for the same order")
    def _():
        first, again = create(sdk, order, "12.34"), create(sdk, order, "12.34")
        assert first["code"] == "10000" and first["trade_no"] == again["trade_no"], (first, again)
        other = create(sdk, order, "12.35")
        assert other["sub_code"] == "ACQ.CONTEXT_INCONSISTENT", other

    @check(f"{mode}: a payment is noticed with a signature the SDK accepts")
    def _():
        control("/sim/alipay/pay", {"out_trade_no": order, "outcome": "paid"})
        fields = notices.wait(lambda f: f.get("out_trade_no") == order)
        assert trusts(fields) and not trusts({**fields, "total_amount": "12.35"})
        told = (fields["trade_status"], fields["subject"], fields["passback_params"])
        assert told == ("TRADE_SUCCESS", SUBJECT, "merchant%3D1"), told

    @check(f"{mode}: trade.query shows the payment")
    def _():
        seen = ask(sdk, AlipayTradeQueryRequest(), {"out_trade_no": order})
        assert seen["trade_status"] == "TRADE_SUCCESS" and seen["total_amount"] == "12.34", seen

    @check(f"{mode}: refunds are cumulative, a number moves money once, and each is noticed")
    def _():
        def refund(request, amount):
            biz = {"out_trade_no": order, "refund_amount": amount, "out_request_no": request}
            said = ask(sdk, AlipayTradeRefundRequest(), biz)
            return said["fund_change"], said["refund_fee"]

        assert refund("r1", "2.34") == ("Y", "2.34")
        assert refund("r1", "2.34") == ("N", "2.34")
        assert refund("r2", "10.00") == ("Y", "12.34")
        biz = {"out_trade_no": order, "out_request_no": "r2"}
        asked = ask(sdk, AlipayTradeFastpayRefundQueryRequest(), biz)
        assert asked["refund_status"] == "REFUND_SUCCESS" and asked["refund_amount"] == "10.00", asked
        for request, status in (("r1", "TRADE_SUCCESS"), ("r2", "TRADE_CLOSED")):
            fields = notices.wait(lambda f: f.get("out_biz_no") == request and f["out_trade_no"] == order)
            assert fields["trade_status"] == status and trusts(fields), fields

    @check(f"{mode}: trade.close ends an unpaid order and only that")
    def _():
        unpaid = number(f"{mode}_2")
        create(sdk, unpaid, "1.00")
        assert ask(sdk, AlipayTradeCloseRequest(), {"out_trade_no": unpaid})["code"] == "10000"
        again = ask(sdk, AlipayTradeCloseRequest(), {"out_trade_no": order})
        assert again["sub_code"] == "ACQ.REASON_TRADE_STATUS_INVALID", again


life_of_an_order(client(), "plain")
life_of_an_order(client(content_key=CONTENT_KEY), "encrypted")


@check("content under another key is refused by the sandbox, in a signed plain reply")
def _():
    other = base64.b64encode(b"0123456789abcdef").decode()
    said = ask(client(content_key=other), AlipayTradeQueryRequest(), {"out_trade_no": number("none")})
    assert said["sub_code"] == "isv.decryption-error-unknown", said


@check("a reply under another key is refused by the SDK")
def _():
    try:
        ask(client("app_public.pem"), AlipayTradeQueryRequest(), {"out_trade_no": number("none")})
    except Exception as refused:  # the SDK raises its own and rsa's
        assert "verify failed" in str(refused), refused
        return
    raise AssertionError("the SDK took it")


check.close()
