// The official Alipay SDK (npm alipay-sdk) as a client of the sandbox: whatever it accepts from the
// real gateway it must accept from the sandbox, signatures included.
//
//   SANDBOX_URL=http://127.0.0.1:PORT KEYS_DIR=DIR TZ=Asia/Shanghai node peer.mjs
//
// KEYS_DIR holds app_private.pem and platform_public.pem. The SDK writes timestamps in local time,
// hence TZ. Prints one line per check and `N passed, M failed`; exits 1 when anything failed.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { AlipaySdk } from 'alipay-sdk';

process.env.TZ ??= 'Asia/Shanghai';
const { SANDBOX_URL, KEYS_DIR } = process.env;
if (!SANDBOX_URL || !KEYS_DIR) {
  console.error('set SANDBOX_URL (a running lifeline-sandbox) and KEYS_DIR (its --keys-dir)');
  process.exit(2);
}
const APP_ID = '2021000000000001';
const SUBJECT = '电费 100% & 其它+项 "引号" <b>\\';
const run = Date.now().toString(36);
const key = (name) => readFileSync(join(KEYS_DIR, name), 'utf8');
const client = (more = {}) => new AlipaySdk({
  appId: APP_ID,
  privateKey: key('app_private.pem'),
  keyType: 'PKCS8',
  alipayPublicKey: key('platform_public.pem'),
  gateway: `${SANDBOX_URL}/gateway.do`,
  endpoint: SANDBOX_URL,
  timeout: 60_000,
  ...more,
});
const sdk = client();

let passed = 0;
let failed = 0;
async function check(name, body) {
  try {
    await body();
    passed += 1;
    console.log(`ok    ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL  ${name}: ${error?.message ?? error}`);
  }
}

// What the sandbox's notices look like from a merchant's server.
const notices = [];
let answers = [];
const receiver = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const fields = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString('utf8')));
    notices.push({ fields, contentType: request.headers['content-type'] });
    response.end(answers.shift() ?? 'success');
  });
});
await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve));
const notifyUrl = `http://127.0.0.1:${receiver.address().port}/notify`;

