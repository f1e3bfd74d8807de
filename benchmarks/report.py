"""What one run of the benchmark says: tables, targets and a chart, printed and put into docs/performance.md."""

import importlib.metadata
import json
import math
import pathlib
import platform
import re
import statistics
import time

FOLDER = pathlib.Path(__file__).parent.parent
SAVED = FOLDER / "build" / "benchmark.json"
PEERS = ("PyTorch", "torch.compile", "JAX jit", "HIPS autograd", "MyGrad", "micrograd", "CasADi", "CasADi, buffer")
STRAIGHT = 1.2  # the factor by which a point may be off a straight line on logarithmic axes

TARGETS = [  # work, engine, what it is compared with, greatest ratio
    ("A, one point", "compiled", "fastest peer", 0.05),
    ("A, one point", "compiled", "fastest peer that is called with numbers", 0.05),
    ("A, one point", "uncompiled sweep", "micrograd", 0.6),
    ("B, N = 1,000", "compiled", "fastest peer", 0.25),
    ("B, N = 1,000,000", "compiled", "fastest peer", 0.8),
    ("B, N = 1,000,000", "compiled", "by hand, Numba loop", 1.2),
    ("B, N = 1,000,000", "uncompiled sweep", "PyTorch", 1.0),
    ("B, N = 10,000,000", "compiled", "fastest peer", 0.8),
    ("B, N = 10,000,000", "compiled", "by hand, Numba loop", 1.2),
    ("B, N = 10,000,000", "uncompiled sweep", "PyTorch", 1.0),
    ("A at 1,000,000 points", "compiled", "fastest peer", 1.0),
    ("A at 10,000,000 points", "compiled", "fastest peer", 0.6),
]


class Results:
    """The numbers of one run, from what `compare` collected."""

    def __init__(self, collected):
        self.works = {work: part["engines"] for work, part in collected.items()}
        self.idle = max(part["idle"] for part in collected.values())
        self.chains = [work for work in self.works if work.startswith("chain")]
        self.others = [work for work in self.works if work not in self.chains]

    def time(self, work, engine):
        """The median, or None."""
        times = self.works.get(work, {}).get(engine, {}).get("times")
        return statistics.median(times) if times else None

    def memory(self, work, engine):
        return self.works.get(work, {}).get(engine, {}).get("memory")

    def engines(self, works):
        return list(dict.fromkeys([engine for work in works for engine in self.works[work]]))

    def fastest(self, work, among):
        times = {engine: self.time(work, engine) for engine in among}
        return min([engine for engine in times if times[engine]], key=times.get, default=None)

    def line(self, quantity):
        """The exponent of a chain's time or memory in n, and the factor by which a point is off the straight line at most."""
        points = [(work, quantity(work, "uncompiled sweep")) for work in self.chains]
        xs = [math.log(length(work)) for work, _ in points]
        ys = [math.log(y) for _, y in points]
        slope, start = statistics.linear_regression(xs, ys)
        return slope, math.exp(max(abs(y - start - slope * x) for x, y in zip(xs, ys)))


def length(chain):
    return int(chain.removeprefix("chain of ").replace(",", ""))


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


def times_table(results):
    """Rows are engines, the fastest peer of each work in bold."""

    def cell(work, engine):
        if engine not in results.works[work]:
            return ""
        if not (taken := results.time(work, engine)):
            return "failed"
        ours = results.time(work, "compiled")
        text = seconds(taken) + (f" ({ratio(taken / ours)})" if ours and engine != "compiled" else "")
        return f"**{text}**" if engine == results.fastest(work, PEERS) else text

    rows = [[engine, *[cell(work, engine) for work in results.others]] for engine in results.engines(results.others)]
    return table(["", *results.others], rows)


