"""This library beside its peers and beside the limit, in one run: times mean little between machines, their ratios do.

    make benchmark [ONLY="A, one point"]      or, in the project folder, with both requirements installed:
    python -m benchmarks.compare [--rounds 9] [--only WORDS] [--again]

Each engine works in a process of its own. They are asked in turn, round after round, so that whatever drifts on the machine
meets all alike; one computes while the others sleep. Prints tables and puts them, with a chart, into docs/performance.md.
"""

import argparse
import collections
import multiprocessing
import os
import sys
import tempfile
import time

import psutil
from tqdm import tqdm

from benchmarks import worker
from benchmarks.engines import BUFFER, ENGINES, PEER
from benchmarks.results import SAVED, Results, saved
from benchmarks.works import WORKS

THREADS = "2"
AGREE = 1e-10  # how far gradients may differ, relative to their size
LIMIT = 120  # seconds for a first run with all that it compiles, and for every other answer
PATIENCE = 15  # seconds of one engine at one work, after which three timings have to do


class FailedError(Exception):
    """An engine cannot do a piece of work: says why."""


class Process:
    """The process of an engine at one piece of work, seen from here."""

    def __init__(self, name, work):
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=worker.serve, args=(theirs, name, work), daemon=True)
        self.process.start()
        theirs.close()

    def ask(self, request, argument=None):
        try:
            self.connection.send((request, argument))
            if not self.connection.poll(LIMIT):
                raise FailedError(f"more than {LIMIT} s")
            well, answer = self.connection.recv()
        except (EOFError, OSError):
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


def engines_at(work):
    return [name for name, engine in ENGINES.items() if WORKS[work].kind in engine.works.split()]


def compare(work, rounds, failed, bar):
    """{engine: {times, memory, off} or {failed}} for one piece of work, and how much those computed that should sleep.

    An engine in `failed`, {engine: the work of this kind that it failed at}, is not tried again.
    """
    results, processes = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        reference = f"{folder}/reference.npz"
        for name in engines_at(work):
            if name in failed:
                results[name] = {"failed": f"not tried after {failed[name]}"}
                bar.update(1 + rounds)
                continue
            bar.set_postfix_str(f"{work}: {name} builds, compiles, runs once")
            processes[name] = Process(name, work)
            try:
                results[name] = prepared(work, name, processes[name], reference)
                bar.update()
            except FailedError as error:
                results[name] = {"failed": str(error)}
                failed[name] = work
                processes.pop(name).close()
                bar.update(1 + rounds)
        turns = first_results if WORKS[work].cold else in_turn
        idle = turns(work, rounds, processes, results, bar, reference)
    for process in processes.values():
        process.close()
    return results, idle


def prepared(work, name, process, reference):
    off, memory, taken = process.ask("prepare", reference)
    check(work, name, off)
    if not WORKS[work].cold:
        process.ask("warm_up")
    return {"off": off, "memory": memory, "times": [taken] if WORKS[work].cold else []}


def check(work, name, off):
    if not off <= AGREE:
        error = FailedError if ENGINES[name].role in (PEER, BUFFER) else SystemExit
        raise error(f"{work}: the result of {name} is off by {off:.1e}")


def in_turn(work, rounds, processes, results, bar, _):
    """Fill in the times; returns how much of one core the engines that should sleep used meanwhile."""
    used = elapsed = 0.0
    for turn in range(rounds):
        for name, process in list(processes.items()):
            bar.set_postfix_str(f"{work}: {name}")
            bar.update()
            if turn >= 3 and sum(results[name]["times"]) > PATIENCE:
                continue
            sleeping = [other for other in processes.values() if other is not process]
            before, start = sum(other.cpu_time() for other in sleeping), time.perf_counter()
            try:
                results[name]["times"].append(process.ask("time"))
            except FailedError as error:
                results[name] = {"failed": str(error)}
                processes.pop(name).close()
            used += sum(other.cpu_time() for other in sleeping) - before
            elapsed += time.perf_counter() - start
    return used / elapsed if elapsed else 0.0


def first_results(work, rounds, processes, results, bar, reference):
    """The same with a new process for each timing, so that nothing sleeps meanwhile."""
    for process in processes.values():
        process.close()
    for turn in range(1, rounds):
        for name in list(processes):
            bar.set_postfix_str(f"{work}: {name} builds, compiles, runs once")
            bar.update()
            if turn >= 3 and sum(results[name]["times"]) > PATIENCE:
                continue
            process = Process(name, work)
            try:
                results[name]["times"] += prepared(work, name, process, reference)["times"]
            except FailedError as error:
                results[name] = {"failed": str(error)}
                processes.pop(name)
            process.close()
    bar.update(len(processes))
    return 0.0


def measure(works, rounds, keep):
    os.environ |= {f"{name}_NUM_THREADS": THREADS for name in ("OMP", "MKL", "OPENBLAS", "NUMBA")}
    os.environ["TORCHINDUCTOR_COMPILE_THREADS"] = "1"  # compiles in its own process, without helpers
    results, failed = Results(rounds), collections.defaultdict(dict)
    with tqdm(total=sum(len(engines_at(work)) for work in works) * (1 + rounds)) as bar:
        for work in works:
            results.works[work], results.idle[work] = compare(work, rounds, failed[WORKS[work].kind], bar)
            if keep:
                results.save()
    return results


def trouble():
    """What is known to go wrong here before anything is measured; an empty text if nothing is."""
    if " " in sys.prefix:
        where = f"torch.compile fails where a path has a space, as {sys.prefix} has"
        return f"{where}: what is compared with it will not be judged."
    return ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9, help="timings of each engine, of which the median counts")
    parser.add_argument("--only", default="", help="the work of this name, or those with these words in it; writes nothing")
    parser.add_argument("--again", action="store_true", help="measures nothing: the documentation from the last run's numbers")
    arguments = parser.parse_args()
    if not arguments.again and (reason := trouble()):
        print(f"{reason}\n")
    works = [arguments.only] if arguments.only in WORKS else [work for work in WORKS if arguments.only in work]
    if not works:
        parser.error(f"no work has {arguments.only!r} in its name; there are: {'; '.join(WORKS)}")
    if arguments.again and not SAVED.exists():
        parser.error("no run is saved that documentation could be made of")
    results = saved() if arguments.again else measure(works, arguments.rounds, keep=not arguments.only)
    from benchmarks import report  # not above: the process of every engine imports this file

    print(f"\n{report.page(results)}")
    if not arguments.only:
        report.write(results)
        report.draw(results)


if __name__ == "__main__":
    main()
