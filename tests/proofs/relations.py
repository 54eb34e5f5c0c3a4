"""assume.rs, and the operators by their names."""

from division import Division, quotient, remainder, signed_quotient, signed_remainder
from domain import both, const, ite, no, shr, smax, smin, ule, ult, umax, umin
from lattice import select

ARITHMETIC = ("Add", "Sub", "Mul", "And", "Or", "Xor")
SHIFTS = ("Lsh", "Rsh", "Arsh")
DIVISIONS = ("Div", "Mod", "SDiv", "SMod")

# What each operator computes (RFC 9669, section 4.1).
CONCRETE = {
    "Add": lambda x, y: x + y,
    "Sub": lambda x, y: x - y,
    "Mul": lambda x, y: x * y,
    "And": lambda x, y: x & y,
    "Or": lambda x, y: x | y,
    "Xor": lambda x, y: x ^ y,
    "Lsh": lambda x, y: x << (y & x.size() - 1),
    "Rsh": lambda x, y: shr(x, y & x.size() - 1),
    "Arsh": lambda x, y: x >> (y & x.size() - 1),
    "Div": quotient,
    "Mod": remainder,
    "SDiv": signed_quotient,
    "SMod": signed_remainder,
}
# When each relation holds.
HOLDS = {
    "Equal": lambda x, y: x == y,
    "NotEqual": lambda x, y: x != y,
    "Less": ult,
    "LessEqual": ule,
    "SignedLess": lambda x, y: x < y,
    "SignedLessEqual": lambda x, y: x <= y,
    "Meet": lambda x, y: x & y != 0,
    "Disjoint": lambda x, y: x & y == 0,
}


def least_signed(like):
    return const(1 << (like.size() - 1), like)


def without(a, b):
    """(Whether something is left of `a` without the number that `b` is, what)."""
    x = b.value
    cut = a._replace(
        umin=ite(a.umin == x, a.umin + 1, a.umin), umax=ite(a.umax == x, a.umax - 1, a.umax),
        smin=ite(a.smin == x, a.smin + 1, a.smin), smax=ite(a.smax == x, a.smax - 1, a.smax),
    )
    same = both(a.mask == 0, b.mask == 0, a.value == x)
    return no(same), select(b.mask == 0, cut, a)


def with_bit_of(a, b):
    bits = b.value | b.mask
    single = both(bits != 0, bits & (bits - 1) == 0)
    return select(single, a._replace(value=a.value | bits & a.mask, mask=a.mask & ~bits), a)


class Relations(Division):
    """What a comparison says: (whether it can hold, what is left of the one and of the other)."""

    def raw_assume(self, relation, a, b):
        return getattr(self, "raw_" + relation)(a, b)

    def raw_Equal(self, a, b):
        possible, n = self.raw_intersect(a, b)
        return possible, n, n

    def raw_NotEqual(self, a, b):
        (some_a, left_a), (some_b, left_b) = without(a, b), without(b, a)
        return both(some_a, some_b), left_a, left_b

    def raw_Less(self, a, b):
        possible = both(b.umax != 0, a.umin != -1)
        return possible, a._replace(umax=umin(a.umax, b.umax - 1)), b._replace(umin=umax(b.umin, a.umin + 1))

    def raw_LessEqual(self, a, b):
        return True, a._replace(umax=umin(a.umax, b.umax)), b._replace(umin=umax(b.umin, a.umin))

    def raw_SignedLess(self, a, b):
        possible = both(b.smax != least_signed(b.smax), a.smin != ~least_signed(a.smin))
        return possible, a._replace(smax=smin(a.smax, b.smax - 1)), b._replace(smin=smax(b.smin, a.smin + 1))

    def raw_SignedLessEqual(self, a, b):
        return True, a._replace(smax=smin(a.smax, b.smax)), b._replace(smin=smax(b.smin, a.smin))

    def raw_Meet(self, a, b):
        return (a.value | a.mask) & (b.value | b.mask) != 0, with_bit_of(a, b), with_bit_of(b, a)

    def raw_Disjoint(self, a, b):
        clear = a._replace(mask=a.mask & ~b.value), b._replace(mask=b.mask & ~a.value)
        return a.value & b.value == 0, *clear

    def assume(self, relation, a, b):
        possible, raw_a, raw_b = self.raw_assume(relation, a, b)
        (some_a, a), (some_b, b) = self.normalize(raw_a), self.normalize(raw_b)
        return both(possible, some_a, some_b), a, b

    def raw_alu(self, op, a, b):
        """(Whether the first operand stays as it is, else this)."""
        if op in SHIFTS:
            by = self.amount(b)
            return False, getattr(self, "raw_" + op.lower())(a, by.umin, by.umax)
        if op in ("Mod", "SMod"):
            return {"Mod": self.raw_rem, "SMod": self.raw_signed_rem}[op](a, b)
        return False, getattr(self, "raw_signed_div" if op == "SDiv" else "raw_" + op.lower())(a, b)

    def alu(self, op, a, b):
        keep, raw = self.raw_alu(op, a, b)
        return select(keep, a, self.tight(raw))
