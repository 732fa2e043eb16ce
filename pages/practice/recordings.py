"""Exercise 3 as a reader may do it: with a plain mean first, and then with the weighted one."""

import time

from beyond.practice.exercises import COMMAND, exercise_named
from beyond.practice.skeleton import PLACEHOLDER, skeleton
from pages.record import Recording, keep_json, keep_screens, run

PLAIN = "return sum(numbers) / len(numbers)"
WEIGHTED = "return sum(n * k for n, k in zip(numbers, images)) / sum(images)"
ARRAYS = """total = sum(images for _, images in results)
    arrays = zip(*[[array * images for array in weights] for weights, images in results])
    return [sum(same_layer) / total for same_layer in arrays]"""


def answer(first, second=PLACEHOLDER):
    """Return the file of exercise 3 with two bodies in it, the second one unwritten if it is left out."""
    begin, between, end = skeleton(exercise_named("fedavg")).split(PLACEHOLDER)
    return begin + first + between + second + end


def record(directory, recorded):
    """Do the exercise in `directory`, a copy of the repository."""
    screens = {"begun": run(directory, f"{COMMAND} 3")}
    file = directory / "practice/fedavg.py"
    file.write_text(answer(PLAIN), encoding="utf-8")
    screens["wrong"] = run(directory, f"{COMMAND} check", status=1)
    file.write_text(answer(WEIGHTED, ARRAYS), encoding="utf-8")
    began = time.perf_counter()
    screens["right"] = run(directory, f"{COMMAND} check")
    keep_json(recorded / "seconds.json", {"check": round(time.perf_counter() - began)})
    screens["list"] = run(directory, COMMAND)
    keep_screens(recorded, screens)


RECORDINGS = {"walk": Recording(function=record)}
