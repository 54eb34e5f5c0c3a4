"""arith.rs: divisions, over integers that can't overflow. How one divides is an argument: the integers of a proof
know of a quotient only what defines it."""

import z3

from arithmetic import Arithmetic
from domain import both, const, either, ite, no, plain, resize, sign_extend, smax, smin, ult, umin, Word
from lattice import Num, constant


def quotient(x, y):
    """Unsigned; 0 by zero."""
    if plain(x):
        return Word(x.bits // y.bits if y.bits else 0, x.width)
    return z3.If(y == 0, const(0, x), z3.UDiv(x, y))


def remainder(x, y):
    """Unsigned; x by zero."""
    return x - quotient(x, y) * y


def signed_quotient(x, y):
    """Towards zero; 0 by zero; the least by -1 wraps."""
    if not plain(x):
        return z3.If(y == 0, const(0, x), x / y)
    if y.bits == 0:
        return y
    q = abs(x.signed()) // abs(y.signed())
    return Word(q if (x.signed() < 0) == (y.signed() < 0) else -q, x.width)


def signed_remainder(x, y):
    return x - signed_quotient(x, y) * y


class Division(Arithmetic):
    """Quotients and remainders."""

    def div_span(self, al, ah, bl, bh, zero, divide):
        low = ite(bl == 0, zero, divide(al, bh))
        high = ite(bl == 0, ah, divide(ah, bl))
        return ite(bh == 0, zero, low), ite(bh == 0, zero, high)

    def raw_div(self, a, b):
        span = self.div_span(a.umin, a.umax, b.umin, b.umax, const(0, a.value), quotient)
        return self.parts(a.value, None, (True, *span))

    def rem_most(self, ah, bl, bh, least):
        """The greatest remainder, where the dividend may reach the divisor."""
        return ite(bl == 0, ah, least(ah, bh - 1))

    def raw_rem(self, a, b):
        """(Whether the dividend stays as it is, else this)."""
        exact = both(a.mask == 0, b.mask == 0)
        keep = both(no(exact), either(ult(a.umax, b.umin), b.umax == 0))
        span = const(0, a.value), self.rem_most(a.umax, b.umin, b.umax, umin)
        z, n = remainder(a.value, b.value), self.parts(a.value, None, (True, *span))
        return keep, Num(*(ite(exact, x, y) for x, y in zip(Num(z, const(0, z), z, z, z, z), n)))

    def signed_div_span(self, low, high, d, zero, divide):
        ends = tuple(ite(d == 0, zero, divide(x, d)) for x in (low, high))
        return smin(*ends), smax(*ends)

    def raw_signed_div(self, a, b):
        more = a.size() + 2
        low, high, d = (sign_extend(x, more) for x in (a.smin, a.smax, b.value))
        span = self.signed_div_span(low, high, d, const(0, low), signed_quotient)
        fits, *span = self.fit(*span, a.size(), True)
        return self.parts(a.value, None, None, (both(fits, b.mask == 0), *span))

    def signed_rem_span(self, low, high, known, d, zero, rest):
        """The remainder has the dividend's sign and is no farther from zero."""
        far = ite(d < 0, -d, d)
        span = ite(known, smax(low, -far + 1), low), ite(known, smin(high, far - 1), high)
        span = smin(span[0], zero), smax(span[1], zero)
        exact = both(known, low == high)
        return tuple(ite(exact, rest(low, d), x) for x in span)

    def raw_signed_rem(self, a, b):
        """(Whether the dividend stays as it is, else this)."""
        more, known = a.size() + 2, b.mask == 0
        low, high, d = (sign_extend(x, more) for x in (a.smin, a.smax, b.value))
        span = self.signed_rem_span(low, high, known, d, const(0, low), signed_remainder)
        return both(known, b.value == 0), self.parts(a.value, None, None, (True, *(resize(x, a.size()) for x in span)))
