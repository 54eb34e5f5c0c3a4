"""scalar.rs: a register's number, known in all its 64 bits and in the low 32."""

from typing import NamedTuple

from domain import both, const, ite, resize, sign_extend, smax, smin, umax, umin
from lattice import Num, has, select
from turns import Turns

WIDE, LOW = 64, 32
HIGH = 0xFFFF_FFFF_0000_0000
# Their low bits depend on the operands' low bits alone.
LOW_EXACT = ("Add", "Sub", "Mul", "And", "Or", "Xor")


class Scalar(NamedTuple):
    wide: Num
    low: Num


def in_scalar(s, x):
    return both(has(s.wide, x), has(s.low, resize(x, LOW)))


def swap_bytes(x, bits):
    """The low `bits` in the other order, zero-extended."""
    out = const(0, x)
    for at in range(0, bits, 8):
        out = out | (x >> at & 0xFF) << (bits - 8 - at)
    return out


class Model(Turns):
    """The operators. A mutant overrides one."""

    def from_wide(self, wide):
        return Scalar(wide, self.tight(self.raw_truncate(wide, LOW)))

    def from_low(self, low):
        return Scalar(self.zero_extend(low, WIDE), low)

    def raw_narrowed(self, s):
        """All bits, with what is known of the low ones, before `intersect`."""
        wide, low = s
        up = lambda end, part: end & HIGH | resize(part, WIDE)
        n = wide._replace(umin=umax(wide.umin, up(wide.umin, low.umin)), umax=umin(wide.umax, up(wide.umax, low.umax)))
        n = n._replace(smin=smax(n.smin, up(n.smin, low.umin)), smax=smin(n.smax, up(n.smax, low.umax)))
        least, most = const(-(1 << (LOW - 1)), n.smin), const((1 << (LOW - 1)) - 1, n.smin)
        fits = both(least <= n.smin, n.smax <= most)
        low_min, low_max = sign_extend(low.smin, WIDE), sign_extend(low.smax, WIDE)
        n = n._replace(smin=ite(fits, smax(n.smin, low_min), n.smin), smax=ite(fits, smin(n.smax, low_max), n.smax))
        known = self.unknown(n.value)._replace(value=resize(low.value, WIDE), mask=resize(low.mask, WIDE) | HIGH)
        return n, known

    def synced(self, s):
        """(Whether a number is left, what is known of it)."""
        left, (wide, low) = True, s
        for _ in range(2):
            some, low = self.intersect(low, self.tight(self.raw_truncate(wide, LOW)))
            more, wide = self.intersect(*self.raw_narrowed(Scalar(wide, low)))
            left = both(left, some, more)
        return left, Scalar(wide, low)

    def alu32(self, op, a, b):
        return self.from_low(self.alu(op, a.low, b.low))

    def alu64(self, op, a, b):
        wide = self.alu(op, a.wide, b.wide)
        plain_result = self.from_wide(wide)
        result = plain_result
        if op in LOW_EXACT:
            result = Scalar(wide, self.alu(op, a.low, b.low))
        left, result = self.synced(result)
        return Scalar(*(select(left, x, y) for x, y in zip(result, plain_result)))

    def assume_scalar(self, relation, a, b, width):
        """What a 32-bit or a 64-bit comparison says: (whether it can hold, what is left of the one and of the other)."""
        part = "low" if width == LOW else "wide"
        possible, *left = self.assume(relation, getattr(a, part), getattr(b, part))
        some_a, a = self.synced(a._replace(**{part: left[0]}))
        some_b, b = self.synced(b._replace(**{part: left[1]}))
        return both(possible, some_a, some_b), a, b

    def swap(self, s, bits):
        part = s.wide if bits == WIDE else self.zero_extend(self.tight(self.raw_truncate(s.low, bits)), WIDE)
        raw = self.parts(part.value, (swap_bytes(part.value, bits), swap_bytes(part.mask, bits)))
        return self.from_wide(self.tight(raw))
