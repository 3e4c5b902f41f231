"""Hashes of texts that stay the same for ever: those by which TensorFlow, and so Keras, sort texts into bins."""

from __future__ import annotations

_MASK = (1 << 64) - 1
_K0, _K1, _K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F
_CAT = 0xC6A4A7935BD1E995
Pair = tuple[int, int]


def _word(text: bytes, at: int, size: int = 8) -> int:
    return int.from_bytes(text[at : at + size], "little")


def _turned(value: int, by: int) -> int:
    """Turned to the right."""
    return ((value >> by) | (value << (64 - by))) & _MASK


def _mixed(value: int) -> int:
    return value ^ (value >> 47)


def _two(first: int, second: int, factor: int) -> int:
    a = _mixed(((first ^ second) * factor) & _MASK)
    b = _mixed(((second ^ a) * factor) & _MASK)
    return (b * factor) & _MASK


def _short(text: bytes) -> int:
    """Of up to 16 bytes."""
    size = len(text)
    factor = (_K2 + 2 * size) & _MASK
    if size >= 8:
        a, b = (_word(text, 0) + _K2) & _MASK, _word(text, size - 8)
        return _two((_turned(b, 37) * factor + a) & _MASK, ((_turned(a, 25) + b) * factor) & _MASK, factor)
    if size >= 4:
        return _two(size + (_word(text, 0, 4) << 3), _word(text, size - 4, 4), factor)
    if not size:
        return _K2
    y, z = text[0] + (text[size >> 1] << 8), size + (text[-1] << 2)
    return (_mixed(((y * _K2) & _MASK) ^ ((z * _K0) & _MASK)) * _K2) & _MASK


def _middle(text: bytes) -> int:
    """Of 17 to 32 bytes."""
    size = len(text)
    factor = (_K2 + 2 * size) & _MASK
    a, b = (_word(text, 0) * _K1) & _MASK, _word(text, 8)
    c, d = (_word(text, size - 8) * factor) & _MASK, (_word(text, size - 16) * _K2) & _MASK
    return _two(
        (_turned((a + b) & _MASK, 43) + _turned(c, 30) + d) & _MASK, (a + _turned((b + _K2) & _MASK, 18) + c) & _MASK, factor
    )


def _longer(text: bytes) -> int:
    """Of 33 to 64 bytes."""
    size = len(text)
    factor = (_K2 + 2 * size) & _MASK
    a, b = (_word(text, 0) * _K2) & _MASK, _word(text, 8)
    c, d = (_word(text, size - 8) * factor) & _MASK, (_word(text, size - 16) * _K2) & _MASK
    y = (_turned((a + b) & _MASK, 43) + _turned(c, 30) + d) & _MASK
    z = _two(y, (a + _turned((b + _K2) & _MASK, 18) + c) & _MASK, factor)
    e, f = (_word(text, 16) * factor) & _MASK, _word(text, 24)
    g, h = ((y + _word(text, size - 32)) * factor) & _MASK, ((z + _word(text, size - 24)) * factor) & _MASK
    return _two((_turned((e + f) & _MASK, 43) + _turned(g, 30) + h) & _MASK, (e + _turned((f + a) & _MASK, 18) + g) & _MASK, factor)


def _seeded(text: bytes, at: int, a: int, b: int) -> Pair:
    """Of 32 bytes, and two numbers."""
    w, x, y, z = (_word(text, at + 8 * k) for k in range(4))
    a = (a + w) & _MASK
    b = _turned((b + a + z) & _MASK, 21)
    c = a
    a = (a + x + y) & _MASK
    b = (b + _turned(a, 44)) & _MASK
    return (a + z) & _MASK, (b + c) & _MASK


