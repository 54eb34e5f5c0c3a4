"""The operators of bpf-runtime/src/verifier: num.rs, for any width and any reading of `domain`.

Each takes and gives what is known of numbers before the parts are carried over to each other (`normalize`): a
proof of `raw_x` and one of `normalize` make one of `x`. `tie.py` compares the whole with the Rust code.
"""

from typing import NamedTuple

from domain import (
    both, const, ite, no, resize, shr, sign_extend, smax, smin, ule, ult, umax, umin, zero_extend,
)


class Num(NamedTuple):
    value: object
    mask: object
    umin: object
    umax: object
    smin: object
    smax: object

    def size(self):
        return self.value.size()


def select(condition, yes, other):
    return Num(*(ite(condition, a, b) for a, b in zip(yes, other)))


def has(n, x):
    """Whether `n` says that x is possible."""
    tnum = x & ~n.mask == n.value
    return both(tnum, ule(n.umin, x), ule(x, n.umax), n.smin <= x, x <= n.smax)


def well_formed(n):
    return n.value & n.mask == 0


def constant(x, like):
    """`Num::constant`, in the reading and width of `like`."""
    x = const(x, like)
    return Num(x, const(0, like), x, x, x, x)


class Lattice:
    """num.rs."""

    def unknown(self, like):
        half = 1 << (like.size() - 1)
        return Num(*(const(v, like) for v in (0, -1, 0, -1, half, half - 1)))

    def parts(self, like, tnum=None, unsigned=None, signed=None):
        """`Num::of` before `tight`; an interval is (whether it holds, low, high)."""
        n = self.unknown(like)
        tnum = tnum or (n.value, n.mask)
        u, s = unsigned or (False, n.umin, n.umax), signed or (False, n.smin, n.smax)
        interval = (ite(u[0], u[1], n.umin), ite(u[0], u[2], n.umax))
        return Num(*tnum, *interval, ite(s[0], s[1], n.smin), ite(s[0], s[2], n.smax))

    def bits_to_intervals(self, n):
        sign = const(1 << (n.size() - 1), n.value)
        low, high = n.value | n.mask & sign, n.value | n.mask & ~sign
        return n._replace(
            umin=umax(n.umin, n.value), umax=umin(n.umax, n.value | n.mask),
            smin=smax(n.smin, low), smax=smin(n.smax, high),
        )

    def between_intervals(self, n):
        fits = both(n.smin <= n.smax, ule(n.smin, n.smax))
        n = n._replace(umin=ite(fits, umax(n.umin, n.smin), n.umin), umax=ite(fits, umin(n.umax, n.smax), n.umax))
        fits = both(ule(n.umin, n.umax), n.umin <= n.umax)
        return n._replace(smin=ite(fits, smax(n.smin, n.umin), n.smin), smax=ite(fits, smin(n.smax, n.umax), n.smax))

    def intervals_to_bits(self, n):
        unknown, by = n.umin ^ n.umax, 1
        while by < n.size():
            unknown, by = unknown | shr(unknown, by), by * 2
        clash = (n.value ^ n.umin) & (~unknown & ~n.mask) != 0
        known = n._replace(value=n.value | n.umin & ~unknown, mask=n.mask & unknown)
        return no(clash), select(clash, n, known)

    def normalize(self, n):
        """(Whether a number is left, what is known of it)."""
        left = True
        for _ in range(2):
            n = self.between_intervals(self.bits_to_intervals(n))
            agree, narrowed = self.intervals_to_bits(n)
            left = both(left, ule(n.umin, n.umax), n.smin <= n.smax, agree)
            n = narrowed
        return left, n

    def tight(self, n):
        left, normal = self.normalize(n)
        return select(left, normal, self.unknown(n.value))

    def fit(self, low, high, width, signed):
        """`fit_unsigned` and `fit_signed` of integers of a greater width."""
        half = const(1 << (width - 1), low) if signed else const(0, low)
        same = (low + half) >> width == (high + half) >> width
        return same, resize(low, width), resize(high, width)

    def raw_intersect(self, a, b):
        clash = (a.value ^ b.value) & ~a.mask & ~b.mask != 0
        mask = a.mask & b.mask
        value = (a.value | b.value) & ~mask
        return no(clash), Num(
            value, mask, umax(a.umin, b.umin), umin(a.umax, b.umax), smax(a.smin, b.smin), smin(a.smax, b.smax)
        )

    def intersect(self, a, b):
        possible, raw = self.raw_intersect(a, b)
        left, n = self.normalize(raw)
        return both(possible, left), n

    def contains(self, a, b):
        return both(
            b.mask & ~a.mask == 0, b.value & ~a.mask == a.value,
            ule(a.umin, b.umin), ule(b.umax, a.umax), a.smin <= b.smin, b.smax <= a.smax,
        )

    def raw_truncate(self, n, to):
        more = n.size() + 2
        unsigned = self.fit(zero_extend(n.umin, more), zero_extend(n.umax, more), to, False)
        signed = self.fit(sign_extend(n.smin, more), sign_extend(n.smax, more), to, True)
        value = resize(n.value, to)
        return self.parts(value, (value, resize(n.mask, to)), unsigned, signed)

    def zero_extend(self, n, to):
        value, mask, low, high = (zero_extend(x, to) for x in n[:4])
        return Num(value, mask, low, high, low, high)

    def raw_sign_extend(self, n, to):
        value, mask, low, high = (sign_extend(x, to) for x in (n.value, n.mask, n.smin, n.smax))
        return self.parts(value, (value, mask), None, (True, low, high))
