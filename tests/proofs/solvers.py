"""Two solvers: bitwuzla decides bit vectors, z3 the rest, and z3 is asked about bit vectors too, for a short while."""

import time
from typing import NamedTuple

import bitwuzla
import z3

SECOND_OPINION_S = 2


class Verdict(NamedTuple):
    # "proven", "refuted" or "unknown".
    result: str
    # Which solvers say so.
    solvers: str
    # Of processor time.
    seconds: float


def conjuncts(formula):
    if z3.is_and(formula):
        return [part for child in formula.children() for part in conjuncts(child)]
    return [formula]


def variables(formula):
    found, seen, rest = set(), set(), [formula]
    while rest:
        part = rest.pop()
        if part.get_id() in seen:
            continue
        seen.add(part.get_id())
        rest.extend(part.children())
        if z3.is_const(part) and part.decl().kind() == z3.Z3_OP_UNINTERPRETED:
            found.add(part.decl().name())
    return found


def goals(claim):
    """Assumptions and one thing that they imply: much easier one by one. First with those assumptions alone that say
    nothing of other variables, which mostly are enough and never too many."""
    if not z3.is_implies(claim):
        yield [[z3.Not(claim)]]
        return
    assumptions = conjuncts(claim.arg(0))
    about = [variables(one) for one in assumptions]
    for goal in conjuncts(claim.arg(1)):
        of_goal, wrong = variables(goal), z3.Not(goal)
        few = [one for one, of_one in zip(assumptions, about) if of_one <= of_goal]
        yield [[*few, wrong], [*assumptions, wrong]] if len(few) < len(assumptions) else [[*assumptions, wrong]]


def ask_z3(formulas, seconds, words):
    solver = z3.SolverFor("QF_BV") if words else z3.Solver()
    solver.set("timeout", int(1000 * seconds))
    solver.add(*formulas)
    return str(solver.check())


def ask_bitwuzla(formulas, seconds):
    script = z3.Solver()
    script.add(*formulas)
    options = bitwuzla.Options()
    options.set(bitwuzla.Option.TIME_LIMIT_PER, int(1000 * seconds))
    parser = bitwuzla.Parser(bitwuzla.TermManager(), options)
    parser.parse(script.to_smt2().replace("(check-sat)", ""), True, False)
    return str(parser.bitwuzla().check_sat()).lower()


def decide(attempts, words, limit_s):
    """The answer to the last question, or that to an earlier one which settles it; and the question."""
    found, formulas = "unknown", []
    for formulas in attempts:
        found = ask_bitwuzla(formulas, limit_s) if words else ask_z3(formulas, limit_s, False)
        if found == "unsat":
            break
    return found, formulas


def prove(claim, words, limit_s):
    """Whether a formula is valid."""
    start, left, agreed = time.process_time(), SECOND_OPINION_S, words
    took = lambda: time.process_time() - start
    name = "bitwuzla" if words else "z3"
    for attempts in goals(claim):
        found, formulas = decide(attempts, words, limit_s)
        if agreed:
            since = time.process_time()
            other = ask_z3(formulas, left, True)
            left -= time.process_time() - since
            if {found, other} == {"sat", "unsat"}:
                return Verdict("unknown", "they disagree", took())
            agreed = other == found and left > 0
        if found != "unsat":
            return Verdict("refuted" if found == "sat" else "unknown", name, took())
    return Verdict("proven", f"{name}, z3" if agreed else name, took())
