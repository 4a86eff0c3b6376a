/**
 * An identity, encrypted for the key of a generation account: a compact JWE, RSA-OAEP-256 with A256GCM (RFC 7516). Only the key vault of
 * the utility opens it; neither our own pages nor anything on the way can.
 */
export interface Jwk { kty: string; alg: string; kid: string; n: string; e: string }

export interface Identity { name: string; id_no: string; bank_card_no: string }

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')
}

/** Encrypts by the Web Crypto given. The content key is fresh and forgotten. */
export async function encryptedFor(crypto: Crypto, jwk: Jwk, said: unknown): Promise<string> {
  const text = new TextEncoder()
  const { kty, n, e } = jwk
  const key = await crypto.subtle.importKey('jwk', { kty, n, e, alg: 'RSA-OAEP-256', ext: true }, { name: 'RSA-OAEP', hash: 'SHA-256' }, false, ['wrapKey'])
  const cek = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, true, ['encrypt'])
  const wrapped = new Uint8Array(await crypto.subtle.wrapKey('raw', cek, key, { name: 'RSA-OAEP' }))
  const header = base64url(text.encode(JSON.stringify({ alg: 'RSA-OAEP-256', enc: 'A256GCM', kid: jwk.kid })))
  const iv = crypto.getRandomValues(new Uint8Array(12))
  const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: text.encode(header) }, cek, text.encode(JSON.stringify(said))))
  const tagAt = sealed.length - 16
  return [header, base64url(wrapped), base64url(iv), base64url(sealed.slice(0, tagAt)), base64url(sealed.slice(tagAt))].join('.')
}
