"""This library beside its peers and beside the limit, in one run: times mean little between machines, their ratios do.

    make benchmark      or, in the project folder, with both requirements installed:
    python -m benchmarks.compare [--rounds 9] [--only WORD]

Each engine works in a process of its own. They are asked in turn, round after round, so that whatever drifts on the machine
meets all alike; one computes while the others sleep. Prints tables and puts them, with a chart, into docs/performance.md.
"""

import argparse
import collections
import multiprocessing
import os
import tempfile
import time

import psutil
from tqdm import tqdm

from benchmarks import report, worker

THREADS = "2"
AGREE = 1e-10  # how far gradients may differ, relative to their size
LIMIT = 60  # seconds for a first run with all that it compiles, and for every other answer
PATIENCE = 15  # seconds of one engine at one work, after which three timings have to do

WORKS = {  # name: function of the engines, size
    "A, one point": ("point", 1),
    "B, N = 1,000": ("fit", 10**3),
    "B, N = 1,000,000": ("fit", 10**6),
    "B, N = 10,000,000": ("fit", 10**7),
    "A at 1,000,000 points": ("summed", 10**6),
    "A at 10,000,000 points": ("summed", 10**7),
} | {f"chain of {10**k:,}": ("chain", 10**k) for k in (3, 4, 5, 6)}

ENGINES = {  # name: module in benchmarks/engines, its functions; the first one that does a work gives the reference
    "by hand, NumPy": ("hand_numpy", "point fit summed"),
    "by hand, Python": ("hand_python", "point"),
    "by hand, Numba loop": ("hand_numba", "point fit summed"),
    "compiled": ("compiled", "point fit summed"),
    "compiled, without out=": ("compiled_without_out", "summed"),
    "uncompiled sweep": ("sweep", "point fit summed chain"),
    "PyTorch": ("pytorch", "point fit summed chain"),
    "torch.compile": ("torch_compile", "point fit summed"),
    "JAX jit": ("jax_jit", "point fit summed chain"),
    "HIPS autograd": ("hips_autograd", "point fit summed chain"),
    "MyGrad": ("mygrad_tensors", "point fit summed chain"),
    "micrograd": ("micrograd_values", "point fit chain"),
    "CasADi": ("casadi_function", "point chain"),
    "CasADi, buffer": ("casadi_buffer", "point"),
}


class FailedError(Exception):
    """An engine cannot do a piece of work: says why."""


class Engine:
    """The process of an engine at one piece of work, seen from here."""

    def __init__(self, name, work):
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=worker.serve, args=(theirs, ENGINES[name][0], *WORKS[work]), daemon=True)
        self.process.start()
        theirs.close()

    def ask(self, request, argument=None):
        self.connection.send((request, argument))
        try:
            if not self.connection.poll(LIMIT):
                raise FailedError(f"more than {LIMIT} s")
            well, answer = self.connection.recv()
        except EOFError:
            self.process.join()
            raise FailedError(f"the process died ({self.process.exitcode})") from None
        if not well:
            raise FailedError(answer)
        return answer

    def cpu_time(self):
        used = psutil.Process(self.process.pid).cpu_times()
        return used.user + used.system

    def close(self):
        self.connection.close()
        self.process.join(2)
        self.process.kill()
        self.process.join()


def compare(work, rounds, failed, bar):
    """{engine: {times, memory, off} or {failed}} for one piece of work; an engine in `failed` is not tried again."""
    function, results, engines = WORKS[work][0], {}, {}
    with tempfile.TemporaryDirectory() as folder:
        for name in [name for name, (_, functions) in ENGINES.items() if function in functions.split()]:
            bar.set_postfix_str(f"{work}: {name} prepares")
            if name in failed:
                results[name] = {"failed": f"not tried after {failed[name]}"}
                bar.update(1 + rounds)
                continue
            engines[name] = Engine(name, work)
            try:
                off, memory = engines[name].ask("prepare", f"{folder}/reference.npz")
                check(work, name, off)
                engines[name].ask("warm_up")
                results[name] = {"off": off, "memory": memory, "times": []}
                bar.update()
            except FailedError as error:
                results[name] = {"failed": str(error)}
                failed[name] = work
                engines.pop(name).close()
                bar.update(1 + rounds)
    idle = in_turn(work, rounds, engines, results, bar)
    for engine in engines.values():
        engine.close()
    return {"engines": results, "idle": idle}


def check(work, name, off):
    if not off <= AGREE:
        raise SystemExit(f"{work}: the result of {name} is off by {off:.1e}")


def in_turn(work, rounds, engines, results, bar):
    """Fill in the times; returns how much of one core the engines that should sleep used meanwhile."""
    used = elapsed = 0.0
    for turn in range(rounds):
        for name, engine in list(engines.items()):
            bar.set_postfix_str(f"{work}: {name}")
            bar.update()
            if turn >= 3 and sum(results[name]["times"]) > PATIENCE:
                continue
            sleeping = [other for other in engines.values() if other is not engine]
            before, start = sum(other.cpu_time() for other in sleeping), time.perf_counter()
            try:
                results[name]["times"].append(engine.ask("time"))
            except FailedError as error:
                results[name] = {"failed": str(error)}
                engines.pop(name).close()
            used += sum(other.cpu_time() for other in sleeping) - before
            elapsed += time.perf_counter() - start
    return used / elapsed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9, help="timings of each engine, of which the median counts")
    parser.add_argument("--only", default="", help="the works with this in their name; writes no documentation")
    arguments = parser.parse_args()
    os.environ |= {f"{name}_NUM_THREADS": THREADS for name in ("OMP", "MKL", "OPENBLAS", "NUMBA")}
    os.environ["TORCHINDUCTOR_COMPILE_THREADS"] = "1"  # compiles in its own process, without helpers
    works = [work for work in WORKS if arguments.only in work]
    steps = [work for work in works for _, functions in ENGINES.values() if WORKS[work][0] in functions.split()]
    results, failed = {}, collections.defaultdict(dict)
    with tqdm(total=len(steps) * (1 + arguments.rounds)) as bar:
        for work in works:
            results[work] = compare(work, arguments.rounds, failed[WORKS[work][0]], bar)
    report.publish(results, arguments.rounds, write=not arguments.only)


if __name__ == "__main__":
    main()
