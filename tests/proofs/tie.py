"""Compares the model with the Rust code: both get the same numbers, and every word of the results is to be the same."""

from collections import Counter

from domain import Word
from lattice import Num
from registers import LOW, WIDE, Scalar
from relations import CONCRETE, HOLDS

# What the Rust code has to be run with, at least.
EXPECTED = {
    *(f"{kind}{op}" for kind in ("", "Concrete.", "Alu32.", "Alu64.") for op in CONCRETE),
    *HOLDS, "Contains", "Normalize", "Synced", "Truncate8", "Truncate16", "Truncate32",
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


def compute(model, what, bits, words):
    """What the model makes of a line's arguments, and how its results are read."""
    name, _, op = what.partition(".")
    if name == "Concrete":
        x, y = (Word(int(w, 16), bits) for w in words)
        return [CONCRETE[op](x, y)], lambda out: [Word(int(out[0], 16), bits)]
    if name in ("Alu32", "Alu64"):
        method = model.alu32 if name == "Alu32" else model.alu64
        return [method(op, read_scalar(words[:12]), read_scalar(words[12:]))], lambda out: [read_scalar(out)]
    if name == "Synced":
        return some(model.synced(read_scalar(words))), lambda out: [read_scalar(out)]
    if name.startswith("Swap"):
        return [model.swap(read_scalar(words), int(name[4:]))], lambda out: [read_scalar(out)]
    a, words = read(words, bits)
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
