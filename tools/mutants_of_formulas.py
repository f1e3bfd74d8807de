"""Break each formula of the write-up in turn, at one place, and see that the checker notices.

    python -m tools.mutants_of_formulas           600 mutants, evenly from all parts and kinds of change
    python -m tools.mutants_of_formulas 5000      (nearly) all there are

A mutant is docs/DL-Sheet01.md with one change in one formula that states something: a sign, a digit, an exponent, an index (a
t_i for a t_j), a function, a factor, a term, a denominator, two entries of a matrix. It is caught if a claim becomes false or
cannot be read any more, or a domain too narrow.

Of the 692 mutants of the last full run 686 were wrong, and all of these were caught; 6 are as true as the original, for the
reasons in EQUAL.
"""

import multiprocessing
import re
import sys

from tools import equations
from tools.equations.documents import ANSWER, Document
from tools.equations.events import printed
from tools.equations.formulas import RELATIONS, flat, tokens

((PLACE, SOURCE),) = printed(equations.FILES[0])
SHEET = Document(equations.SHEET)

# Mutants that are as true as the original: (part, what was there): {what is there now: why}.
EMPTY, ZERO = "an empty corner is a zero, too", "the brackets are 0 in the stated domain"
SAME, NONE, ONE = "true: of the same dimension", "true: B has no such weight", "true: its adjoint is 1, too"
EQUAL = {
    ("1(e)", r"\mathbf{x} \in \mathbb{R}^n"): {r"\mathbf{y}  \in \mathbb{R}^n": "says nothing that is used"},
    ("1(e)", "a'(x_i) & i = j"): {"a'(x_j) & i = j": "true: there i is j"},
    ("1(e)", "& & 0 \\\\\n& \\ddots &"): {
        "& 0 & \\\\\n& \\ddots &": EMPTY,
        "& &\n\\\\ 0 & \\ddots &": EMPTY,
    },
    ("1(e)", "& \\ddots & \\\\\n0 & &"): {"& \\ddots &\n0 \\\\ & &": EMPTY, "& \\ddots & \\\\ &\n0 &": EMPTY},
    ("1(f)", r"\mathbf{x}, \mathbf{y} \in"): {
        r"\mathbf{y} , \mathbf{y} \in": "that of x is on the sheet",
        r"\mathbf{x}, \mathbf{x}  \in": "that of y is on the sheet",
    },
    ("1(f)", r"f_1, \nabla_{\mathbf{x}} f_2"): {
        r"f_2, \nabla_{\mathbf{x}} f_2": SAME, r"f_1, \nabla_{\mathbf{x}} f_1": SAME, r"f_1, \nabla_{\mathbf{y} } f_2": SAME,
    },
    ("1(f)", r"\frac{\partial f_1}{\partial \mathbf{x}}, \frac{\partial f_2}{\partial \mathbf{x}} \in"): {
        r"\frac{\partial f_2}{\partial \mathbf{x}}, \frac{\partial f_2}{\partial \mathbf{x}} \in": SAME,
        r"\frac{\partial f_1}{\partial \mathbf{x}}, \frac{\partial f_1}{\partial \mathbf{x}} \in": SAME,
        r"\frac{\partial f_1}{\partial \mathbf{x}}, \frac{\partial f_2}{\partial \mathbf{y} } \in": SAME,
    },
    ("2(c)", r"\bar t_9 = 1"): {r"\bar t_8 = 1": ONE},
    ("2(c)", r"\bar t_{14} = 1"): {r"\bar t_{13} = 1": ONE},
    ("3(a)", "+ 0.5 [x = y]"): {"-  0.5 [x = y]": ZERO, "+ 1.5 [x = y]": ZERO, "+ 0.6 [x = y]": ZERO},
    ("3(a)", r"\dfrac{1}{1 + e^{-x}}"): {
        r"\dfrac{1}{1 -  e^{-x}}": "this function has the same derivative, t (1 - t)",
        r"\dfrac{0}{1 + e^{-x}}": "and so has 0",
    },
    ("3(a)", "t_1 = [x = y]"): {f"t_{i} = [x = y]": "the name is not used" for i in (0, 2, 3)},
    ("3(b)", r"\cdot 1"): {"": "true: a factor 1 is left out"},
    ("Minimising B", r"\partial w_0} = 0"): {
        r"\partial w_1} = 0": "true: both are 0", r"\partial w_2} = 0": NONE,
    },
    ("Minimising B", r"\partial w_1} = 0"): {
        r"\partial w_0} = 0": "true: both are 0", r"\partial w_2} = 0": NONE, r"\partial w_3} = 0": NONE,
    },
}  # fmt: skip

