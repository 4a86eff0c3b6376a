"""python-alipay-sdk (third party) as a client of the sandbox: GET calls with everything in the query, by bare keys and by
certificates. It raises where a reply's signature does not hold."""

from alipay import AliPay, DCAliPay
from alipay.exceptions import AliPayException, AliPayValidationError

import merchant
from merchant import APP_ID, SUBJECT, control, key, number

check = merchant.Checks()
notices = merchant.Notices()
CERTIFICATES = control("/sim/alipay/certificates")


def by_keys(public="platform_public.pem"):
    sdk = AliPay(
        appid=APP_ID,
        app_notify_url=notices.url,
        app_private_key_string=key("app_private.pem"),
        alipay_public_key_string=key(public),
    )
    sdk._gateway = merchant.GATEWAY
    return sdk


def by_certificates():
    sdk = DCAliPay(
        appid=APP_ID,
        app_notify_url=notices.url,
        app_private_key_string=key("app_private.pem"),
        app_public_key_cert_string=CERTIFICATES["app_certificate"],
        alipay_public_key_cert_string=CERTIFICATES["platform_certificate"],
        alipay_root_cert_string=CERTIFICATES["root_certificates"],
    )
    sdk._gateway = merchant.GATEWAY
    return sdk


def wallet(sdk):
    tokens = sdk.server_api("alipay.system.oauth.token", grant_type="authorization_code", code=merchant.auth_code())
    return tokens["open_id"]


def life_of_an_order(sdk, mode):
    order = number(f"{mode}_1")
    trade = {}

    @check(f"{mode}: oauth.token and trade.create")
    def _():
        made = sdk.api_alipay_trade_create(
            SUBJECT, order, "12.34", product_code="JSAPI_PAY", op_app_id=APP_ID, buyer_open_id=wallet(sdk)
        )
        assert made["code"] == "10000" and made["out_trade_no"] == order, made
        trade["no"] = made["trade_no"]

    @check(f"{mode}: trade.query shows an order that waits for its buyer")
    def _():
        seen = sdk.api_alipay_trade_query(out_trade_no=order)
        assert (seen["trade_status"], seen["total_amount"]) == ("WAIT_BUYER_PAY", "12.34"), seen

    @check(f"{mode}: a payment is noticed with a signature the SDK accepts")
    def _():
        control("/sim/alipay/pay", {"out_trade_no": order, "outcome": "paid"})
        fields = notices.wait(lambda f: f.get("out_trade_no") == order)
        sign = fields.pop("sign")
        assert sdk.verify(dict(fields), sign)
        assert (fields["trade_status"], fields["subject"]) == ("TRADE_SUCCESS", SUBJECT)
        assert not sdk.verify({**fields, "total_amount": "12.35"}, sign)

    @check(f"{mode}: refunds are cumulative and a number moves money once")
    def _():
        def refund(request, amount):
            said = sdk.api_alipay_trade_refund(amount, out_trade_no=order, out_request_no=request)
            return said["fund_change"], said["refund_fee"]

        assert refund("r1", "2.34") == ("Y", "2.34")
        assert refund("r1", "2.34") == ("N", "2.34")
        assert refund("r2", "10.00") == ("Y", "12.34")
        asked = sdk.api_alipay_trade_fastpay_refund_query("r1", out_trade_no=order)
        assert asked["refund_status"] == "REFUND_SUCCESS" and asked["refund_amount"] == "2.34", asked

    @check(f"{mode}: a part is noticed as TRADE_SUCCESS, the rest as TRADE_CLOSED")
    def _():
        for request, status, fee in (("r1", "TRADE_SUCCESS", "2.34"), ("r2", "TRADE_CLOSED", "12.34")):
            fields = notices.wait(lambda f: f.get("out_biz_no") == request and f["out_trade_no"] == order)
            assert (fields["trade_status"], fields["refund_fee"]) == (status, fee), fields
            sign = fields.pop("sign")
            assert sdk.verify(fields, sign)

    @check(f"{mode}: trade.close ends an unpaid order and only that")
    def _():
        unpaid = number(f"{mode}_2")
        sdk.api_alipay_trade_create(
            SUBJECT, unpaid, "1.00", product_code="JSAPI_PAY", op_app_id=APP_ID, buyer_open_id=wallet(sdk)
        )
        assert sdk.api_alipay_trade_close(out_trade_no=unpaid)["code"] == "10000"
        again = sdk.api_alipay_trade_close(out_trade_no=order)
        assert again["sub_code"] == "ACQ.REASON_TRADE_STATUS_INVALID", again
        assert sdk.api_alipay_trade_query(out_trade_no=unpaid)["trade_status"] == "TRADE_CLOSED"

    @check(f"{mode}: refusals are signed under the method they answer")
    def _():
        none = sdk.api_alipay_trade_query(out_trade_no=number("none"))
        assert (none["code"], none["sub_code"]) == ("40004", "ACQ.TRADE_NOT_EXIST"), none


life_of_an_order(by_keys(), "keys")
life_of_an_order(by_certificates(), "certificates")


@check("certificates: the SDK gives each file the number the sandbox gives it")
def _():
    sdk = by_certificates()
    assert sdk.app_cert_sn == CERTIFICATES["app_cert_sn"]
    assert sdk.get_cert_sn(CERTIFICATES["platform_certificate"]) == CERTIFICATES["alipay_cert_sn"]


@check("a reply under another key is refused by the SDK")
def _():
    try:
        by_keys("app_public.pem").api_alipay_trade_query(out_trade_no=number("none"))
    except AliPayValidationError:
        return
    raise AssertionError("the SDK took it")


@check("a call that names another certificate is refused by the sandbox")
def _():
    sdk = by_certificates()
    sdk._app_cert_sn = "0" * 32
    try:
        said = sdk.api_alipay_trade_query(out_trade_no=number("none"))
    except AliPayException as refused:
        raise AssertionError(f"not a signed reply: {refused}") from refused
    assert said["sub_code"] == "isv.missing-signature-config", said


check.close()
