"""Compares the model with the Rust code, proves the model sound, and shows that both can fail.

    python prove.py VECTORS [--limit SECONDS]
"""

import argparse
import os
import sys
from multiprocessing import Pool

from integers import on_integers
from loops import on_loops, turns_exhaustively
from mutants import MUTANTS, StepsComeBack
from registers import LOW, WIDE, Model
from solvers import prove
from theorems import on_words
from tie import EXPECTED, compare

THEOREMS = [*on_words(), *on_integers(), *on_loops()]
# Those on integers and reals: not of bit vectors.
ON_INTEGERS = ("any", *(f"mod 2^{width}" for width in (WIDE, LOW)))
# Parts that the comparison is done in.
SHARES = 8


def find(key):
    return next(i for i, t in enumerate(THEOREMS) if (t.operator, t.width) == key)


def proof(task):
    """A theorem, on the model or on a mutant of it."""
    index, mutant, limit = task
    theorem = THEOREMS[index]
    model = Model() if mutant is None else MUTANTS[mutant]()
    return task, prove(theorem.claim(model), theorem.width not in ON_INTEGERS, limit)


def share(task):
    lines, mutant = task
    if mutant is None:
        return compare(Model(), lines)
    return compare(MUTANTS[mutant](), lines, MUTANTS[mutant].LINES)


class Tally:
    """Cargo's result line, for those who add them up."""

    def __init__(self):
        self.passed = self.failed = 0

    def count(self, holds):
        self.passed, self.failed = self.passed + bool(holds), self.failed + (not holds)
        return holds

    def end(self):
        word = "FAILED" if self.failed or not self.passed else "ok"
        print(f"test result: {word}. {self.passed} passed; {self.failed} failed")
        return 0 if word == "ok" else 1


def tie(pool, lines, tally):
    """Every operator that the Rust code was run with."""
    seen, wrong = {}, {}
    for some, differ in pool.imap_unordered(share, [(lines[i::SHARES], None) for i in range(SHARES)]):
        for what, count in some.items():
            seen[what] = seen.get(what, 0) + count
        for what, those in differ.items():
            wrong.setdefault(what, []).extend(those)
    for what in sorted(seen):
        if not tally.count(what not in wrong):
            print(f"{what}: the model differs from the Rust code, first on: {wrong[what][0]}")
    print(f"model and Rust code compared: {len(seen)} operators, {sum(seen.values())} results, {len(wrong)} differ")
    if not tally.count(EXPECTED <= set(seen)):
        print("there is no result of", ", ".join(sorted(EXPECTED - set(seen))))


def turns(tally):
    """The count of turns, on all small numbers; a wrong one has to be seen."""
    cases, below, above = turns_exhaustively(Model())
    tally.count(cases and not below)
    print(f"turns counted, 4 bits, all intervals and steps: {cases} cases, {below} below the turns, {above} above")
    _, seen, _ = turns_exhaustively(StepsComeBack())
    tally.count(seen)


def proofs(pool, limit, tally):
    print(f"{'operator':24} {'width':10} {'result':8} {'seconds':>7}  by")
    tasks = [(i, None, limit) for i in range(len(THEOREMS))]
    for (index, *_), verdict in pool.imap(proof, tasks):
        theorem = THEOREMS[index]
        tally.count(verdict.result == "proven")
        row = f"{theorem.operator:24} {theorem.width:10} {verdict.result:8} {verdict.seconds:7.1f}  {verdict.solvers}"
        print(row, flush=True)


def self_test(pool, lines, limit, tally):
    """Each mutant is refuted and seen."""
    numbers = range(len(MUTANTS))
    refuted = pool.map(proof, [(find(MUTANTS[i].THEOREM), i, limit) for i in numbers], chunksize=1)
    for (_, number, _), verdict in refuted:
        mutant = MUTANTS[number]
        _, wrong = share(([line for line in lines if line.split(" ", 1)[0] in mutant.LINES], number))
        holds = tally.count(verdict.result == "refuted" and wrong)
        differ = sum(map(len, wrong.values()))
        print(f"wrong operator {mutant.__name__:20} proof {verdict.result}, {differ} results differ",
              "ok" if holds else "FAILED")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("vectors")
    parser.add_argument("--limit", type=float, default=300, help="seconds for one question to a solver")
    options = parser.parse_args()
    with open(options.vectors, encoding="ascii") as file:
        lines = file.read().splitlines()
    tally = Tally()
    with Pool(os.cpu_count(), maxtasksperchild=8) as pool:
        tie(pool, lines, tally)
        turns(tally)
        proofs(pool, options.limit, tally)
        self_test(pool, lines, options.limit, tally)
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