SWAPS = {
    r"\sin": r"\cos", r"\cos": r"\sin", r"\log": r"\exp", r"\ln": r"\sin", r"\exp": r"\cos", r"\sqrt": r"\sin",
    r"\mathbf{y}": r"\mathbf{x}", r"\mathbf{z}": r"\mathbf{y}", r"\mathbf{x}": r"\mathbf{y}",
    r"\sigma": r"\mu", r"\mu": r"\sigma", r"\ne": r"<", r">": r"<", "+": "-",
}  # fmt: skip


def extent(tex, start):
    depth = 0
    for end in range(start, len(tex)):
        depth += (tex[end] in "{(") - (tex[end] in "})")
        if depth == 0:
            return end + 1
    return len(tex)


def changes(tex):
    """(kind, the formula changed at one place)."""

    def put(match, new):
        return tex[: match.start()] + new + tex[match.end() :]

    for match in re.finditer(r"\\[A-Za-z]+\{[a-z]\}|\\[A-Za-z]+|[+>]", tex):
        if match[0] in SWAPS:
            kind = (
                "sign"
                if match[0] in "+>"
                else "function"
                if match[0] in (r"\sin", r"\cos", r"\log", r"\ln", r"\exp", r"\sqrt")
                else "name"
            )
            yield kind, put(match, SWAPS[match[0]] + " ")
    for match in re.finditer(r"-", tex):
        yield "sign", put(match, "+" if re.search(r"[\w)}]\s*$", tex[: match.start()]) else "")
    for match in re.finditer(r"(?P<before>[_^]?\{?-?)(?P<digits>\d+(\.\d+)?)", tex):
        kind = {"_": "index", "^": "exponent"}.get(match["before"][:1], "digit")
        if "." in match["digits"]:
            for i, digit in enumerate(match["digits"]):
                if digit.isdigit():
                    changed = match["digits"][:i] + str((int(digit) + 1) % 10) + match["digits"][i + 1 :]
                    yield kind, put(match, match["before"] + changed)
        else:
            steps = (1, -1, 2) if kind == "index" else (1, -1)
            for step in steps:
                new = int(match["digits"]) + step
                if new >= 0:
                    text = f"{{{new}}}" if new > 9 and match["before"] in ("_", "^") else str(new)
                    yield kind, put(match, match["before"] + text)
    for match in re.finditer(r"_\{?([ijk])(?=\b|\})", tex):
        yield "index", put(match, match[0][:-1] + {"i": "j", "j": "i", "k": "i"}[match[1]])
    for match in re.finditer(r"\^T|'", tex):
        yield "factor", put(match, "")
    for match in re.finditer(r"\\frac(?=\{)", tex):
        middle = extent(tex, match.end())
        end = extent(tex, middle)
        over, under = tex[match.end() : middle], tex[middle:end]
        if r"\partial" not in over and not over.startswith("{d "):
            yield "factor", tex[: match.start()] + over + tex[end:]
            yield "factor", tex[: match.start()] + r"\frac{1}" + under + tex[end:]
            yield "factor", tex[: match.start()] + r"\frac" + under + over + tex[end:]
    for match in re.finditer(r"\\cdot \w|\\(sin|cos|log|ln|exp)\((?P<inside>)|\d(?=[a-z\\(])|e\^\{?[-\w]+\}?", tex):
        end = extent(tex, match.end() - 1) if match[0].endswith("(") else match.end()
        begins = match[0][0] != "\\" or match[0].endswith("(") or match[0].startswith(r"\cdot")
        if begins and tex[match.start() - 1] not in "^_":
            yield "factor", tex[: match.start()] + tex[end:]
    for match in re.finditer(r"[+-] (\\?\w+(_\{?\w+\}?)?(\^\{?\w\}?)?)(?= *[+)&=\\]| *$)", tex):
        yield "term", put(match, "")
    for match in re.finditer(r"\\begin\{pmatrix\}(.*?)\\end\{pmatrix\}", tex, re.DOTALL):
        cells = re.split(r"(&|\\\\)", match[1])
        for i in range(0, len(cells) - 2, 2):
            exchanged = cells[:]
            exchanged[i], exchanged[i + 2] = cells[i + 2], cells[i]
            yield "entries", tex[: match.start(1)] + "".join(exchanged) + tex[match.end(1) :]