def _long(text: bytes) -> int:
    """Of more than 64 bytes."""
    y = (81 * _K1 + 113) & _MASK
    z = (_mixed((y * _K2 + 113) & _MASK) * _K2) & _MASK
    x, v, w = (81 * _K2 + _word(text, 0)) & _MASK, (0, 0), (0, 0)
    end, rest = (len(text) - 1) // 64 * 64, (len(text) - 1) & 63
    for at in range(0, end, 64):
        x, y, z, v, w = _stirred(text, at, (x, y, z), v, w, _K1, 1)
    factor = (_K1 + ((z & 0xFF) << 1)) & _MASK
    first = (w[0] + rest) & _MASK
    v = ((v[0] + first) & _MASK, v[1])
    w = ((first + v[0]) & _MASK, w[1])
    x, y, z, v, w = _stirred(text, end + rest - 63, (x, y, z), v, w, factor, 9)
    return _two(
        (_two(v[0], w[0], factor) + _mixed(y) * _K0 + z) & _MASK, (_two(v[1], w[1], factor) + x) & _MASK, factor
    )  # fmt: skip


def _stirred(
    text: bytes, at: int, state: tuple[int, int, int], v: Pair, w: Pair, factor: int, more: int
) -> tuple[int, int, int, Pair, Pair]:  # fmt: skip
    """The state after 64 bytes more."""
    x, y, z = state
    x = (_turned((x + y + v[0] + _word(text, at + 8)) & _MASK, 37) * factor) & _MASK
    y = (_turned((y + v[1] + _word(text, at + 48)) & _MASK, 42) * factor) & _MASK
    x ^= (w[1] * more) & _MASK
    y = (y + v[0] * more + _word(text, at + 40)) & _MASK
    z = (_turned((z + w[0]) & _MASK, 33) * factor) & _MASK
    v, before = _seeded(text, at, (v[1] * factor) & _MASK, (x + w[0]) & _MASK), w
    w = _seeded(text, at + 32, (z + before[1]) & _MASK, (y + _word(text, at + 16)) & _MASK)
    return z, y, x, v, w


def fingerprint(text: bytes) -> int:
    """64 bits of a text.  Source: G. Pike, 2014, FarmHash, `Fingerprint64`."""
    size = len(text)
    return _short(text) if size <= 16 else _middle(text) if size <= 32 else _longer(text) if size <= 64 else _long(text)


def fingerprint_of_two(first: int, second: int) -> int:
    """64 bits of two fingerprints in order, as TensorFlow joins them."""
    result = first ^ _CAT
    result ^= (_mixed((second * _CAT) & _MASK) * _CAT) & _MASK
    result = (result * _CAT) & _MASK
    return _mixed((_mixed(result) * _CAT) & _MASK)


def keyed(text: bytes, key: Pair) -> int:
    """64 bits of a text that nobody guesses without the key.  Source: Aumasson and Bernstein, 2012, SipHash-2-4."""
    v = [key[0] ^ 0x736F6D6570736575, key[1] ^ 0x646F72616E646F6D, key[0] ^ 0x6C7967656E657261, key[1] ^ 0x7465646279746573]
    v = [one & _MASK for one in v]
    whole = len(text) // 8 * 8
    last = _word(text, whole, len(text) - whole) | (len(text) & 0xFF) << 56
    for word in (*(_word(text, at) for at in range(0, whole, 8)), last):
        v[3] ^= word
        _round(v, 2)
        v[0] ^= word
    v[2] ^= 0xFF
    _round(v, 4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def _round(v: list[int], times: int) -> None:
    for _ in range(times):
        v[0] = (v[0] + v[1]) & _MASK
        v[2] = (v[2] + v[3]) & _MASK
        v[1], v[3] = _turned(v[1], 51) ^ v[0], _turned(v[3], 48) ^ v[2]
        v[0] = _turned(v[0], 32)
        v[2] = (v[2] + v[1]) & _MASK
        v[0] = (v[0] + v[3]) & _MASK
        v[1], v[3] = _turned(v[1], 47) ^ v[2], _turned(v[3], 43) ^ v[0]
        v[2] = _turned(v[2], 32)
