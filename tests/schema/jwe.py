"""A sender's side of JWE (RFC 7516): RSA-OAEP-256 with A256GCM, in the standard library alone. For made-up people only:
nothing here takes the same time twice."""

import base64
import hashlib
import json
import os


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _times(a, b):
    """Multiplication in the field of AES."""
    product = 0
    while b:
        if b & 1:
            product ^= a
        a = (a << 1) ^ (0x11B if a & 0x80 else 0)
        b >>= 1
    return product


def _box():
    box = []
    for value in range(256):
        inverse = next((other for other in range(256) if _times(value, other) == 1), 0)
        turned = 0
        for shift in range(5):
            turned ^= ((inverse << shift) | (inverse >> (8 - shift))) & 0xFF
        box.append(turned ^ 0x63)
    return box


BOX = _box()


def _round_keys(key):
    words, factor = [list(key[at : at + 4]) for at in range(0, 32, 4)], 1
    while len(words) < 60:
        word = list(words[-1])
        if len(words) % 8 == 0:
            word = [BOX[byte] for byte in word[1:] + word[:1]]
            word[0] ^= factor
            factor = _times(factor, 2)
        elif len(words) % 8 == 4:
            word = [BOX[byte] for byte in word]
        words.append([a ^ b for a, b in zip(word, words[-8])])
    return [sum(words[at : at + 4], []) for at in range(0, 60, 4)]


def _block(keys, block):
    state = [a ^ b for a, b in zip(block, keys[0])]
    for turn, key in enumerate(keys[1:], 1):
        state = [BOX[state[(at + 4 * (at % 4)) % 16]] for at in range(16)]
        if turn < 14:
            mixed = []
            for column in (state[at : at + 4] for at in range(0, 16, 4)):
                for row in range(4):
                    a, b, c, d = (column[(row + step) % 4] for step in range(4))
                    mixed.append(_times(a, 2) ^ _times(b, 3) ^ c ^ d)
            state = mixed
        state = [a ^ b for a, b in zip(state, key)]
    return bytes(state)


def _hash(key, data):
    total, reduce = 0, 0xE1 << 120
    for at in range(0, len(data), 16):
        total ^= int.from_bytes(data[at : at + 16].ljust(16, b"\0"), "big")
        product, factor = 0, key
        for bit in range(127, -1, -1):
            if total >> bit & 1:
                product ^= factor
            factor = (factor >> 1) ^ (reduce if factor & 1 else 0)
        total = product
    return total


def _seal(key, nonce, text, more):
    keys = _round_keys(key)
    blocks = -(-len(text) // 16) + 1
    stream = b"".join(_block(keys, nonce + (at + 1).to_bytes(4, "big")) for at in range(blocks))
    sealed = bytes(a ^ b for a, b in zip(text, stream[16:]))
    padded = more.ljust(-(-len(more) // 16) * 16, b"\0") + sealed.ljust(-(-len(sealed) // 16) * 16, b"\0")
    lengths = (len(more) * 8).to_bytes(8, "big") + (len(sealed) * 8).to_bytes(8, "big")
    total = _hash(int.from_bytes(_block(keys, bytes(16)), "big"), padded + lengths)
    return sealed, (total ^ int.from_bytes(stream[:16], "big")).to_bytes(16, "big")


def _mask(seed, length):
    blocks = range(-(-length // 32))
    return b"".join(hashlib.sha256(seed + at.to_bytes(4, "big")).digest() for at in blocks)[:length]


def _oaep(text, size):
    seed = os.urandom(32)
    data = hashlib.sha256(b"").digest() + bytes(size - len(text) - 66) + b"\x01" + text
    masked = bytes(a ^ b for a, b in zip(data, _mask(seed, len(data))))
    return b"\0" + bytes(a ^ b for a, b in zip(seed, _mask(masked, 32))) + masked


def encrypt(jwk, said):
    """`said` as a compact JWE for the key."""
    n, e = (int.from_bytes(unb64(jwk[part]), "big") for part in "ne")
    size = (n.bit_length() + 7) // 8
    header = b64(json.dumps({"alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": jwk["kid"]}).encode())
    key, nonce = os.urandom(32), os.urandom(12)
    sealed_key = pow(int.from_bytes(_oaep(key, size), "big"), e, n).to_bytes(size, "big")
    sealed, tag = _seal(key, nonce, json.dumps(said).encode(), header.encode())
    return ".".join([header, b64(sealed_key), b64(nonce), b64(sealed), b64(tag)])