async function notice(matches) {
  const until = Date.now() + 60_000;
  for (;;) {
    const found = notices.find(({ fields }) => matches(fields));
    if (found) return found;
    if (Date.now() > until) throw new Error('the notice never came');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function control(path, body) {
  const response = await fetch(`${SANDBOX_URL}${path}`, {
    method: body ? 'POST' : 'GET',
    headers: body ? { 'content-type': 'application/json' } : {},
    body: body && JSON.stringify(body),
  });
  const text = await response.text();
  assert.ok(response.ok, `${path}: ${response.status} ${text}`);
  return JSON.parse(text);
}

const call = (method, params) => sdk.exec(method, params, { validateSign: true });
let openId;
const create = (outTradeNo, totalAmount = '12.34') => call('alipay.trade.create', {
  notifyUrl,
  bizContent: {
    outTradeNo, totalAmount, subject: SUBJECT, productCode: 'JSAPI_PAY', opAppId: APP_ID,
    buyerOpenId: openId, timeoutExpress: '10m', passbackParams: 'merchant%3D1',
  },
});
const order = `peer_${run}_1`;
let tradeNo;

await check('oauth.token gives tokens and the wallet id once', async () => {
  const { auth_code: code } = await control('/sim/alipay/authorize', { person: 'li-ming' });
  const tokens = await call('alipay.system.oauth.token', { grantType: 'authorization_code', code });
  assert.equal(tokens.code, undefined);
  assert.ok(tokens.accessToken && tokens.openId);
  openId = tokens.openId;
  const again = await call('alipay.system.oauth.token', { grantType: 'authorization_code', code });
  assert.equal(again.subCode, 'isv.code-invalid');
  const info = await call('alipay.user.info.share', { authToken: tokens.accessToken });
  assert.equal(info.code, '10000');
  assert.equal(info.openId, openId);
  assert.equal(info.isCertified, 'T');
  assert.match(info.certNo, /^150499\d{11}[\dX]$/);
  const renewed = await call('alipay.system.oauth.token', {
    grantType: 'refresh_token', refreshToken: tokens.refreshToken,
  });
  assert.ok(renewed.accessToken && renewed.accessToken !== tokens.accessToken);
});

await check('trade.create answers the same trade for the same order', async () => {
  const first = await create(order);
  assert.equal(first.code, '10000', JSON.stringify(first));
  const again = await create(order);
  assert.equal(again.tradeNo, first.tradeNo);
  tradeNo = first.tradeNo;
  const other = await create(order, '12.35');
  assert.equal(other.subCode, 'ACQ.CONTEXT_INCONSISTENT');
});

await check('trade.query shows an order that waits for its buyer', async () => {
  const trade = await call('alipay.trade.query', { bizContent: { outTradeNo: order } });
  assert.equal(trade.tradeStatus, 'WAIT_BUYER_PAY');
  assert.equal(trade.totalAmount, '12.34');
  assert.equal(trade.sendPayDate, undefined);
});

await check('a payment is noticed with a signature the SDK accepts', async () => {
  const paid = await control('/sim/alipay/pay', { trade_no: tradeNo, outcome: 'paid' });
  assert.equal(paid.result_code, '9000');
  const { fields, contentType } = await notice((f) => f.trade_no === tradeNo);
  assert.match(contentType, /^application\/x-www-form-urlencoded/);
  assert.equal(sdk.checkNotifySignV2(fields), true);
  assert.equal(fields.trade_status, 'TRADE_SUCCESS');
  assert.equal(fields.subject, SUBJECT);
  assert.equal(fields.total_amount, '12.34');
  assert.equal(fields.passback_params, 'merchant%3D1');
  assert.ok(Object.values(fields).every((value) => value !== ''), 'an empty value was sent');
  assert.equal(sdk.checkNotifySignV2({ ...fields, total_amount: '12.35' }), false);
});

await check('trade.query shows the payment, by trade_no before out_trade_no', async () => {
  const trade = await call('alipay.trade.query', { bizContent: { tradeNo, outTradeNo: 'unknown' } });
  assert.equal(trade.tradeStatus, 'TRADE_SUCCESS');
  assert.equal(trade.buyerOpenId, openId);
  assert.ok(trade.sendPayDate);
});

await check('refunds are cumulative and a number moves money once', async () => {
  const refund = (outRequestNo, refundAmount) =>
    call('alipay.trade.refund', { bizContent: { outTradeNo: order, refundAmount, outRequestNo } });
  const part = await refund('r1', '2.34');
  assert.deepEqual([part.fundChange, part.refundFee], ['Y', '2.34']);
  const again = await refund('r1', '2.34');
  assert.deepEqual([again.fundChange, again.refundFee], ['N', '2.34']);
  const tooMuch = await refund('r2', '10.01');
  assert.equal(tooMuch.subCode, 'ACQ.REASON_TRADE_REFUND_FEE_ERR');
  const rest = await refund('r3', '10.00');
  assert.deepEqual([rest.fundChange, rest.refundFee], ['Y', '12.34']);
});

await check('refunds are noticed: a part as TRADE_SUCCESS, the rest as TRADE_CLOSED', async () => {
  const part = await notice((f) => f.out_biz_no === 'r1');
  assert.equal(sdk.checkNotifySignV2(part.fields), true);
  assert.deepEqual([part.fields.trade_status, part.fields.refund_fee], ['TRADE_SUCCESS', '2.34']);
  const rest = await notice((f) => f.out_biz_no === 'r3');
  assert.equal(sdk.checkNotifySignV2(rest.fields), true);
  assert.deepEqual([rest.fields.trade_status, rest.fields.refund_fee], ['TRADE_CLOSED', '12.34']);
  assert.ok(rest.fields.gmt_close);
});

await check('fastpay.refund.query knows done refunds and says nothing of others', async () => {
  const query = (outRequestNo) =>
    call('alipay.trade.fastpay.refund.query', { bizContent: { outTradeNo: order, outRequestNo } });
  const done = await query('r1');
  assert.deepEqual([done.refundStatus, done.refundAmount], ['REFUND_SUCCESS', '2.34']);
  const none = await query('r9');
  assert.equal(none.code, '10000');
  assert.equal(none.refundStatus, undefined);
});

await check('trade.close ends an unpaid order and only that', async () => {
  const number = `peer_${run}_2`;
  const { tradeNo: open } = await create(number, '1.00');
  const closed = await call('alipay.trade.close', { bizContent: { tradeNo: open } });
  assert.equal(closed.code, '10000');
  const trade = await call('alipay.trade.query', { bizContent: { outTradeNo: number } });
  assert.equal(trade.tradeStatus, 'TRADE_CLOSED');
  const again = await call('alipay.trade.close', { bizContent: { tradeNo } });
  assert.equal(again.subCode, 'ACQ.REASON_TRADE_STATUS_INVALID');
});

await check('trade.cancel closes, and is silent about what it does not know', async () => {
  const number = `peer_${run}_3`;
  await create(number, '1.00');
  const done = await call('alipay.trade.cancel', { bizContent: { outTradeNo: number } });
  assert.equal(done.action, 'close');
  const none = await call('alipay.trade.cancel', { bizContent: { outTradeNo: `${number}_none` } });
  assert.deepEqual([none.code, none.action], ['10000', undefined]);
});

await check('refusals are signed under the method they answer', async () => {
  const none = await call('alipay.trade.query', { bizContent: { outTradeNo: `peer_${run}_none` } });
  assert.deepEqual([none.code, none.subCode], ['40004', 'ACQ.TRADE_NOT_EXIST']);
  const unknown = await call('alipay.no.such.method', { bizContent: {} });
  assert.deepEqual([unknown.code, unknown.subCode], ['40002', 'isv.invalid-method']);
});

await check('a reply under another key is refused by the SDK', async () => {
  const stranger = client({ alipayPublicKey: key('app_public.pem') });
  await assert.rejects(
    stranger.exec('alipay.trade.query', { bizContent: { outTradeNo: order } }, { validateSign: true }),
    /验签失败/,
  );
});

await check('a page link made by the SDK opens the cashier and makes no trade', async () => {
  const number = `peer_${run}_4`;
  const url = sdk.pageExecute('alipay.trade.wap.pay', 'GET', {
    notifyUrl,
    returnUrl: notifyUrl,
    bizContent: {
      outTradeNo: number, totalAmount: '88.88', subject: SUBJECT, productCode: 'QUICK_WAP_WAY',
    },
  });
  const page = await (await fetch(url)).text();
  assert.match(page, /id="amount">¥88\.88</);
  assert.match(page, /&lt;b&gt;/);
  const none = await call('alipay.trade.query', { bizContent: { outTradeNo: number } });
  assert.equal(none.subCode, 'ACQ.TRADE_NOT_EXIST');
  const paid = await control('/sim/alipay/pay', { out_trade_no: number, outcome: 'paid' });
  assert.equal(paid.trade_status, 'TRADE_SUCCESS');
  const { fields } = await notice((f) => f.out_trade_no === number);
  assert.equal(sdk.checkNotifySignV2(fields), true);
});

await check('an unaccepted notice comes again after four minutes under the same id', async () => {
  const number = `peer_${run}_5`;
  const { tradeNo: open } = await create(number, '5.00');
  answers = ['fail'];
  await control('/sim/alipay/pay', { trade_no: open, outcome: 'paid' });
  const first = await notice((f) => f.trade_no === open);
  await control('/sim/clock', { advance_s: 241 });
  const second = await notice((f) => f.trade_no === open && f !== first.fields);
  assert.equal(second.fields.notify_id, first.fields.notify_id);
  assert.equal(sdk.checkNotifySignV2(second.fields), true);
});

// The same by certificates, as the console would hand them out.
const files = await control('/sim/alipay/certificates');
const byCertificate = (more = {}) => client({
  alipayPublicKey: undefined,
  appCertContent: files.app_certificate,
  alipayPublicCertContent: files.platform_certificate,
  alipayRootCertContent: files.root_certificates,
  ...more,
});
const certified = byCertificate();
const ask = (who, method, bizContent, more = {}) =>
  who.exec(method, { bizContent, ...more }, { validateSign: true });
const jsapi = (outTradeNo, totalAmount) => ({
  outTradeNo, totalAmount, subject: SUBJECT, productCode: 'JSAPI_PAY', opAppId: APP_ID, buyerOpenId: openId,
});

await check('certificates: the SDK gives the files the numbers the sandbox gives them', () => {
  assert.equal(certified.config.appCertSn, files.app_cert_sn);
  assert.equal(certified.config.alipayCertSn, files.alipay_cert_sn);
  assert.match(certified.config.alipayRootCertSn, /^[0-9a-f]{32}$/);
});

await check('certificates: create, pay, refund and close are signed under the certificate', async () => {
  const number = `peer_${run}_6`;
  const made = await ask(certified, 'alipay.trade.create', jsapi(number, '6.00'), { notifyUrl });
  assert.equal(made.code, '10000', JSON.stringify(made));
  await control('/sim/alipay/pay', { trade_no: made.tradeNo, outcome: 'paid' });
  const { fields } = await notice((f) => f.out_trade_no === number);
  assert.equal(certified.checkNotifySignV2(fields), true);
  const trade = await ask(certified, 'alipay.trade.query', { outTradeNo: number });
  assert.equal(trade.tradeStatus, 'TRADE_SUCCESS');
  const back = await ask(certified, 'alipay.trade.refund', { outTradeNo: number, refundAmount: '6.00' });
  assert.equal(back.fundChange, 'Y');
  const again = await ask(certified, 'alipay.trade.close', { outTradeNo: number });
  assert.equal(again.subCode, 'ACQ.REASON_TRADE_STATUS_INVALID');
});

await check('certificates: a call naming another certificate is refused, signed', async () => {
  const other = byCertificate();
  other.config.appCertSn = '0'.repeat(32);
  const refused = await ask(other, 'alipay.trade.query', { outTradeNo: order });
  assert.equal(refused.subCode, 'isv.missing-signature-config');
});

await check('certificates: a renewed one is had by alipaycert.download and then believed', async () => {
  const { alipay_cert_sn: alipayCertSn } = await control('/sim/alipay/certificates/renew', {});
  assert.notEqual(alipayCertSn, files.alipay_cert_sn);
  await assert.rejects(ask(certified, 'alipay.trade.query', { outTradeNo: order }), /验签失败/);
  const had = await certified.exec('alipay.open.app.alipaycert.download', { bizContent: { alipayCertSn } });
  const alipayPublicCertContent = Buffer.from(had.alipayCertContent, 'base64').toString('utf8');
  const renewed = byCertificate({ alipayPublicCertContent });
  assert.equal(renewed.config.alipayCertSn, alipayCertSn);
  const trade = await ask(renewed, 'alipay.trade.query', { outTradeNo: order });
  assert.equal(trade.tradeStatus, 'TRADE_CLOSED');
});

// The SDK cannot verify an encrypted answer (it looks for an object); whether one is signed rightly is shown by the
// Python peer. Here: what it encrypts is understood, and what comes back opens.
for (const [mode, make] of [['keys', client], ['certificates', byCertificate]]) {
  await check(`${mode}: content is encrypted both ways`, async () => {
    const sealing = make({ encryptKey: files.content_key_base64 });
    const number = `peer_${run}_7_${mode}`;
    const sealed = (method, bizContent) => sealing.exec(method, { bizContent, needEncrypt: true, notifyUrl });
    const made = await sealed('alipay.trade.create', jsapi(number, '7.00'));
    assert.equal(made.code, '10000', JSON.stringify(made));
    const trade = await sealed('alipay.trade.query', { outTradeNo: number });
    assert.deepEqual([trade.tradeStatus, trade.totalAmount], ['WAIT_BUYER_PAY', '7.00']);
    const none = await sealed('alipay.trade.query', { outTradeNo: `${number}_none` });
    assert.equal(none.subCode, 'ACQ.TRADE_NOT_EXIST');
  });
}

// Agreements: told to the call's address in the usual way, and what nobody asked for to the application gateway, where
// sign_type is signed too.
await check('a withholding agreement is signed, told, and its end in the wallet is told to the gateway', async () => {
  await control('/sim/alipay/app-gateway', { url: notifyUrl });
  const externalAgreementNo = `WH${run}`;
  const url = sdk.pageExecute('alipay.user.agreement.page.sign', 'GET', {
    notifyUrl,
    bizContent: {
      personalProductCode: 'GENERAL_WITHHOLDING_P', productCode: 'GENERAL_WITHHOLDING', signScene: 'INDUSTRY|ELECTRIC',
      accessParams: { channel: 'ALIPAYAPP' }, externalAgreementNo, externalLogonId: '100%',
    },
  });
  assert.match(await (await fetch(url)).text(), /id="agree"/);
  await control('/sim/alipay/agree', { external_agreement_no: externalAgreementNo, outcome: 'signed' });
  const begun = await notice((f) => f.notify_type === 'dut_user_sign');
  assert.equal(sdk.checkNotifySignV2(begun.fields), true);
  assert.deepEqual([begun.fields.status, begun.fields.external_logon_id], ['NORMAL', '100%']);
  const agreed = await call('alipay.user.agreement.query', { bizContent: { externalAgreementNo } });
  assert.deepEqual([agreed.status, agreed.agreementNo], ['NORMAL', begun.fields.agreement_no]);
  await control('/sim/alipay/unsign', { external_agreement_no: externalAgreementNo });
  const ended = await notice((f) => f.notify_type === 'dut_user_unsign');
  assert.equal(ended.fields.status, 'UNSIGN');
  assert.equal(sdk.checkNotifySignV2(ended.fields), true);
});

receiver.close();
receiver.closeAllConnections();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