def chains_table(results):
    def cell(work, engine):
        taken = results.time(work, engine)
        return f"{seconds(taken)}, {size(results.memory(work, engine))}" if taken else "failed"

    rows = [[engine, *[cell(work, engine) for work in results.chains]] for engine in results.engines(results.chains)]
    return table(["", *[f"n = {length(work):,}" for work in results.chains]], rows)


def failures(results):
    first = {}
    for work, engines in results.works.items():
        for engine, result in engines.items():
            if "failed" in result and not result["failed"].startswith("not tried"):
                first.setdefault(f"{engine}, {work}: {result['failed']}", None)
    return "\n".join([f"* {text}" for text in first])


def targets_table(results):
    rows = []
    for work, engine, against, most in TARGETS:
        other = against
        if against.startswith("fastest peer"):
            other = results.fastest(work, PEERS if against == "fastest peer" else [x for x in PEERS if x != "CasADi, buffer"])
        if (ours := results.time(work, engine)) and (theirs := results.time(work, other)):
            name = against if other == against else f"{against}: {other}"
            rows.append(judged(f"{work}: {engine} / {name}", ours / theirs, most))
    for work in results.chains:
        for what, quantity in (("time", results.time), ("memory", results.memory)):
            ours, theirs = quantity(work, "uncompiled sweep"), quantity(work, "PyTorch")
            if ours and theirs:
                rows.append(judged(f"{work}: {what} / PyTorch's", ours / theirs, 0.5))
    if len(results.chains) > 2:
        for what, quantity in (("time", results.time), ("memory", results.memory)):
            slope, off = results.line(quantity)
            rows.append(judged(f"chains: {what} off the straight line n^{slope:.2f}, factor", off, STRAIGHT))
    return table(["target", "at most", "measured", ""], rows)


def judged(text, measured, most):
    return [text, f"{most:g}", ratio(measured), "reached" if measured <= most else "**not reached**"]


def machine():
    """The processor, the versions and the date."""
    info = pathlib.Path("/proc/cpuinfo")
    models = re.findall(r"model name\s*: (.+)", info.read_text()) if info.exists() else []
    names = re.findall(r"^([a-z]+)(?:\[.*\])?==", (FOLDER / "benchmarks" / "requirements.txt").read_text(), re.M)
    versions = [f"{name} {importlib.metadata.version(name)}" for name in ("numpy", "numba", *names)]
    return f"{time.strftime('%d %B %Y')}; {models[0] if models else platform.processor()}, 2 cores; " + (
        f"Python {platform.python_version()}, {', '.join(dict.fromkeys(versions))}."
    )


def publish(collected, rounds, write):
    results = Results(collected)
    parts = [
        f"{machine()} Medians of {rounds} rounds, of three or more where they take long. "
        f"While one engine computed, the others together used at most {100 * results.idle:.1f} % of one core."
    ]
    if results.others:
        parts += ["In parentheses: the time over that of `compiled`. Bold: the fastest peer.", times_table(results)]
    if results.chains:
        parts += ["Chains of n multiplications: time, and peak memory beyond what there was before.", chains_table(results)]
    parts += [text for text in (failures(results),) if text]
    text = "\n\n".join([*parts, targets_table(results)])
    print(f"\n{text}")
    if write:
        SAVED.parent.mkdir(exist_ok=True)
        SAVED.write_text(json.dumps([collected, rounds]))
        write_down(results, text)


def write_down(results, text):
    from benchmarks import chart

    figure = FOLDER / "docs" / "figures" / "performance.svg"
    chart.draw(results, figure)
    page = FOLDER / "docs" / "performance.md"
    picture = f"![{chart.DESCRIPTION}](figures/{figure.name})"
    before, rest = page.read_text().split("<!--benchmark-->")
    after = rest.split("<!--/-->")[1]
    page.write_text(f"{before}<!--benchmark-->\n\n{text}\n\n{picture}\n\n<!--/-->{after}")


if __name__ == "__main__":  # the tables and the chart of the last run once more
    publish(*json.loads(SAVED.read_text()), write=True)
