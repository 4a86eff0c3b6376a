import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keyRing } from '../src/api/idempotency'
import { lineCalls } from '../src/api/line'
import { asProblem } from '../src/api/problem'
import { createSession, type SessionSeam } from '../src/api/session'
import { parsedJson, retryAfter, type WireReply, type WireRequest } from '../src/api/wire'

/** A line that answers from a list, and remembers what it was asked. */
function scripted(...answers: (WireReply | 'silence')[]) {
  const asked: WireRequest[] = []
  return {
    asked,
    send(request: WireRequest): Promise<WireReply> {
      asked.push(request)
      const answer = answers.shift()
      if (answer === undefined) throw new Error(`nothing left to answer to ${request.method} ${request.path}`)
      return answer === 'silence' ? Promise.reject(new Error('no answer')) : Promise.resolve(answer)
    },
  }
}

const ok = (body: unknown): WireReply => ({ status: 200, body })
const refused = (status: number, code: string, more: object = {}): WireReply => ({ status, body: { code, ...more } })
const noTokens = { current: () => 'token-1', renew: () => Promise.resolve(undefined) }
const noPause = () => Promise.resolve()

test('a read is asked again once when no answer came; a plain write is not', async () => {
  const read = scripted('silence', ok({ fine: true }))
  assert.deepEqual(await lineCalls(read.send, noTokens, noPause)('GET', '/me'), { fine: true })
  assert.equal(read.asked.length, 2)

  const write = scripted('silence')
  await assert.rejects(lineCalls(write.send, noTokens, noPause)('POST', '/bindings', { body: {} }), (thrown) => asProblem(thrown).code === 'NETWORK')
  assert.equal(write.asked.length, 1)
})

test('a write with a key is repeated with the same key and the same body', async () => {
  const line = scripted('silence', refused(409, 'REQUEST_IN_FLIGHT'), 'silence', { status: 201, body: { payment_id: 'p' } })
  const reply = await lineCalls(line.send, noTokens, noPause)('POST', '/payments', { body: { amount_fen: 1 }, idempotencyKey: 'k'.repeat(32) })
  assert.deepEqual(reply, { payment_id: 'p' })
  assert.equal(line.asked.length, 4)
  assert.deepEqual(new Set(line.asked.map((each) => `${each.headers['idempotency-key']} ${JSON.stringify(each.body)}`)).size, 1)
})

test('a refusal is not repeated, and carries its members', async () => {
  const line = scripted(refused(409, 'STALE_ARREARS', { current: { total_fen: 9 } }))
  const thrown = await lineCalls(line.send, noTokens, noPause)('POST', '/payments', { body: {}, idempotencyKey: 'k'.repeat(16) }).catch(asProblem)
  assert.ok('code' in (thrown as object))
  const problem = asProblem(thrown)
  assert.deepEqual([problem.code, problem.status, problem.members.current], ['STALE_ARREARS', 409, { total_fen: 9 }])
  assert.equal(line.asked.length, 1)
})

test('a short wait that the gateway asks for is waited; a longer one is told to the person', async () => {
  const limited = (retry_after_s: number) => refused(429, 'RATE_LIMITED', { retry_after_s })
  const waited: number[] = []
  const pause = (ms: number) => { waited.push(ms); return Promise.resolve() }
  const short = scripted(limited(3), ok({ fine: true }))
  assert.deepEqual(await lineCalls(short.send, noTokens, pause)('GET', '/me'), { fine: true })
  assert.deepEqual(waited, [3000])

  const long = scripted(limited(42))
  const problem = asProblem(await lineCalls(long.send, noTokens, pause)('GET', '/me').catch((thrown: unknown) => thrown))
  assert.deepEqual([problem.code, problem.retryAfterS, long.asked.length], ['RATE_LIMITED', 42, 1])

  const plainWrite = scripted(limited(3))
  await assert.rejects(lineCalls(plainWrite.send, noTokens, pause)('POST', '/otps', { body: {} }), (thrown) => asProblem(thrown).code === 'RATE_LIMITED')
  assert.equal(plainWrite.asked.length, 1)
})

