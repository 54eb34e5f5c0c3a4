"""What has to hold of each operator, on bit vectors: whatever numbers the operands may be, the result says that what
the operation gives is possible."""

from typing import Callable, NamedTuple

import z3

from domain import sign_extend, ule, zero_extend
from lattice import Num, has, well_formed
from registers import LOW, LOW_EXACT, WIDE, Scalar, in_scalar, swap_bytes
from relations import ARITHMETIC, CONCRETE, DIVISIONS, HOLDS, SHIFTS

# What `normalize` is made of.
STEPS = ("bits_to_intervals", "between_intervals", "intervals_to_bits")


class Theorem(NamedTuple):
    operator: str
    # Bits, or what else the numbers of the proof are.
    width: str
    # Of a model: the formula that has to be valid.
    claim: Callable


def word(name, width=WIDE):
    return z3.BitVec(name, width)


def number(name, width=WIDE):
    return Num(*(z3.BitVec(f"{name}.{part}", width) for part in Num._fields))


def possible(*pairs):
    return [condition for n, x in pairs for condition in (well_formed(n), has(n, x))]


def sound(n, x):
    return z3.And(well_formed(n), has(n, x))


def implies(assumptions, goal):
    return z3.Implies(z3.And(*assumptions), goal)


def step(name, width):
    """One of the steps that `normalize` repeats, each of which loses no number."""
    def claim(model):
        n, x = number("n", width), word("x", width)
        found = getattr(model, name)(n)
        agree, left = found if name == "intervals_to_bits" else (z3.BoolVal(True), found)
        return implies(possible((n, x)), z3.And(agree, sound(left, x)))
    return claim


def normalize(width):
    def claim(model):
        n, x = number("n", width), word("x", width)
        left, normal = model.normalize(n)
        return implies(possible((n, x)), z3.And(left, sound(normal, x)))
    return claim


def single(width):
    """A number that an interval has alone is known: `without` counts on it."""
    def claim(model):
        n = number("n", width)
        left, normal = model.normalize(n)
        alone = z3.Or(normal.umin == normal.umax, normal.smin == normal.smax)
        return implies([well_formed(n), left, alone], normal.mask == 0)
    return claim


def intersect(width):
    def claim(model):
        a, b, x = number("a", width), number("b", width), word("x", width)
        some, both = model.raw_intersect(a, b)
        return implies(possible((a, x), (b, x)), z3.And(some, sound(both, x)))
    return claim


def contains(width):
    def claim(model):
        a, b, x = number("a", width), number("b", width), word("x", width)
        return implies([well_formed(a), model.contains(a, b)] + possible((b, x)), has(a, x))
    return claim


def alu(op, width, whole=False):
    """Before `normalize`, or the whole of it."""
    def claim(model):
        a, b, x, y = number("a", width), number("b", width), word("x", width), word("y", width)
        keep, raw = model.raw_alu(op, a, b)
        result = CONCRETE[op](x, y)
        n = model.alu(op, a, b) if whole else Num(*(z3.If(keep, p, q) for p, q in zip(a, raw)))
        return implies(possible((a, x), (b, y)), sound(n, result))
    return claim


def amount(width):
    """The low bits of a shift's amount: what `shift` takes from here on."""
    def claim(model):
        b, y = number("b", width), word("y", width)
        by = model.amount(b)
        low = y & width - 1
        return implies(possible((b, y)), z3.And(ule(by.umin, low), ule(low, by.umax), ule(by.umax, low | width - 1)))
    return claim


def shift(op, width):
    def claim(model):
        a, x, y, least, most = number("a", width), *(word(n, width) for n in ("x", "y", "least", "most"))
        between = [ule(least, y), ule(y, most), z3.ULT(most, width)]
        raw = getattr(model, "raw_" + op.lower())(a, least, most)
        return implies(possible((a, x)) + between, sound(raw, CONCRETE[op](x, y)))
    return claim


def relation(name, width):
    def claim(model):
        a, b, x, y = number("a", width), number("b", width), word("x", width), word("y", width)
        some, left_a, left_b = model.raw_assume(name, a, b)
        goal = z3.And(some, sound(left_a, x), sound(left_b, y))
        return implies(possible((a, x), (b, y)) + [HOLDS[name](x, y)], goal)
    return claim


def cast(kind, width, to):
    def claim(model):
        n, x = number("n", width), word("x", width)
        if kind == "truncate":
            return implies(possible((n, x)), sound(model.raw_truncate(n, to), z3.Extract(to - 1, 0, x)))
        if kind == "sign_extend":
            return implies(possible((n, x)), sound(model.raw_sign_extend(n, to), sign_extend(x, to)))
        return implies(possible((n, x)), sound(model.zero_extend(n, to), zero_extend(x, to)))
    return claim


def narrowed(model):
    s, x = Scalar(number("wide"), number("low", LOW)), word("x")
    n, known = model.raw_narrowed(s)
    assumptions = [well_formed(s.wide), well_formed(s.low), in_scalar(s, x)]
    return implies(assumptions, z3.And(sound(n, x), sound(known, x)))


def low_half(op):
    def claim(_):
        x, y = word("x"), word("y")
        cut = lambda v: z3.Extract(LOW - 1, 0, v)
        return cut(CONCRETE[op](x, y)) == CONCRETE[op](cut(x), cut(y))
    return claim


def swap(bits):
    def claim(model):
        n, x = number("n"), word("x")
        raw = model.parts(n.value, (swap_bytes(n.value, bits), swap_bytes(n.mask, bits)))
        return implies(possible((n, x)), sound(raw, swap_bytes(x, bits)))
    return claim


def on_words():
    """The theorems on bit vectors, those of the same width together."""
    for width in (WIDE, LOW):
        for name in STEPS:
            yield Theorem(name, str(width), step(name, width))
        yield Theorem("normalize: one left", str(width), single(width))
        yield Theorem("intersect", str(width), intersect(width))
        yield Theorem("contains", str(width), contains(width))
        for op in (op for op in ARITHMETIC if op != "Mul"):
            yield Theorem(op, str(width), alu(op, width))
        yield Theorem("shift amount", str(width), amount(width))
        for op in SHIFTS:
            yield Theorem(op, str(width), shift(op, width))
        for name in HOLDS:
            yield Theorem(f"assume {name}", str(width), relation(name, width))
    yield Theorem("normalize, whole", "8", normalize(8))
    # That the parts which `integers` proves were put together rightly.
    for op, width in (("Mul", 4), *((op, 6) for op in DIVISIONS)):
        yield Theorem(f"{op}, whole", str(width), alu(op, width, whole=True))
    for width, to in ((64, 32), (32, 16), (32, 8)):
        yield Theorem("truncate", f"{width} to {to}", cast("truncate", width, to))
    for width, to in ((32, 64), (16, 64), (8, 64), (16, 32), (8, 32)):
        yield Theorem("sign_extend", f"{width} to {to}", cast("sign_extend", width, to))
        yield Theorem("zero_extend", f"{width} to {to}", cast("zero_extend", width, to))
    yield Theorem("synced: narrowed", "64 and 32", narrowed)
    for op in LOW_EXACT:
        if op != "Mul":
            yield Theorem(f"{op}, low half", "64 and 32", low_half(op))
    for bits in (16, 32, 64):
        yield Theorem("swap", str(bits), swap(bits))
