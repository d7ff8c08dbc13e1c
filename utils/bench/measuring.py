"""Measures ways to train in turn, so that a busy machine slows them all."""

import time
from collections.abc import Callable, Mapping
from statistics import median

Way = Callable[[], int]  # trains for a while and says how many steps that was
TURN = 0.1  # seconds that a way trains for, at least: what the way before it left in the caches should not count


def measure(ways: Mapping[str, Way], rounds: int = 5) -> dict[str, float]:
    """The median of the seconds that a step takes, by way."""
    return {way: median(seconds) for way, seconds in measure_rounds(ways, rounds).items()}


def measure_rounds(ways: Mapping[str, Way], rounds: int) -> dict[str, list[float]]:
    """The seconds that a step takes in each round, by way. The round before them does not count: it records and compiles."""
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(rounds + 1):
        for way, train in ways.items():
            start, steps = time.perf_counter(), 0
            while (passed := time.perf_counter() - start) < TURN or not steps:
                steps += train()
            seconds[way].append(passed / steps)
    return {way: each[1:] for way, each in seconds.items()}
