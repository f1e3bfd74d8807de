"""What one run of the benchmark says: tables and targets, printed and put into docs/performance.md."""

import math

from benchmarks import chart
from benchmarks.engines import BUFFER, PEER
from benchmarks.results import PROJECT
from benchmarks.works import BY_NUMBER

STRAIGHT = 1.2  # the factor by which a point may be off a straight line on logarithmic axes
COMPILED, SWEEP = "compiled", "uncompiled sweep"
ANY_PEER, CALLED_PEER = "fastest peer", "fastest peer that is called with numbers"
FASTEST = {ANY_PEER: (PEER, BUFFER), CALLED_PEER: (PEER,)}

TARGETS = [  # work, what of it, engine, what it is compared with, greatest ratio
    ("A, one point", "time", COMPILED, ANY_PEER, 0.05),
    ("A, one point", "time", COMPILED, CALLED_PEER, 0.05),
    ("A, one point", "time", SWEEP, "micrograd", 1.3),
    ("A, first gradient", "time", SWEEP, "micrograd", 2.5),
    ("B, N = 1,000", "time", COMPILED, ANY_PEER, 0.25),
    ("B, N = 1,000,000", "time", COMPILED, ANY_PEER, 0.8),
    ("B, N = 1,000,000", "time", COMPILED, "by hand, Numba loop", 1.2),
    ("B, N = 1,000,000", "time", SWEEP, "PyTorch", 1.0),
    ("B, N = 10,000,000", "time", COMPILED, ANY_PEER, 0.8),
    ("B, N = 10,000,000", "time", COMPILED, "by hand, Numba loop", 1.2),
    ("B, N = 10,000,000", "time", SWEEP, "PyTorch", 1.0),
    ("A at 1,000,000 points", "time", COMPILED, ANY_PEER, 1.0),
    ("A at 10,000,000 points", "time", COMPILED, ANY_PEER, 0.6),
    *[(f"chain of {n:,}", "time", SWEEP, "PyTorch", 0.5) for n in (10**3, 10**4, 10**5)],
    ("chain of 1,000,000", "time", SWEEP, "PyTorch", 0.7),
    *[(f"chain of {n:,}", "memory", SWEEP, "PyTorch", 0.5) for n in (10**3, 10**4, 10**5, 10**6)],
    (BY_NUMBER, "time", SWEEP, "PyTorch", 0.9),
    (BY_NUMBER, "memory", SWEEP, "PyTorch", 0.7),
]


def rounded(x, units):
    """Three digits and a unit: 1.23 ms."""
    unit = next((unit for unit, size in units if x >= size), units[-1][0])
    x /= dict(units)[unit]
    return f"{x:.{max(0, 2 - math.floor(math.log10(x))) if x else 0}f} {unit}"


def seconds(x):
    return rounded(x, [("s", 1.0), ("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9)])


def size(x):
    return rounded(x, [("GB", 1e9), ("MB", 1e6), ("kB", 1e3)])


def ratio(x):
    return f"{x:.3f}" if x < 0.1 else f"{x:.2f}" if x < 10 else f"{x:,.0f}"


def table(head, rows):
    """A Markdown table that can be read as it is."""
    widths = [max(map(len, column)) for column in zip(head, *rows)]
    lines = [head, [":" + "-" * (width - 1) for width in widths], *rows]
    return "\n".join(["| " + " | ".join([cell.ljust(width) for cell, width in zip(line, widths)]) + " |" for line in lines])


def engines_table(results, works, names, cell):
    """A row for each engine: what `cell` makes of work, engine and time."""

    def text(work, engine):
        if engine not in results.works[work]:
            return ""
        taken = results.time(work, engine)
        return cell(work, engine, taken) if taken else "failed"

    return table(["", *names], [[engine, *[text(work, engine) for work in works]] for engine in results.engines(works)])


def times_table(results):
    def cell(work, engine, taken):
        ours = results.time(work, COMPILED)
        text = seconds(taken) + (f" ({ratio(taken / ours)})" if ours and engine != COMPILED else "")
        return f"**{text}**" if engine == results.fastest(work, PEER, BUFFER) else text

    return engines_table(results, results.others, results.others, cell)


def chains_table(results):
    def cell(work, engine, taken):
        return f"{seconds(taken)}, {size(results.memory(work, engine))}"

    return engines_table(results, results.chains, [work.replace("chain of", "n =") for work in results.chains], cell)


def failures(results):
    reasons = [
        f"* {engine}, {work}: {result['failed']}"
        for work, engines in results.works.items()
        for engine, result in engines.items()
        if "failed" in result and not result["failed"].startswith("not tried")
    ]
    return "\n".join(reasons)


def targets_table(results):
    rows = [target_row(results, *target) for target in TARGETS if target[0] in results.works]
    if len(set(results.chains) - {BY_NUMBER}) > 2:
        for quantity in ("time", "memory"):
            slope, off = results.line(getattr(results, quantity), SWEEP)
            rows.append(judged(f"chains: {quantity} off the straight line n^{slope:.2f}, factor", off, STRAIGHT))
    return table(["target", "at most", "measured", ""], rows)


def target_row(results, work, quantity, engine, against, most):
    """Where a peer has failed a target is not judged; where ours has, it is not reached."""
    other = results.fastest(work, *FASTEST.get(against, ())) or against
    name = against if other == against else f"{against}: {other}"
    text = f"{work}: {engine} / {name}" + ("" if quantity == "time" else f", {quantity}")
    ours, theirs = [getattr(results, quantity)(work, x) for x in (engine, other)]
    if ours and theirs:
        return judged(text, ours / theirs, most)
    missing, verdict = (engine, "**not reached**") if theirs else (other, "not judged")
    why = "not measured" if results.time(work, missing) else "failed"
    return [text, f"{most:g}", f"{missing} {why}", verdict]


def judged(text, measured, most):
    return [text, f"{most:g}", ratio(measured), "reached" if measured <= most else "**not reached**"]


def page(results):
    parts = [
        f"{results.machine} Medians of {results.rounds} rounds, of three or more where they take long. "
        f"While one engine computed, the others together used at most {100 * max(results.idle.values()):.1f} % of one core."
    ]
    if results.others:
        parts += ["In parentheses: the time over that of `compiled`. Bold: the fastest peer.", times_table(results)]
    if results.chains:
        parts += ["Chains of n multiplications: time, and peak memory beyond what there was before.", chains_table(results)]
    return "\n\n".join([*parts, *filter(None, [failures(results)]), targets_table(results)])


def write(results):
    figure = PROJECT / "docs" / "figures" / "performance.svg"
    chart.draw(results, figure)
    document = PROJECT / "docs" / "performance.md"
    before, rest = document.read_text().split("<!--benchmark-->")
    after = rest.split("<!--/-->")[1]
    picture = f"![{chart.DESCRIPTION}](figures/{figure.name})"
    document.write_text(f"{before}<!--benchmark-->\n\n{page(results)}\n\n{picture}\n\n<!--/-->{after}")
