"""arith.rs but for divisions. The tnum parts are those of Linux's `kernel/bpf/tnum.c`."""

from domain import both, const, ite, shr, sign_extend, smax, smin, ule, umax, umin, zero_extend
from lattice import Lattice, constant


def widen(x, signed, to):
    return sign_extend(x, to) if signed else zero_extend(x, to)


class Arithmetic(Lattice):
    """Sums, products, bit operations, shifts."""

    def bits_add(self, a, b):
        value = a[0] + b[0]
        mask = ((value + (a[1] + b[1])) ^ value) | a[1] | b[1]
        return value & ~mask, mask

    def bits_sub(self, a, b):
        value = a[0] - b[0]
        mask = ((value + a[1]) ^ (value - b[1])) | a[1] | b[1]
        return value & ~mask, mask

    def bits_mul_step(self, a, b, unknown):
        """One turn of the loop of `bits_mul`."""
        zero = const(0, a[0])
        certain, possible = a[0] & 1 != 0, a[1] & 1 != 0
        adds = ite(certain, b[1], ite(possible, b[0] | b[1], zero))
        return self.bits_add(unknown, (zero, adds))

    def bits_mul(self, a, b):
        known, unknown = a[0] * b[0], (const(0, a[0]), const(0, a[0]))
        for _ in range(a[0].size()):
            unknown = self.bits_mul_step(a, b, unknown)
            a, b = (shr(a[0], 1), shr(a[1], 1)), (b[0] << 1, b[1] << 1)
        return self.bits_add((known, const(0, known)), unknown)

    def sum_spans(self, a, b, less):
        """Unsigned and signed interval of a + b or a - b, before they are cut to the width."""
        more = a.size() + 2
        for signed, (al, ah), (bl, bh) in ((False, a[2:4], b[2:4]), (True, a[4:6], b[4:6])):
            al, ah, bl, bh = (widen(x, signed, more) for x in (al, ah, bl, bh))
            yield self.fit(*((al - bh, ah - bl) if less else (al + bl, ah + bh)), a.size(), signed)

    def raw_add(self, a, b):
        return self.parts(a.value, self.bits_add(a[:2], b[:2]), *self.sum_spans(a, b, False))

    def raw_sub(self, a, b):
        return self.parts(a.value, self.bits_sub(a[:2], b[:2]), *self.sum_spans(a, b, True))

    def corners(self, al, ah, bl, bh):
        products = al * bl, al * bh, ah * bl, ah * bh
        return smin(*products), smax(*products)

    def raw_mul(self, a, b):
        width, more = a.size(), 2 * a.size() + 2
        low, high = (zero_extend(x, more) * zero_extend(y, more) for x, y in ((a.umin, b.umin), (a.umax, b.umax)))
        holds, *unsigned = self.fit(low, high, width, False)
        # The product of the upper bounds is taken in 64 bits.
        unsigned = (both(holds, shr(high, 64) == 0) if more > 64 else holds, *unsigned)
        signed = self.corners(*(sign_extend(x, more) for x in (a.smin, a.smax, b.smin, b.smax)))
        return self.parts(a.value, self.bits_mul(a[:2], b[:2]), unsigned, self.fit(*signed, width, True))

    def raw_and(self, a, b):
        value = a.value & b.value
        mask = (a.value | a.mask) & (b.value | b.mask) & ~value
        return self.parts(value, (value, mask), (True, value, umin(a.umax, b.umax)))

    def raw_or(self, a, b):
        value = a.value | b.value
        mask = (a.mask | b.mask) & ~value
        return self.parts(value, (value, mask), (True, umax(a.umin, b.umin), value | mask))

    def raw_xor(self, a, b):
        mask = a.mask | b.mask
        return self.parts(mask, ((a.value ^ b.value) & ~mask, mask))

    def amount(self, by):
        """What is known of the low bits of a shift's amount."""
        return self.tight(self.raw_and(by, constant(by.size() - 1, by.value)))

    def shifted_bits(self, a, shift, least, most):
        same = least == most
        return tuple(ite(same, shift(x, least), const(y, x)) for x, y in ((a.value, 0), (a.mask, -1)))

    def raw_lsh(self, a, least, most):
        more = 2 * a.size() + 2
        fits = ule(a.umax, shr(const(-1, a.value), most))
        low, high = (sign_extend(x, more) << zero_extend(least, more) for x in (a.smin, a.smax))
        holds, *signed = self.fit(low, high, a.size(), True)
        tnum = self.shifted_bits(a, lambda x, by: x << by, least, most)
        unsigned = (fits, a.umin << least, a.umax << most)
        return self.parts(a.value, tnum, unsigned, (both(holds, least == most), *signed))

    def raw_rsh(self, a, least, most):
        tnum = self.shifted_bits(a, shr, least, most)
        return self.parts(a.value, tnum, (True, shr(a.umin, most), shr(a.umax, least)))

    def raw_arsh(self, a, least, most):
        tnum = self.shifted_bits(a, lambda x, by: x >> by, least, most)
        span = smin(a.smin >> least, a.smin >> most), smax(a.smax >> least, a.smax >> most)
        return self.parts(a.value, tnum, None, (True, *span))