test('a write with a key that ran out of time at the gateway is repeated after its wait; a read is not', async () => {
  const late = refused(503, 'REQUEST_TIMEOUT', { retry_after_s: 2 })
  const waited: number[] = []
  const pause = (ms: number) => { waited.push(ms); return Promise.resolve() }
  const write = scripted(late, { status: 201, body: { payment_id: 'p' } })
  const reply = await lineCalls(write.send, noTokens, pause)('POST', '/payments', { body: { amount_fen: 1 }, idempotencyKey: 'k'.repeat(32) })
  assert.deepEqual([reply, waited], [{ payment_id: 'p' }, [2000]])
  assert.deepEqual(write.asked.map((each) => each.headers['idempotency-key']), ['k'.repeat(32), 'k'.repeat(32)])

  for (const method of ['GET', 'POST'] as const) {
    const once = scripted(late)
    await assert.rejects(lineCalls(once.send, noTokens, pause)(method, '/me'), (thrown) => asProblem(thrown).code === 'REQUEST_TIMEOUT')
    assert.equal(once.asked.length, 1)
  }
})

test('401 renews the session once and repeats the call with the new token', async () => {
  const line = scripted(refused(401, 'UNAUTHENTICATED'), ok({ me: 1 }))
  const spent: (string | undefined)[] = []
  const tokens = { current: () => 'old', renew: (token: string | undefined) => { spent.push(token); return Promise.resolve('new') } }
  assert.deepEqual(await lineCalls(line.send, tokens, noPause)('GET', '/me'), { me: 1 })
  assert.deepEqual(line.asked.map((each) => each.headers.authorization), ['Bearer old', 'Bearer new'])
  assert.deepEqual(spent, ['old'])
})

test('a second 401 is the end of it', async () => {
  const line = scripted(refused(401, 'UNAUTHENTICATED'), refused(401, 'UNAUTHENTICATED'))
  const tokens = { current: () => 'old', renew: () => Promise.resolve('new') }
  await assert.rejects(lineCalls(line.send, tokens, noPause)('GET', '/me'), (thrown) => asProblem(thrown).status === 401)
  assert.equal(line.asked.length, 2)
})

test('query parts are encoded and absent ones left out', async () => {
  const line = scripted(ok({}))
  await lineCalls(line.send, noTokens, noPause)('GET', '/notices', { query: { limit: 5, cursor: 'a/b=', other: undefined } })
  assert.equal(line.asked[0].path, '/v1/notices?limit=5&cursor=a%2Fb%3D')
})

function seam(over: Partial<SessionSeam> = {}): SessionSeam & { kept: string[] } {
  const kept: string[] = []
  return {
    kept,
    takeSignInReturn: () => undefined,
    beginSignIn: () => Promise.resolve(undefined),
    refreshGrant: () => ({ grant: 'refresh' as const }),
    keepSession: (reply) => void kept.push(reply.access_token),
    forgetSession: () => void kept.push('forgotten'),
    ...over,
  }
}
const opened = (token: string): WireReply => ({ status: 201, body: { access_token: token, token_type: 'Bearer', expires_in: 900, account_id: 'a' } })

test('a return from Alipay signs in with code and state', async () => {
  const line = scripted(opened('t'))
  const session = createSession(line.send, seam({ takeSignInReturn: () => ({ kind: 'code', auth_code: 'c', state: 's' }) }), 'h5', () => undefined, noPause)
  assert.equal(await session.standing(), 'signed_in')
  assert.deepEqual(line.asked[0].body, { grant: 'alipay', auth_code: 'c', state: 's' })
  assert.equal(session.current(), 't')
})

test('nothing kept means signed out without asking', async () => {
  const line = scripted()
  const session = createSession(line.send, seam({ refreshGrant: () => undefined }), 'h5', () => undefined, noPause)
  assert.equal(await session.standing(), 'signed_out')
  assert.equal(line.asked.length, 0)
})

test('many calls that meet 401 at once renew once', async () => {
  const line = scripted(opened('one'), opened('two'))
  const session = createSession(line.send, seam(), 'h5', () => undefined, noPause)
  await session.standing()
  const renewed = await Promise.all([session.renew('one'), session.renew('one'), session.renew('one')])
  assert.deepEqual(renewed, ['two', 'two', 'two'])
  assert.equal(line.asked.length, 2)
  assert.equal(await session.renew('one'), 'two')
  assert.equal(line.asked.length, 2)
})

test('a refused refresh ends the session; an unanswered one does not', async () => {
  let ended = 0
  const line = scripted(opened('one'), 'silence', 'silence', refused(401, 'UNAUTHENTICATED'))
  const keeping = seam()
  const session = createSession(line.send, keeping, 'h5', () => { ended += 1 }, noPause)
  await session.standing()
  await assert.rejects(session.renew('one'), (thrown) => asProblem(thrown).code === 'NETWORK')
  assert.equal(ended, 0)
  assert.equal(await session.renew('one'), undefined)
  assert.equal(ended, 1)
  assert.equal(session.current(), undefined)
  assert.equal(await session.standing(), 'signed_out')
  assert.ok(keeping.kept.includes('forgotten'))
})

