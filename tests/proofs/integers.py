"""What has to hold of products and quotients: of all integers, by real arithmetic, which solvers decide, with what
integrality adds. `fit`, proven on bit vectors, then cuts an interval of integers to a width."""

import z3

from domain import sign_extend, smin, ule, zero_extend
from registers import LOW, WIDE
from theorems import Theorem, implies, word


def between(low, x, high):
    return z3.And(low <= x, x <= high)


def at_most(a, b):
    """a <= b, of integers, by reals."""
    return a < b + 1


def within(low, z, high):
    return z3.And(at_most(low, z), at_most(z, high))


def mul_turn(width):
    """A turn of `bits_mul` keeps: what is unknown so far plus x * y - value(a) * value(b) is x * y of the operands
    minus the product of their values. With `mul_halves` the turn takes (x & 1) * y - (value(a) & 1) * value(b) from
    the second term."""
    def claim(model):
        av, am, bv, bm, uv, um, x, y, u = (word(n, width) for n in ("av", "am", "bv", "bm", "uv", "um", "x", "y", "u"))
        odd = lambda n, times: z3.If(n & 1 != 0, times, z3.BitVecVal(0, width))
        delta = odd(x, y) - odd(av, bv)
        value, mask = model.bits_mul_step((av, am), (bv, bm), (uv, um))
        is_in = lambda n, v, m: z3.And(v & m == 0, n & ~m == v)
        again = z3.And(*(is_in(z3.LShR(n, 1) if down else n << 1, z3.LShR(v, 1) if down else v << 1,
                               z3.LShR(m, 1) if down else m << 1)
                         for n, v, m, down in ((x, av, am, True), (y, bv, bm, False))))
        return implies([is_in(x, av, am), is_in(y, bv, bm), is_in(u, uv, um)],
                       z3.And(is_in(u + delta, value, mask), again))
    return claim


def mul_halves(_):
    """x * y = (x & 1) * y + (x >> 1) * (y << 1), in any ring that has the integers in it."""
    half, bit, y = z3.Ints("half bit y")
    return (2 * half + bit) * y == bit * y + half * (2 * y)


def mul_low(_):
    """The low half of a product comes from the low halves."""
    xh, xl, yh, yl, base = z3.Ints("xh xl yh yl base")
    rest = base * xh * yh + xh * yl + xl * yh
    return (xh * base + xl) * (yh * base + yl) == xl * yl + base * rest


def mul_span(model):
    al, x, ah, bl, y, bh = z3.Reals("al x ah bl y bh")
    low, high = model.corners(al, ah, bl, bh)
    return implies([between(al, x, ah), between(bl, y, bh)], between(low, x * y, high))


def mul_unsigned(_):
    al, x, ah, bl, y, bh = z3.Reals("al x ah bl y bh")
    return implies([al >= 0, bl >= 0, between(al, x, ah), between(bl, y, bh)], between(al * bl, x * y, ah * bh))


def fit(width, signed):
    def claim(model):
        more = 2 * width + 2
        low, v, high = (word(n, more) for n in ("low", "v", "high"))
        holds, least, most = model.fit(low, high, width, signed)
        cut = z3.Extract(width - 1, 0, v)
        room = z3.BitVecVal(1 << (more - 2), more)
        goal = z3.And(least <= cut, cut <= most) if signed else z3.And(ule(least, cut), ule(cut, most))
        return implies([low <= v, v <= high, -room <= low, high < room, holds], goal)
    return claim


class Quotients:
    """Quotients that are known by what defines them alone."""

    def __init__(self):
        self.facts, self.calls = [], []

    def fresh(self, x, y):
        q = z3.FreshReal("q")
        self.facts += [z3.Or(q <= -1, q >= 0), z3.Or(q <= 0, q >= 1)]
        # It is a function.
        self.facts += [z3.Implies(z3.And(x == u, y == v), q == other) for u, v, other in self.calls]
        self.calls.append((x, y, q))
        return q

    def unsigned(self, x, y):
        q = self.fresh(x, y)
        self.facts.append(z3.Implies(y > 0, z3.And(q * y <= x, x < (q + 1) * y)))
        return q

    def signed(self, x, y):
        """Towards zero: what is left has the sign of x and is nearer to zero than y."""
        q = self.fresh(x, y)
        rest, far = x - q * y, z3.If(y < 0, -y, y)
        up, down = z3.And(rest >= 0, rest < far), z3.And(rest <= 0, -rest < far)
        self.facts.append(z3.Implies(y != 0, z3.If(x >= 0, up, down)))
        return q


def unsigned_operands():
    al, x, ah, bl, y, bh = z3.Reals("al x ah bl y bh")
    return (al, x, ah, bl, y, bh), [al >= 0, bl >= 0, between(al, x, ah), between(bl, y, bh)]


def div(model):
    (al, x, ah, bl, y, bh), facts = unsigned_operands()
    q = Quotients()
    low, high = model.div_span(al, ah, bl, bh, z3.RealVal(0), q.unsigned)
    z = z3.If(y == 0, 0, q.unsigned(x, y))
    whole = [z3.Or(n == 0, n >= 1) for n in (bl, y, bh)]
    return implies(facts + q.facts + whole, within(low, z, high))


def rem(model):
    (al, x, ah, bl, y, bh), facts = unsigned_operands()
    q = Quotients()
    z = z3.If(y == 0, x, x - q.unsigned(x, y) * y)
    keep = z3.Or(ah < bl, bh == 0)
    span = within(0, z, model.rem_most(ah, bl, bh, smin))
    whole = [z3.Or(n == 0, n >= 1) for n in (bl, y, bh)]
    return implies(facts + q.facts + whole, z3.If(keep, z == x, span))


def signed_div(model):
    low, x, high, d = z3.Reals("low x high d")
    q = Quotients()
    span = model.signed_div_span(low, high, d, z3.RealVal(0), q.signed)
    z = z3.If(d == 0, 0, q.signed(x, d))
    return implies([between(low, x, high)] + q.facts, within(span[0], z, span[1]))


def signed_rem(model):
    low, x, high, y = z3.Reals("low x high y")
    known, q = z3.Bool("known"), Quotients()
    d = z3.Real("d")
    rest = lambda x, y: x - q.signed(x, y) * y
    z = z3.If(y == 0, x, rest(x, y))
    span = model.signed_rem_span(low, high, known, d, z3.RealVal(0), rest)
    keep = z3.And(known, d == 0)
    assumptions = [between(low, x, high), z3.Implies(known, y == d)] + q.facts
    return implies(assumptions, z3.If(keep, z == x, within(span[0], z, span[1])))


def on_integers():
    for width in (WIDE, LOW):
        yield Theorem("Mul: a turn", str(width), mul_turn(width))
        yield Theorem("cut, unsigned", str(width), fit(width, False))
        yield Theorem("cut, signed", str(width), fit(width, True))
    yield Theorem("Mul: halves", "any", mul_halves)
    yield Theorem("Mul, low half", "any", mul_low)
    yield Theorem("Mul: signed span", "any", mul_span)
    yield Theorem("Mul: unsigned span", "any", mul_unsigned)
    yield Theorem("Div: span", "any", div)
    yield Theorem("Mod: span", "any", rem)
    yield Theorem("SDiv: span", "any", signed_div)
    yield Theorem("SMod: span", "any", signed_rem)
