"""widen.rs: guesses of what a loop's turns make of numbers, and how many turns there can be."""

from division import quotient
from domain import both, const, ite, resize, sign_extend, ule, ult, umin, zero_extend
from lattice import Num, select
from relations import Relations


class Turns(Relations):
    """Steps are numbers without a sign and with bits to spare, and whether they go down."""

    def widened(self, old, new, ends):
        """Before `tight`; `ends` are bounds that the marks give, at or beyond those of `new`."""
        differ = (old.value ^ new.value) | (old.mask ^ new.mask) | old.mask
        mask = differ | -differ
        umin_to, umax_to, smin_to, smax_to = ends
        return Num(
            old.value & ~mask, mask,
            ite(ult(new.umin, old.umin), umin_to, old.umin), ite(ult(old.umax, new.umax), umax_to, old.umax),
            ite(new.smin < old.smin, smin_to, old.smin), ite(old.smax < new.smax, smax_to, old.smax),
        )

    def widen(self, old, new, ends):
        return select(self.contains(old, new), old, self.tight(self.widened(old, new, ends)))

    def spans(self, n):
        """The distance of the bounds, unsigned and signed, with two bits to spare."""
        more = n.size() + 2
        unsigned = zero_extend(n.umax, more) - zero_extend(n.umin, more)
        return unsigned, sign_extend(n.smax, more) - sign_extend(n.smin, more)

    def turns_in(self, n, step):
        """(Whether the steps are bounded, the distance that they have)."""
        span = umin(*self.spans(n))
        return self.bounded(span, step, const((1 << n.size()) - 1, step), ule), span

    def bounded(self, span, step, most, at_most):
        """Whether one more step from the end of a span does not come back into it; `most` is the greatest number."""
        return both(step != 0, at_most(step, most), at_most(span + step, most))

    def multiples_span(self, near, far, step, divide):
        """From what distance on, and up to which, there are whole steps."""
        return divide(near + (step - 1), step) * step, divide(far, step) * step

    def multiples(self, n, start, step, down):
        """(Whether there are any, the numbers of `n` that steps from `start` come to) before `normalize`."""
        more, width = step.size(), n.size()
        least, most, start = (zero_extend(x, more) for x in (n.umin, n.umax, start))
        near, far = ite(down, start - most, least - start), ite(down, start - least, most - start)
        zero = const(0, step)
        possible = both(zero <= near, zero <= far)
        near, far = self.multiples_span(near, far, step, quotient)
        low, high = ite(down, start - far, start + near), ite(down, start - near, start + far)
        possible = both(possible, zero <= high, low <= const((1 << width) - 1, step))
        return possible, n._replace(umin=resize(low, width), umax=resize(high, width))

    def counted(self, start, by, times, fits):
        """`start` and at most `times` steps, if that `fits` the width; any number of steps otherwise."""
        any_number = self.unknown(start.value)
        some = self.tight(any_number._replace(umax=times))
        all_of = Num(by, const(0, by), by, by, by, by)
        return self.alu("Add", start, self.alu("Mul", select(fits, some, any_number), all_of))
