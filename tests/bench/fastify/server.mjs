// The peer of the authenticated bill query: the same token, the same checks, the same answer.
// Verified tokens are cached, as on our side. The bill itself comes from memory.
import { createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import Fastify from 'fastify'
import jwt from '@fastify/jwt'
import rateLimit from '@fastify/rate-limit'

const plan = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const body = readFileSync(plan.bodyFile)
const key = createPublicKey({ key: plan.jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' })

const app = Fastify({ logger: false })
await app.register(jwt, {
  secret: { public: key, private: '' },
  verify: { algorithms: ['EdDSA'], allowedAud: plan.audience, allowedIss: plan.issuer, cache: 10000 },
})
// Two limits, as on our side: per address and per account.
await app.register(rateLimit, { global: false })
const owners = new Map([[plan.bindingId, plan.accountId]])
const perAddress = app.rateLimit({ max: plan.limit, timeWindow: 60000, keyGenerator: (request) => request.ip })
const perAccount = app.rateLimit({ max: plan.limit, timeWindow: 60000, keyGenerator: (request) => request.user.sub })

app.get('/v1/bindings/:id/bills/:period', {
  preHandler: [perAddress, async (request) => request.jwtVerify(), perAccount],
}, async (request, reply) => {
  if (owners.get(request.params.id) !== request.user.sub) return reply.code(404).send({ code: 'NOT_FOUND' })
  return reply.type('application/json').header('etag', plan.etag).header('cache-control', plan.cacheControl).send(body)
})

await app.listen({ host: '127.0.0.1', port: plan.port })
process.stdout.write('ready\n')
