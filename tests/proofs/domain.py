"""One text of the model, three readings: bit vectors of a solver, its integers or reals, and plain words.

`Word` has the operators that z3's bit vectors have, with the same meaning: `<`, `<=` and `>>` are signed.
"""

from functools import reduce

import z3


class Word:
    """An integer of `width` bits."""

    __slots__ = ("bits", "width")

    def __init__(self, bits, width):
        self.bits = bits & ((1 << width) - 1)
        self.width = width

    def signed(self):
        sign = 1 << (self.width - 1)
        return (self.bits ^ sign) - sign

    def size(self):
        return self.width

    def _raw(self, other):
        return other.bits if isinstance(other, Word) else other

    def _signed(self, other):
        return other.signed() if isinstance(other, Word) else other

    def __add__(self, other):
        return Word(self.bits + self._raw(other), self.width)

    def __sub__(self, other):
        return Word(self.bits - self._raw(other), self.width)

    def __mul__(self, other):
        return Word(self.bits * self._raw(other), self.width)

    def __and__(self, other):
        return Word(self.bits & self._raw(other), self.width)

    def __or__(self, other):
        return Word(self.bits | self._raw(other), self.width)

    def __xor__(self, other):
        return Word(self.bits ^ self._raw(other), self.width)

    def __invert__(self):
        return Word(~self.bits, self.width)

    def __neg__(self):
        return Word(-self.bits, self.width)

    def __lshift__(self, by):
        by = self._raw(by)
        return Word(self.bits << by if by < self.width else 0, self.width)

    def __rshift__(self, by):
        return Word(self.signed() >> min(self._raw(by), self.width), self.width)

    def __eq__(self, other):
        return self.bits == Word(self._raw(other), self.width).bits

    def __ne__(self, other):
        return not self == other

    def __lt__(self, other):
        return self.signed() < self._signed(other)

    def __le__(self, other):
        return self.signed() <= self._signed(other)

    __hash__ = None


def plain(*values):
    return all(isinstance(v, (Word, bool)) for v in values)


def const(value, like):
    """The number `value` in the reading and width of `like`."""
    if isinstance(like, Word):
        return Word(value, like.width)
    return z3.BitVecVal(value, like.size())


def ite(condition, yes, no):
    if isinstance(condition, bool):
        return yes if condition else no
    return z3.If(condition, yes, no)


def both(*conditions):
    return all(conditions) if plain(*conditions) else z3.And(*conditions)


def either(*conditions):
    return any(conditions) if plain(*conditions) else z3.Or(*conditions)


def no(condition):
    return not condition if isinstance(condition, bool) else z3.Not(condition)


def ult(a, b):
    return a.bits < b.bits if plain(a) else z3.ULT(a, b)


def ule(a, b):
    return a.bits <= b.bits if plain(a) else z3.ULE(a, b)


def shr(a, by):
    """Logical shift."""
    if not plain(a):
        return z3.LShR(a, by)
    return Word(a.bits >> (by.bits if plain(by) else by), a.width)


def zero_extend(a, to):
    return Word(a.bits, to) if plain(a) else z3.ZeroExt(to - a.size(), a)


def sign_extend(a, to):
    return Word(a.signed(), to) if plain(a) else z3.SignExt(to - a.size(), a)


def resize(a, to):
    """Zero-extended or cut."""
    if plain(a):
        return Word(a.bits, to)
    return z3.ZeroExt(to - a.size(), a) if to > a.size() else z3.Extract(to - 1, 0, a)


def umin(a, b):
    return ite(ule(a, b), a, b)


def umax(a, b):
    return ite(ule(a, b), b, a)


def smin(*values):
    """The least, signed; of integers and reals too."""
    return reduce(lambda a, b: ite(a <= b, a, b), values)


def smax(*values):
    return reduce(lambda a, b: ite(a <= b, b, a), values)
