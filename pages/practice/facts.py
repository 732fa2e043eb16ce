"""What the page about exercises shows of them."""

from beyond.practice.exercises import EXERCISES, exercise_named
from beyond.practice.skeleton import PLACEHOLDER, skeleton
from pages.markdown import block, paragraph, table
from pages.page import Page
from pages.practice.recordings import PLAIN

PAGE = Page("practice")


def figures():
    """Return what sentences quote."""
    return {"check_seconds": PAGE.json("seconds")["check"]}


def teaser():
    """Print where README.md leads to the exercises."""
    paragraph(
        """Write it yourself: [ten exercises](beyond/practice/README.md), most of them checked by real
        federations."""
    )


def first_function(body=PLACEHOLDER):
    """Print the first function of exercise 3, unwritten or with the body of a beginner."""
    text = skeleton(exercise_named("fedavg")).replace(PLACEHOLDER, body, 1)
    block("python", text[text.index("def weighted_mean") : text.index("def aggregate")].strip())


def with_a_plain_mean():
    """Print the same with a mean that is not weighted."""
    first_function(PLAIN)


def the_ten():
    """Print a table of the exercises."""
    rows = [
        (
            exercise.number,
            exercise.title,
            ", ".join(f"`{target.rpartition(':')[2]}`" for target in exercise.write),
            f"of {exercise.clients} clients" if exercise.runs else "",
        )
        for exercise in EXERCISES
    ]
    table(["nr", "exercise", "you write", "a real federation"], rows)
