"""The numbers of one run, which are saved, so that page and chart can be made of them again."""

import dataclasses
import importlib.metadata
import json
import math
import pathlib
import platform
import re
import statistics
import time

from benchmarks.engines import ENGINES
from benchmarks.works import BY_NUMBER, WORKS

PROJECT = pathlib.Path(__file__).parent.parent
SAVED = PROJECT / "build" / "benchmark.json"


def machine():
    """The date, the processor and the versions."""
    info = pathlib.Path("/proc/cpuinfo")
    models = re.findall(r"model name\s*: (.+)", info.read_text()) if info.exists() else []
    names = re.findall(r"^([a-z]+)(?:\[.*\])?==", (PROJECT / "benchmarks" / "requirements.txt").read_text(), re.M)
    versions = [f"{name} {importlib.metadata.version(name)}" for name in ("numpy", "numba", *names)]
    return f"{time.strftime('%d %B %Y')}; {models[0] if models else platform.processor()}, 2 cores; " + (
        f"Python {platform.python_version()}, {', '.join(versions)}."
    )


@dataclasses.dataclass
class Results:
    rounds: int
    machine: str = dataclasses.field(default_factory=machine)
    works: dict = dataclasses.field(default_factory=dict)  # work: engine: its times, memory and difference, or why it failed
    idle: dict = dataclasses.field(default_factory=dict)  # work: the part of one core that engines used while they should sleep

    def save(self):
        SAVED.parent.mkdir(exist_ok=True)
        SAVED.write_text(json.dumps(dataclasses.asdict(self)))

    @property
    def chains(self):
        return [work for work in self.works if WORKS[work].kind == "chain"]

    @property
    def others(self):
        return [work for work in self.works if work not in self.chains]

    @property
    def starts(self):
        """What begins with plain numbers, or goes on in a way that only graphs can."""
        return [work for work in self.works if WORKS[work].kind in ("first", "demo", "step", "soon", "long")]

    def time(self, work, engine):
        """The median, or None."""
        times = self.works.get(work, {}).get(engine, {}).get("times")
        return statistics.median(times) if times else None

    def memory(self, work, engine):
        return self.works.get(work, {}).get(engine, {}).get("memory")

    def engines(self, works):
        """Those that were tried, in the order of their table."""
        return [engine for engine in ENGINES if any(engine in self.works[work] for work in works)]

    def fastest(self, work, *roles):
        times = {engine: self.time(work, engine) for engine, entry in ENGINES.items() if entry.role in roles}
        return min([engine for engine in times if times[engine]], key=times.get, default=None)

    def line(self, quantity, engine, least):
        """The exponent of a chain's time or memory in n, and the factor by which a point is off the straight line at most, for
        n of at least that size."""
        chains = [work for work in self.chains if work != BY_NUMBER and WORKS[work].size >= least]
        points = [(WORKS[work].size, quantity(work, engine)) for work in chains]
        xs, ys = [[math.log(x) for x in column] for column in zip(*points)]
        slope, start = statistics.linear_regression(xs, ys)
        return slope, math.exp(max(abs(y - start - slope * x) for x, y in zip(xs, ys)))


def saved():
    return Results(**json.loads(SAVED.read_text()))
