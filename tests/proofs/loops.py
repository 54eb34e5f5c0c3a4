"""What has to hold of loops: a guess has in it what it was made of; the turns that were counted are all; the numbers
that a counter is cut to are all that it comes to."""

import z3

from domain import Word, sign_extend, zero_extend
from integers import Quotients, between
from registers import LOW, WIDE
from theorems import Theorem, implies, number, possible, sound, word
from lattice import has, well_formed


def widened(which):
    def claim(width):
        def on(model):
            old, new, x = number("old", width), number("new", width), word("x", width)
            ends = [word(f"end{i}", width) for i in range(4)]
            beyond = [z3.ULE(ends[0], new.umin), z3.UGE(ends[1], new.umax), ends[2] <= new.smin, ends[3] >= new.smax]
            member = has(old if which == "old" else new, x)
            assumptions = [well_formed(old), well_formed(new), member, *beyond]
            return implies(assumptions, sound(model.widened(old, new, ends), x))
        return on
    return claim


def spans(width):
    """Two numbers of a range are no farther from each other than the span, in each of the readings."""
    def claim(model):
        n, x, y = number("n", width), word("x", width), word("y", width)
        far = lambda reading: reading(y, width + 2) - reading(x, width + 2)
        inside = [z3.And(-span <= far(reading), far(reading) <= span)
                  for span, reading in zip(model.spans(n), (zero_extend, sign_extend))]
        return implies(possible((n, x), (n, y)), z3.And(*inside))
    return claim


def no_wrap(width):
    """A step, which leaves out whole turns around the width, from a number to one no farther than the span goes by its
    length: so a run of steps never comes back, and all of it lies in the span."""
    def claim(model):
        far, span, step, around, down = *z3.Ints("far span step around"), z3.Bool("down")
        by = z3.If(down, -step, step)
        bounded = model.bounded(span, step, (1 << width) - 1, lambda a, b: a <= b)
        return implies([far == by + around * (1 << width), between(-span, far, span), step >= 0, bounded], far == by)
    return claim


def whole_steps(model):
    """So many steps of this length fit a span, and no more."""
    span, step, n = z3.Reals("span step n")
    q = Quotients()
    most = q.unsigned(span, step)
    whole = z3.Or(n <= most, n >= most + 1)
    return implies([step >= 1, span >= 0, n >= 0, n * step <= span, whole, *q.facts], n <= most)


def multiples_span(model):
    """No whole number of steps is between the cut span and the whole one."""
    near, far, step, n = z3.Reals("near far step n")
    q = Quotients()
    low, high = model.multiples_span(near, far, step, q.unsigned)
    whole = [z3.Or(a <= b, a >= b + 1) for _, _, m in q.calls for a, b in ((n, m), (m, n))]
    facts = [step >= 1, near >= 0, between(near, n * step, far), *whole, *q.facts]
    return implies(facts, between(low, n * step, high))


def multiples(width):
    """In one piece: that the parts are put together rightly."""
    def claim(model):
        more = 2 * width + 2
        n, x, start = number("n", width), word("x", width), word("start", width)
        step, turns, down = word("step", more), word("turns", more), z3.Bool("down")
        top = z3.BitVecVal((1 << width) - 1, more)
        far = turns * step
        reached = zero_extend(start, more) + z3.If(down, -far, far) == zero_extend(x, more)
        small = [step >= 1, step <= top, turns >= 0, turns <= top]
        some, left = model.multiples(n, start, step, down)
        before = z3.And(zero_extend(start, more) >= zero_extend(n.umax, more), down)
        behind = z3.And(zero_extend(start, more) <= zero_extend(n.umin, more), z3.Not(down))
        aside = z3.Or(before, behind)
        return implies([*possible((n, x)), *small, reached, aside], z3.And(some, sound(left, x)))
    return claim


def counted(width):
    def claim(model):
        start, x, by, times, n = number("start", width), *(word(v, width) for v in ("x", "by", "times", "n"))
        made = model.counted(start, by, times, z3.BoolVal(True))
        return implies([*possible((start, x)), z3.ULE(n, times)], sound(made, x + n * by))
    return claim


def longest(members, by, top):
    """The most steps that stay in a set of numbers, which is not all of them."""
    best = 0
    for x in members:
        steps = 0
        while (x := (x + by) & top) in members and steps <= top:
            steps += 1
        best = max(best, steps)
    return best


def turns_exhaustively(model, width=4):
    """The count of turns on all intervals of a small width and all steps: (cases, those with a bound below the most
    turns that there are, those with a bound above it)."""
    half, top, cases, below, above = 1 << (width - 1), (1 << width) - 1, 0, 0, 0
    for signed in (False, True):
        numbers = range(-half, half) if signed else range(top + 1)
        for low, high in ((low, high) for low in numbers for high in numbers if low <= high):
            ends = {"smin": Word(low, width), "smax": Word(high, width)}
            if not signed:
                ends = {"umin": Word(low, width), "umax": Word(high, width)}
            left, n = model.normalize(model.unknown(Word(0, width))._replace(**ends))
            members = {x & top for x in range(low, high + 1)}
            for step, down in ((step, down) for step in range(1, top + 1) for down in (False, True)):
                bounded, span = model.turns_in(n, Word(step, width + 2))
                if not (left and bounded):
                    continue
                most, turns = span.bits // step, longest(members, -step if down else step, top)
                cases, below, above = cases + 1, below + (most < turns), above + (most > turns)
    return cases, below, above


def on_loops():
    for width in (WIDE, LOW):
        yield Theorem("widen: keeps the old", str(width), widened("old")(width))
        yield Theorem("widen: takes the new", str(width), widened("new")(width))
        yield Theorem("turns: spans", str(width), spans(width))
        yield Theorem("turns: no wrap", f"mod 2^{width}", no_wrap(width))
    yield Theorem("turns: whole steps", "any", whole_steps)
    yield Theorem("multiples: span", "any", multiples_span)
    yield Theorem("multiples, whole", "5", multiples(5))
    yield Theorem("counted, whole", "4", counted(4))