def formulas(events, part="front"):
    """(part, event) of each formula that states something; those in tables all do."""
    for event in events:
        if event.kind == "heading":
            part = re.match(r"#+ (\d\(\w\)|\d(?= )|.*)", event.text)[1]
        elif event.kind == "row":
            named = ANSWER.match(event.text)
            for cell in event.inside:
                yield from ((named[1] if named else part, one) for one in cell if one.kind == "formula")
        elif event.kind == "formula" and RELATIONS & {one.kind for one in flat(tokens(event.text)[0])}:
            yield part, event


def changed(events, old, tex):
    """The events with another text in one of them."""
    new = []
    for event in events:
        inside = tuple(changed(cell, old, tex) for cell in event.inside)
        new.append(event._replace(text=tex if event is old else event.text, inside=inside))
    return new


def mutants():
    """(part, kind of change, formula, changed formula, number of the formula)."""
    document = Document(equations.FILES[0], SHEET, [(PLACE, SOURCE)]).settled()  # and so a mutant settles only what it changes
    if any(claim.message for claim in document.claims):
        sys.exit("the write-up is false before anything is broken")
    for number, (part, event) in enumerate(formulas(SOURCE)):
        seen = {event.text}
        for kind, tex in changes(event.text):
            if tex not in seen:
                seen.add(tex)
                yield part, kind, event.text, tex, number


def survives(mutant):
    *_, tex, number = mutant
    _, event = [*formulas(SOURCE)][number]
    try:
        document = Document(equations.FILES[0], SHEET, [(PLACE, changed(SOURCE, event, tex))])
        caught = any(claim.message for claim in document.verdicts())
    except Exception as crash:  # a crash is no verdict
        return mutant, f"CRASH {type(crash).__name__}: {crash}"
    return mutant, "" if caught else "ALIVE"


def equal(mutant):
    """Why a mutant is as true as the original, if it is known to be: it has this change, and no other."""
    part, _, tex, new, _ = mutant
    for (where, was), changes in EQUAL.items():
        for now, why in changes.items():
            places = re.finditer(re.escape(was), tex) if where == part else ()
            if any(new == tex[: place.start()] + now + tex[place.end() :] for place in places):
                return why
    return ""


def sample(count):
    """Evenly from every part and kind of change."""
    groups = {}
    for mutant in mutants():
        groups.setdefault(mutant[:2], []).append(mutant)
    chosen, everything = [], sum(map(len, groups.values()))
    for group in groups.values():
        take = min(len(group), max(3, round(count * len(group) / everything)))
        chosen += [group[i * len(group) // take] for i in range(take)]
    return chosen


def main(count=600):
    chosen, alive, as_true = sample(int(count)), [], []
    with multiprocessing.get_context("fork").Pool() as pool:
        for mutant, verdict in pool.imap_unordered(survives, chosen):
            if verdict:
                part, kind, tex, new, _ = mutant
                (as_true if equal(mutant) else alive).append(mutant)
                print(f"{equal(mutant) or verdict}\n    {part}, {kind}: {' '.join(tex.split())}")
                print(f"    {' '.join(new.split())}", flush=True)
    wrong = len(chosen) - len(as_true)
    print(f"{wrong - len(alive)} of {wrong} mutants caught; {len(as_true)} more are as true as the original")
    for part in dict.fromkeys(mutant[0] for mutant in chosen):
        print(f"    {part}: {sum([mutant[0] == part for mutant in chosen])}")
    return bool(alive)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
