"""Compares the model with the Rust code: both get the same numbers, and every word of the results is to be the same."""

from collections import Counter

from domain import Word
from lattice import Num
from registers import LOW, WIDE, Scalar
from relations import CONCRETE, HOLDS

# What the Rust code has to be run with, at least.
EXPECTED = {
    *(f"{kind}{op}" for kind in ("", "Concrete.", "Alu32.", "Alu64.") for op in CONCRETE),
    *(f"{kind}{relation}" for kind in ("", "Assume32.", "Assume64.") for relation in HOLDS), "Contains", "Normalize", "Synced", "Truncate8", "Truncate16", "Truncate32",
    "Widen", "WidenTo", "Times", "Multiples", "Counted",
    "SignExtend32", "SignExtend64", "ZeroExtend32", "ZeroExtend64", "Swap16", "Swap32", "Swap64",
}


def read(words, bits):
    """A number of six words; None for `-`."""
    if words[0] == "-":
        return None, words[1:]
    return Num(*(Word(int(w, 16), bits) for w in words[:6])), words[6:]


def read_scalar(words):
    if words[0] == "-":
        return None
    wide, words = read(words, WIDE)
    return Scalar(wide, read(words, LOW)[0])


def some(found):
    """None, if an operator says that nothing is left."""
    possible, *rest = found
    return rest if possible else [None] * len(rest)


def step(text, width):
    """A step's length, in so many bits, and whether it goes down."""
    by = Word(int(text, 16), 64).signed()
    return Word(abs(by), width), by < 0


def widen(model, old, words):
    bits = old.size()
    new, words = read(words, bits)
    any_number, ends = model.unknown(old.value), list(new[2:])
    marks = [int(words[0], 16) + i for i in (-1, 0, 1)] if words else []
    for i in range(4):
        signed, up = i >= 2, i % 2
        value = (lambda x: x.signed()) if signed else (lambda x: x.bits)
        beyond = [Word(m, bits) for m in marks if (value(Word(m, bits)) - value(ends[i])) * (1 if up else -1) >= 0]
        ends[i] = (min if up else max)(beyond, key=value, default=any_number[2 + i])
    return [model.widen(old, new, ends)], lambda out: [read(out, bits)[0]]


def times(model, n, words):
    by, _ = step(words[0], 80)
    small = Word(by.bits, n.size() + 2)
    bounded, span = model.turns_in(n, small)
    # A step that has more bits than these is none.
    found = span.bits // by.bits if bounded and small.bits == by.bits else None
    return [found], lambda out: [None if out[0] == "-" else int(out[0], 16)]


def multiples(model, n, words):
    by, down = step(words[1], 2 * n.size() + 80)
    some, raw = model.multiples(n, Word(int(words[0], 16), n.size()), by, down)
    left, found = model.normalize(raw)
    return [found if some and left else None], lambda out: [read(out, n.size())[0]]


def counted(model, start, words):
    by, turns = (int(w, 16) for w in words)
    bits = start.size()
    found = model.counted(start, Word(by, bits), Word(turns, bits), turns >> bits == 0)
    return [found], lambda out: [read(out, bits)[0]]


LOOPS = {"Widen": widen, "WidenTo": widen, "Times": times, "Multiples": multiples, "Counted": counted}


def compute(model, what, bits, words):
    """What the model makes of a line's arguments, and how its results are read."""
    name, _, op = what.partition(".")
    if name == "Concrete":
        x, y = (Word(int(w, 16), bits) for w in words)
        return [CONCRETE[op](x, y)], lambda out: [Word(int(out[0], 16), bits)]
    if name in ("Alu32", "Alu64"):
        method = model.alu32 if name == "Alu32" else model.alu64
        return [method(op, read_scalar(words[:12]), read_scalar(words[12:]))], lambda out: [read_scalar(out)]
    if name in ("Assume32", "Assume64"):
        found = some(model.assume_scalar(op, read_scalar(words[:12]), read_scalar(words[12:]), int(name[6:])))
        half = len(words) // 2
        return found, lambda out: [None, None] if out[0] == "-" else [read_scalar(out[:half]), read_scalar(out[half:])]
    if name == "Synced":
        return some(model.synced(read_scalar(words))), lambda out: [read_scalar(out)]
    if name.startswith("Swap"):
        return [model.swap(read_scalar(words), int(name[4:]))], lambda out: [read_scalar(out)]
    a, words = read(words, bits)
    if name in LOOPS:
        return LOOPS[name](model, a, words)
    if name == "Normalize":
        return some(model.normalize(a)), lambda out: [read(out, bits)[0]]
    for kind, cast in (
        ("Truncate", lambda to: model.tight(model.raw_truncate(a, to))),
        ("SignExtend", lambda to: model.tight(model.raw_sign_extend(a, to))),
        ("ZeroExtend", lambda to: model.zero_extend(a, to)),
    ):
        if name.startswith(kind):
            to = int(name[len(kind):])
            return [cast(to)], lambda out: [read(out, to)[0]]
    b, _ = read(words, bits)
    if name == "Contains":
        return [model.contains(a, b)], lambda out: [out[0] == "1"]
    if name in HOLDS:
        def pair(out):
            first, out = read(out, bits)
            return [first, read(out, bits)[0]]
        return some(model.assume(name, a, b)), pair
    return [model.alu(name, a, b)], lambda out: [read(out, bits)[0]]


def compare(model, lines, only=None):
    """(Lines compared by operator, the lines that differ by operator)."""
    seen, wrong = Counter(), {}
    for line in lines:
        arguments, _, results = line.partition(" = ")
        what, bits, *words = arguments.split()
        if only and what not in only:
            continue
        seen[what] += 1
        found, reader = compute(model, what, int(bits), words)
        if not found == reader(results.split()):
            wrong.setdefault(what, []).append(line)
    return seen, wrong
