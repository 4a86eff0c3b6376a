/**
 * As much of Alipay's runtime as it takes to run the real bundle in Node: `my`, App, Page, a stack of pages, taps on what was drawn.
 * Requests go to a line over HTTP; every call of `my` is written down.
 */
import { createRequire } from 'node:module'
import path from 'node:path'
import { PATIENCE_MS } from './checks.mjs'

export class MiniRuntime {
  calls = []
  /** Method, path and status of every answered request. */
  replies = []
  stack = []
  storage = new Map()
  // A page registers itself once, when its file is first read, as in Alipay.
  #pages = new Map()
  #registered
  #app

  constructor(root, lineBase) {
    this.root = path.resolve(root)
    this.lineBase = lineBase
    this.require = createRequire(path.join(this.root, 'app.js'))
    this.#install()
  }

  launch() {
    this.require('./app.js')
    const options = { path: 'pages/home/index', query: {} }
    this.#app.onLaunch?.call(this.#app, options)
    this.#app.onShow?.call(this.#app, options)
    this.#open('/pages/home/index')
  }

  get page() {
    return this.stack.at(-1)
  }

  /** What the front page shows, as one text. */
  text() {
    return this.page ? texts(this.page.data.root).join(' ') : ''
  }

  /** Nodes of the front page that `wanted` accepts. */
  find(wanted) {
    return this.page ? nodes(this.page.data.root).filter(wanted) : []
  }

  /** The first thing whose text has `words` and that answers to a tap now. */
  tappable(words) {
    return this.find((node) => /\btap\b/.test(node.cl ?? '') && !/\bdisabled\b/.test(node.cl) && texts(node).join('').includes(words))[0]
  }

  tap(words) {
    const target = this.tappable(words)
    if (!target) throw new Error(`nothing to tap says "${words}"; the page says: ${this.text()}`)
    const at = { id: target.uid ?? target.sid, dataset: { sid: target.sid } }
    this.page.eh({ type: 'tap', target: at, currentTarget: at, detail: {}, timeStamp: Date.now() })
  }

