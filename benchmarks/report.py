"""What one run of the benchmark says: tables and targets, printed and put into docs/performance.md."""

import math

from benchmarks import chart
from benchmarks.engines import BUFFER, ENGINES, PEER
from benchmarks.results import PROJECT
from benchmarks.works import BY_NUMBER, SOONEST

FIGURE = PROJECT / "docs" / "figures" / "performance.svg"

STRAIGHT = 1.2  # the factor by which a point may be off a straight line on logarithmic axes
COMPILED, PLAIN, PROGRAM = "compiled", "compiled, without out=", "uncompiled program"
SWEEP, NEW_VALUES, LOOP = "uncompiled sweep", "sweep of new values", "by hand, Numba loop"
ANY_PEER, CALLED_PEER = "fastest peer", "fastest peer that is called with numbers"
FASTEST = {ANY_PEER: (PEER, BUFFER), CALLED_PEER: (PEER,)}
SHORT, LONG = f"{SOONEST}1,000 operations", f"{SOONEST}10,000 operations"

TARGETS = [  # work, what of it, engine, what it is compared with, greatest ratio
    ("A, one point", "time", COMPILED, ANY_PEER, 0.05),
    ("A, one point", "time", COMPILED, CALLED_PEER, 0.05),
    ("A, one point", "time", SWEEP, "micrograd", 1.0),
    ("A, first gradient", "time", SWEEP, "micrograd", 1.8),
    ("MLP, first gradient", "time", SWEEP, "micrograd", 1.0),
    ("MLP, a further step", "time", NEW_VALUES, ANY_PEER, 0.4),
    ("MLP, a further step", "time", PROGRAM, ANY_PEER, 0.1),
    (f"{SOONEST}A", "time", COMPILED, "torch.compile", 0.1),
    (f"{SOONEST}B, N = 1,000,000", "time", COMPILED, "torch.compile", 0.3),
    (SHORT, "time", COMPILED, "torch.compile", 1.0),
    ("B, N = 1,000", "time", COMPILED, ANY_PEER, 0.25),
    *[(f"B, N = {n:,}", "time", COMPILED, "torch.compile", 1.1) for n in (10**6, 10**7)],
    *[(f"B, N = {n:,}", "time", COMPILED, LOOP, 1.1) for n in (10**6, 10**7)],
    *[(f"B, N = {n:,}", "time", SWEEP, "PyTorch", 1.0) for n in (10**6, 10**7)],
    ("A at 1,000,000 points", "time", COMPILED, ANY_PEER, 1.0),
    ("A at 10,000,000 points", "time", COMPILED, ANY_PEER, 0.6),
    *[(f"A at {n:,} points", "time", PLAIN, COMPILED, 1.2) for n in (10**6, 10**7)],
    *[(f"chain of {n:,}", "time", SWEEP, "PyTorch", 0.5) for n in (10**3, 10**4, 10**5)],
    ("chain of 1,000,000", "time", SWEEP, "PyTorch", 0.7),
    *[(f"chain of {n:,}", "memory", SWEEP, "PyTorch", 0.5) for n in (10**3, 10**4, 10**5, 10**6)],
    (BY_NUMBER, "time", SWEEP, "PyTorch", 0.6),
    (BY_NUMBER, "memory", SWEEP, "PyTorch", 0.5),
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
    return f"{x:.2g}" if x < 0.1 else f"{x:.2f}" if x < 10 else f"{x:,.0f}"


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


def times_table(results, works, ours):
    """In parentheses times over those of the first of `ours` that has done the work, which is not shown for itself."""

    def cell(work, engine, taken):
        own = next((own for own in ours if results.time(work, own)), None)
        text = seconds(taken) + (f" ({ratio(taken / results.time(work, own))})" if own and engine != own else "")
        is_fastest = engine == results.fastest(work, PEER, BUFFER) and not failed_peers(results, work, (PEER, BUFFER))
        return f"**{text}**" if is_fastest else text

    return engines_table(results, works, works, cell)


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


def sooner(results):
    """What gives its first result before the compiled program does."""
    found = []
    for work in [work for work in results.works if work.startswith(SOONEST)]:
        ours = results.time(work, COMPILED)
        times = {engine: results.time(work, engine) for engine in results.works[work] if ENGINES[engine].role == PEER}
        before = [f"{engine} {seconds(taken)}" for engine, taken in times.items() if ours and taken and taken < ours]
        if before:
            found.append(f"{work.removeprefix(SOONEST)}: {', '.join(before)}, instead of {seconds(ours)}")
    return f"Peers that have their first result sooner than `{COMPILED}`: {'; '.join(found)}." if found else ""


def targets_table(results):
    rows = [target_row(results, *target) for target in TARGETS if target[0] in results.works]
    if SHORT in results.works and LONG in results.works:
        rows.append(growth_row(results))
    if len(set(results.chains) - {BY_NUMBER}) > 2 and all([results.time(work, SWEEP) for work in results.chains]):
        for quantity, least in {"time": 1000, "memory": 10_000}.items():  # below, memory is what happens to lie around
            slope, off = results.line(getattr(results, quantity), SWEEP, least)
            text = f"chains from {least:,}: {quantity} off the straight line n^{slope:.2f}, factor"
            rows.append(judged(text, off, STRAIGHT))
    return table(["target", "at most", "measured", ""], rows)


def growth_row(results):
    text, times = f"{COMPILED}: {LONG} / 1,000", [results.time(work, COMPILED) for work in (LONG, SHORT)]
    return judged(text, times[0] / times[1], 10 * STRAIGHT) if all(times) else [text, "12", "failed", "**not reached**"]


def target_row(results, work, quantity, engine, against, most):
    """Where ours has failed a target is not reached. Where what it is compared with has, it is not judged; nor where any peer
    has failed that might have been the fastest.
    """
    roles = FASTEST.get(against, ())
    missing = failed_peers(results, work, roles)
    other = results.fastest(work, *roles) or against
    name = against if missing or other == against else f"{against}: {other}"
    text = f"{work}: {engine} / {name}" + ("" if quantity == "time" else f", {quantity}")
    ours, theirs = [getattr(results, quantity)(work, x) for x in (engine, other)]
    if not ours:
        return [text, f"{most:g}", absent(results, work, engine), "**not reached**"]
    if missing or not theirs:
        return [text, f"{most:g}", ", ".join([absent(results, work, peer) for peer in missing or [other]]), "not judged"]
    return judged(text, ours / theirs, most)


def failed_peers(results, work, roles):
    """Who might have been the fastest."""
    return [peer for peer in results.works[work] if ENGINES[peer].role in roles and not results.time(work, peer)]


def absent(results, work, engine):
    return f"{engine} {'not measured' if results.time(work, engine) or engine not in results.works[work] else 'failed'}"


def judged(text, measured, most):
    return [text, f"{most:g}", ratio(measured), "reached" if measured <= most else "**not reached**"]


def page(results):
    parts = [
        f"{results.machine} Medians of {results.rounds} rounds, of three or more where they take long. "
        f"While one engine computed, the others together used at most {100 * max(results.idle.values()):.1f} % of one core."
    ]
    over = "In parentheses: the time over that of"
    if again := [work for work in results.others if work not in results.starts]:
        parts += [f"{over} `{COMPILED}`. Bold: the fastest peer.", times_table(results, again, [COMPILED])]
    if results.starts:
        what = "As people begin: a first gradient, a step of training, the time to a first result."
        parts += [f"{what} {over} `{COMPILED}`, or else `{PROGRAM}`, or else `{SWEEP}`."]
        parts += [times_table(results, results.starts, [COMPILED, PROGRAM, SWEEP]), sooner(results)]
    if results.chains:
        parts += ["Chains of n multiplications: time, and peak memory beyond what there was before.", chains_table(results)]
    return "\n\n".join(filter(None, [*parts, failures(results), targets_table(results)]))


def write(results):
    document = PROJECT / "docs" / "performance.md"
    before, rest = document.read_text().split("<!--benchmark-->")
    after = rest.split("<!--/-->")[1]
    picture = f"![{chart.DESCRIPTION}](figures/{FIGURE.name})"
    document.write_text(f"{before}<!--benchmark-->\n\n{page(results)}\n\n{picture}\n\n<!--/-->{after}")


def draw(results):
    chart.draw(results, FIGURE)
