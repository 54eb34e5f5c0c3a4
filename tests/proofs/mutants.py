"""Operators with a mistake in each, of the kinds that verifiers have had: the proofs have to refute every one, and the
comparison with the Rust code has to see every one. So both can fail."""

from domain import both, ite, resize, shr, smax, umin
from registers import Model


class LostCarry(Model):
    """The carries out of unknown bits are forgotten."""

    THEOREM, LINES = ("Add", "64"), ("Add",)

    def bits_add(self, a, b):
        mask = a[1] | b[1]
        return (a[0] + b[0]) & ~mask, mask


class BoundsWrap(Model):
    """A sum's bounds are taken although they wrapped around."""

    THEOREM, LINES = ("Sub", "64"), ("Sub",)

    def fit(self, low, high, width, signed):
        return True, resize(low, width), resize(high, width)


class SignOfHalf(Model):
    """32-bit bounds go to a 64-bit number whose upper bits are not known (as CVE-2021-31440)."""

    THEOREM, LINES = ("synced: narrowed", "64 and 32"), ("Synced",)

    def raw_narrowed(self, s):
        n, known = super().raw_narrowed(s)
        return n._replace(umax=umin(n.umax, resize(s.low.umax, 64))), known


class BelowOrEqual(Model):
    """Less leaves one number too few."""

    THEOREM, LINES = ("assume LessEqual", "64"), ("LessEqual",)

    def raw_LessEqual(self, a, b):
        return self.raw_Less(a, b)


class ShiftEnds(Model):
    """A right shift's bounds are exchanged (as in CVE-2018-18445, of another width)."""

    THEOREM, LINES = ("Rsh", "64"), ("Rsh",)

    def raw_rsh(self, a, least, most):
        n = super().raw_rsh(a, least, most)
        return n._replace(umin=shr(a.umin, least))


class SignedFromUnsigned(Model):
    """An unsigned interval is read as a signed one across the sign."""

    THEOREM, LINES = ("between_intervals", "64"), ("Normalize",)

    def between_intervals(self, n):
        return n._replace(smin=smax(n.smin, n.umin))


class TwoCorners(Model):
    """A product's span from two of its four corners."""

    THEOREM, LINES = ("Mul: signed span", "any"), ("Mul",)

    def corners(self, al, ah, bl, bh):
        return al * bl, ah * bh


class RemainderBelow(Model):
    """A remainder is taken to be below the least divisor."""

    THEOREM, LINES = ("Mod: span", "any"), ("Mod",)

    def rem_most(self, ah, bl, bh, least):
        return ite(bl == 0, ah, least(ah, bl - 1))


class PossibleBits(Model):
    """Bits that may be set count as bits that are not."""

    THEOREM, LINES = ("And", "64"), ("And",)

    def raw_and(self, a, b):
        n = super().raw_and(a, b)
        return n._replace(mask=a.mask & b.mask & ~n.value)


class UpperBoundStays(Model):
    """A guess takes over a new lower bound, and not the upper one."""

    THEOREM, LINES = ("widen: takes the new", "64"), ("Widen", "WidenTo")

    def widened(self, old, new, ends):
        return super().widened(old, new, ends)._replace(umax=old.umax)


class StepsComeBack(Model):
    """Steps are counted although one more comes back into the range from the other side."""

    THEOREM, LINES = ("turns: no wrap", "mod 2^64"), ("Times",)

    def bounded(self, span, step, most, at_most):
        return both(step != 0, at_most(step, most), at_most(span, most))


class OneStepLess(Model):
    """The nearest whole step is left out."""

    THEOREM, LINES = ("multiples: span", "any"), ("Multiples",)

    def multiples_span(self, near, far, step, divide):
        return divide(near + step, step) * step, divide(far, step) * step


MUTANTS = (
    LostCarry, BoundsWrap, SignOfHalf, BelowOrEqual, ShiftEnds, SignedFromUnsigned, TwoCorners, RemainderBelow,
    PossibleBits, UpperBoundStays, StepsComeBack, OneStepLess,
)