test('a lost answer to a renewal is asked for once more, soon and by the same token', async () => {
  const line = scripted('silence', opened('two'))
  const waited: number[] = []
  const pause = (ms: number) => { waited.push(ms); return Promise.resolve() }
  const grant = { grant: 'refresh' as const, refresh_token: 'spent' }
  const session = createSession(line.send, seam({ refreshGrant: () => grant }), 'mini', () => undefined, pause)
  assert.equal(await session.standing(), 'signed_in')
  assert.equal(session.current(), 'two')
  assert.deepEqual([line.asked.map((each) => each.body), waited], [[grant, grant], [400]])
})

test('signing out ends the session even when the line does not answer', async () => {
  let ended = 0
  const line = scripted(opened('one'), 'silence')
  const session = createSession(line.send, seam(), 'h5', () => { ended += 1 }, noPause)
  await session.standing()
  await session.signOut()
  assert.deepEqual([ended, session.current(), line.asked[1].method, line.asked[1].path], [1, undefined, 'DELETE', '/v1/sessions/current'])
})

/** A session whose renewal is under way: `answer` answers it, `rest` what is asked after it. */
async function renewing(...rest: WireReply[]) {
  let answer: (reply: WireReply) => void = () => undefined
  const late = new Promise<WireReply>((resolve) => { answer = resolve })
  const replies = [Promise.resolve(opened('one')), late, ...rest.map((reply) => Promise.resolve(reply))]
  const keeping = seam()
  const ends: number[] = []
  const send = () => replies.shift() ?? Promise.reject(new Error('nothing left to answer'))
  const session = createSession(send, keeping, 'mini', () => void ends.push(1), noPause)
  await session.standing()
  return { session, keeping, ends, answer, renewal: session.renew('one') }
}

test('a renewal that is answered after signing out brings nobody back', async () => {
  const { session, keeping, ends, answer, renewal } = await renewing({ status: 204, body: undefined })
  await session.signOut()
  answer(opened('two'))
  assert.equal(await renewal, undefined)
  assert.deepEqual([session.current(), ends.length, keeping.kept], [undefined, 1, ['one', 'forgotten']])
  assert.equal(await session.standing(), 'signed_out')
})

test('whoever comes next keeps the session, whatever the former one still hears', async () => {
  const shown = { grant: 'password' as const, login: 'liming88', password: 'x', otp: '123456' }
  for (const last of [opened('two'), refused(401, 'UNAUTHENTICATED')]) {
    const { session, keeping, ends, answer, renewal } = await renewing({ status: 204, body: undefined }, opened('theirs'))
    await session.signOut()
    assert.equal(await session.byPassword(shown), 'signed_in')
    answer(last)
    assert.equal(await renewal, undefined)
    assert.equal(await session.renew('one'), undefined, 'a call of the former one is not made again with the other token')
    assert.deepEqual([session.current(), ends.length, keeping.kept], ['theirs', 1, ['one', 'forgotten', 'theirs']])
  }
})

test('not knowing who is there is asked again, not taken for signed out', async () => {
  const line = scripted('silence', 'silence', opened('one'))
  const session = createSession(line.send, seam(), 'mini', () => undefined, noPause)
  await assert.rejects(session.standing())
  assert.equal(await session.standing(), 'signed_in')
})

test('one intention keeps its key; another amount gets another', () => {
  let made = 0
  const ring = keyRing(() => `key-${(made += 1)}`)
  const first = ring.keyFor({ amount_fen: 1, version: 'a' })
  assert.equal(ring.keyFor({ amount_fen: 1, version: 'a' }), first)
  assert.notEqual(ring.keyFor({ amount_fen: 2, version: 'b' }), first)
})

test('replies that are not JSON, and headers that are not seconds, are nothing', () => {
  assert.equal(parsedJson('<html>'), undefined)
  assert.equal(parsedJson(''), undefined)
  assert.equal(retryAfter('12'), 12)
  assert.equal(retryAfter('Wed, 21 Oct 2026 07:28:00 GMT'), undefined)
  assert.equal(retryAfter(null), undefined)
})
