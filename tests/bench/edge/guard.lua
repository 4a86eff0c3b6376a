-- Who asks and how often, as it is written for nginx: HS256 token (remembered once verified), one GCRA script in Redis over
-- the address and the account, an answer from memory.
local cjson = require "cjson.safe"
local hmac = require "openssl.hmac"
local redis = require "nginx.redis"

local SCRIPT = [[
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local interval = 60000000 / ARGV[1]
local tats = {}
for i, key in ipairs(KEYS) do
  local tat = tonumber(redis.call('GET', key) or now)
  if tat < now then tat = now end
  if tat + interval - now > 60000000 then return 0 end
  tats[i] = tat + interval
end
for i, key in ipairs(KEYS) do
  redis.call('SET', key, string.format('%.3f', tats[i]), 'PX', math.ceil((tats[i] - now) / 1000) + 1)
end
return 1]]

local M = {}
local sha

local function decoded(text)
  local padded = text:gsub("-", "+"):gsub("_", "/")
  return ngx.decode_base64(padded .. string.rep("=", (4 - #padded % 4) % 4))
end

local function verified(token, secret)
  local known = ngx.shared.verified:get(token)
  if known then return known end
  local head, payload, mark = token:match("^([%w_-]+)%.([%w_-]+)%.([%w_-]+)$")
  if not head then return nil end
  local algorithm = (cjson.decode(decoded(head) or "") or {}).alg
  if algorithm ~= "HS256" then return nil end
  if hmac.new(secret, "sha256"):final(head .. "." .. payload) ~= decoded(mark) then return nil end
  local claims = cjson.decode(decoded(payload) or "") or {}
  local left = (claims.exp or 0) - ngx.time()
  if claims.aud ~= "lifeline-line" or claims.iss ~= "lifeline" or left <= 0 then return nil end
  ngx.shared.verified:set(token, claims.sub, left)
  return claims.sub
end

local function passes(plan, address, account)
  local store = redis:new()
  assert(store:connect("127.0.0.1", plan.redis_port))
  if store:get_reused_times() == 0 then assert(store:auth(plan.redis_password)) end
  sha = sha or assert(store:script("LOAD", SCRIPT))
  local passed = assert(store:evalsha(sha, 2, "a:" .. address, "u:" .. account, plan.limit))
  store:set_keepalive(60000, 128)
  return passed == 1
end

function M.answer(plan)
  local token = (ngx.var.http_authorization or ""):match("^Bearer (.+)$")
  local account = token and verified(token, plan.secret)
  if not account then return ngx.exit(401) end
  if not passes(plan, ngx.var.remote_addr, account) then return ngx.exit(429) end
  ngx.header["content-type"] = "application/json"
  ngx.header["content-length"] = #plan.body
  ngx.header["etag"] = plan.etag
  ngx.header["cache-control"] = "no-store"
  ngx.print(plan.body)
end

return M