  /** Waits until `holds()` is true; throws with the page's text when it never is. */
  async until(what, holds) {
    const end = Date.now() + PATIENCE_MS
    while (!holds()) {
      if (Date.now() > end) throw new Error(`${what}: not within ${PATIENCE_MS} ms; the page says: ${this.text()}`)
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
  }

  calledWith(name) {
    return this.calls.filter((call) => call.name === name).map((call) => call.options)
  }

  #install() {
    const nothing = () => undefined
    const my = {
      env: {}, SDKVersion: '2.9.0',
      canIUse: () => true,
      getSystemInfoSync: () => ({ platform: 'iOS', pixelRatio: 2, windowWidth: 375, windowHeight: 667, screenWidth: 375, screenHeight: 667, fontSizeSetting: 16, version: '10.6', language: 'zh-Hans' }),
      createSelectorQuery: () => new Proxy({}, { get: (_, __, self) => () => self }),
      getAuthCode: (options) => this.#answer('getAuthCode', options, async () => ({ authCode: (await this.onAuthCode?.()) ?? 'code-of-the-runtime', authSuccessScopes: ['auth_user'] })),
      tradePay: (options) => this.#answer('tradePay', options, async () => (await this.onTradePay?.(options)) ?? { resultCode: '9000' }),
      startAPVerify: (options) => this.#answer('startAPVerify', options, async () => (await this.onFace?.(options)) ?? { resultStatus: '9000' }),
      getPhoneNumber: (options) => this.#answer('getPhoneNumber', options, async () => ({ response: JSON.stringify({ response: 'closed', sign: 'signed', sign_type: 'RSA2', encrypt_type: 'AES', charset: 'UTF-8' }) })),
      setClipboard: (options) => this.#answer('setClipboard', options, async () => ({})),
      makePhoneCall: (options) => this.#answer('makePhoneCall', options, async () => ({})),
      request: (options) => void this.#request(options),
      getStorageSync: ({ key }) => ({ data: this.storage.get(key) ?? null }),
      setStorageSync: ({ key, data }) => void this.storage.set(key, data),
      removeStorageSync: ({ key }) => void this.storage.delete(key),
      setNavigationBar: nothing,
      navigateTo: (options) => this.#move(options, () => this.#open(options.url)),
      redirectTo: (options) => this.#move(options, () => this.#close(1, options.url)),
      reLaunch: (options) => this.#move(options, () => this.#close(this.stack.length, options.url)),
      navigateBack: (options) => this.#move(options, () => this.#close(1)),
    }
    const known = new Proxy(my, { get: (target, name) => (name in target ? target[name] : /^o(n|ff)[A-Z]/.test(String(name)) ? nothing : undefined), has: () => true })
    Object.assign(globalThis, {
      my: known,
      App: (app) => { this.#app = app },
      Page: (page) => { this.#registered = page },
      Component: (component) => component,
      Behavior: (behavior) => behavior,
      getApp: () => this.#app,
      getCurrentPages: () => this.stack,
      requestAnimationFrame: (draw) => setTimeout(() => draw(Date.now()), 0),
      cancelAnimationFrame: clearTimeout,
    })
    Object.defineProperty(globalThis, 'navigator', { value: { userAgent: 'AlipayClient' }, configurable: true, writable: true })
  }

  #answer(name, options, given) {
    this.calls.push({ name, options })
    setTimeout(async () => {
      const answer = await given()
      options.success?.(answer)
      options.complete?.(answer)
    }, 0)
  }

  async #request(options) {
    this.calls.push({ name: 'request', options })
    try {
      const url = new URL(options.url)
      const reply = await fetch(this.lineBase + url.pathname + url.search, { method: options.method, headers: options.headers, body: options.data })
      const answer = { status: reply.status, headers: Object.fromEntries(reply.headers), data: await reply.text() }
      this.replies.push({ method: options.method, path: url.pathname, status: reply.status })
      // Alipay reports an HTTP error through fail, with error 19.
      if (reply.ok) options.success?.(answer)
      else options.fail?.({ ...answer, error: 19, errorMessage: 'http status error' })
    } catch (fault) {
      options.fail?.({ error: 12, errorMessage: String(fault) })
    }
  }

  #move(options, act) {
    this.calls.push({ name: 'move', options })
    setTimeout(() => {
      act()
      options.success?.({})
      options.complete?.({})
    }, 0)
  }

  #close(count, next) {
    for (let closed = 0; closed < count; closed += 1) this.stack.pop()?.onUnload?.()
    if (next) this.#open(next)
    else this.page?.onShow?.()
  }

  #open(url) {
    const [route, query = ''] = url.replace(/^\//, '').split('?')
    if (!this.#pages.has(route)) {
      this.require(`./${route}.js`)
      this.#pages.set(route, this.#registered)
    }
    const registered = this.#pages.get(route)
    const options = Object.fromEntries(new URLSearchParams(query))
    const page = { ...registered, data: { ...registered.data }, route, options, setData: assign, $spliceData: assign }
    this.page?.onHide?.()
    this.stack.push(page)
    page.onLoad?.(options)
    page.onShow?.()
    page.onReady?.()
  }
}

/** `setData({ 'root.cn.[0].cl': … })` as Alipay does it. */
function assign(changes, done) {
  for (const [place, value] of Object.entries(changes)) {
    const steps = place.replace(/\.?\[(\d+)\]/g, '.$1').split('.')
    const last = steps.pop()
    let at = this.data
    for (const step of steps) at = at[step] ??= {}
    at[last] = value
  }
  if (done) setTimeout(() => done.call(this), 0)
}

const childrenOf = (node) => (Array.isArray(node?.cn) ? node.cn : Object.values(node?.cn ?? {}))

function nodes(node) {
  return node ? [node, ...childrenOf(node).flatMap(nodes)] : []
}

function texts(node) {
  return nodes(node).map((each) => each.v).filter((text) => typeof text === 'string' && text !== '')
}
