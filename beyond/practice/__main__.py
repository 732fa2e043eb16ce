"""Ten small exercises on the lesson's own code: write a function of it, and see whether it works.

python -m beyond.practice             # what there is, and what is done
python -m beyond.practice 3           # write practice/fedavg.py, with a function that is to be written
python -m beyond.practice check       # run what is there, and say what is right and what is not
python -m beyond.practice hint 3      # also: solution 3, reset 3
"""

import sys

from beyond.practice.exercises import COMMAND, EXERCISES, Folder, exercise_named
from beyond.practice.skeleton import skeleton, solution
from support.argument_types import path, positive_seconds
from support.command_line import NothingToDo, Options, UserError, parse_options, run_command
from support.files import locked

ACTIONS = ("check", "hint", "solution", "reset")
BUSY = UserError("another check runs here; wait until it has ended")
STYLES = {
    "right": "green",
    "not yet": "bold red",
    "note": "yellow",
    "done": "green",
    "open": "yellow",
}


def show(*rows):
    """Print rows of (word, text), wrapped to the terminal's width; words are coloured if that has colours."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(min_width=7)
    table.add_column()
    for word, text in rows:
        table.add_row(Text(word, STYLES.get(word, "")), Text(text))
    Console(highlight=False).print(table)


def list_all(folder):
    """Print the exercises, what is done, and what comes next."""
    states = {exercise: folder.state(exercise) for exercise in EXERCISES}
    for exercise, state in states.items():
        word, _, more = state.partition(" ")
        show(
            (
                word if not more else "",
                f"{exercise.number:>2} {exercise.title}" + (f" ({state})" if more else ""),
            )
        )
    done = list(states.values()).count("done")
    begun = [exercise for exercise, state in states.items() if state == "open"]
    print(f"\n{done} of {len(EXERCISES)} are done.")
    tell_next(folder, begun[0] if begun else None)


def tell_next(folder, exercise=None):
    """Print the one thing that is to be done next: go on with `exercise`, or begin another."""
    if exercise:
        number, file = exercise.number, folder.file(exercise)
        print(
            f"Next: write on in {file}, then {COMMAND} check {number} ({COMMAND} hint {number} helps)"
        )
        return
    left = [one for one in EXERCISES if folder.state(one) != "done"]
    print(f"Next: {COMMAND} {left[0].number}" if left else "All are right. Next: beyond/README.md")


def begin(folder, exercise):
    """Write an exercise's file, unless it is there."""
    file = folder.file(exercise)
    if file.exists():
        again = f"{COMMAND} reset {exercise.number} writes it anew"
        raise NothingToDo(f"{file} is there, and stays as it is: open it in an editor; {again}")
    folder.write(exercise, skeleton(exercise))
    print(f"Wrote {file}: open it in an editor.")
    tell_next(folder, exercise)


def reset(folder, exercise):
    """Write an exercise's file anew, and keep what was in it."""
    file = folder.file(exercise)
    if file.exists():
        old = file.replace(file.with_suffix(".py.old"))
        print(f"What you had is in {old}.")
    begin(folder, exercise)


def hint(folder, exercise):
    """Print what helps."""
    show(("hint", exercise.hint))


def show_solution(folder, exercise):
    """Print what is to be written, as it stands in the lesson."""
    for place, code in solution(exercise):
        print(f"# {place}\n{code}\n")


def check(folder, exercises, seconds):
    """Check those of `exercises` that have begun, say what is right, and exit with 1 if not all is."""
    from beyond.practice.runner import verdict_on
    from support.processes import process_context

    context, wrong = process_context(), []
    for exercise in exercises:
        file = folder.file(exercise)
        print(f"\nExercise {exercise.number}: {exercise.title} ({file})")
        verdict = verdict_on(context, exercise, file, seconds)
        show_verdict(verdict)
        folder.note(exercise, has_passed=not verdict.fault)
        wrong += [exercise] if verdict.fault else []
    print()
    tell_next(folder, wrong[0] if wrong else None)
    sys.exit(1 if wrong else 0)


def show_verdict(verdict):
    """Print the steps of a verdict, the accuracy by round, and what is wrong."""
    rows = [("right", title) for title in verdict.passed]
    for run, accuracies in verdict.accuracies.items():
        rounds = ", ".join(
            f"{number}: {accuracy:.1%}" for number, accuracy in enumerate(accuracies)
        )
        rows.append(
            ("", f"{run if len(verdict.accuracies) > 1 else 'accuracy'} by round: {rounds}")
        )
    if verdict.fault:
        rows += [("not yet", verdict.title), *(("", line) for line in verdict.fault)]
    if verdict.printed:
        rows.append(("note", f"It prints {verdict.printed!r}: take that out when all is right."))
    show(*rows)


def to_check(folder, words):
    """Return the exercises in `words`, or all that have begun; raise UserError if there is none to check."""
    wanted = [exercise_named(word) for word in words]
    for exercise in wanted or filter(folder.has_begun, EXERCISES):
        if not folder.file(exercise).is_file():
            gone = "is gone" if folder.has_begun(exercise) else "is not there"
            again = f"{COMMAND} {exercise.number} writes it anew"
            raise UserError(f"{folder.file(exercise)} {gone}; put it back, or {again}")
    found = wanted or [one for one in EXERCISES if folder.file(one).is_file()]
    if not found:
        raise UserError(f"there is nothing to check in {folder.where}/; begin with {COMMAND} 1")
    return found


def main(arguments=None):
    """Run the command line described above."""
    options = Options()
    add = options.add_argument
    add("words", nargs="*", metavar="[check|hint|solution|reset] [NUMBER]", help="what to do")
    add("--folder", type=path, default="practice", help="where the answers are")
    add(
        "--seconds",
        type=positive_seconds,
        default=20,
        help="that an answer has before it is stopped",
    )
    args = parse_options(arguments, [options])
    folder, words = Folder(args.folder), args.words
    if not words:
        return list_all(folder)
    action = words.pop(0) if words[0] in ACTIONS else "begin"
    if action == "check":
        exercises = to_check(folder, words)
        with locked(folder.where / ".check.lock", BUSY):
            return check(folder, exercises, args.seconds)
    if len(words) != 1:
        raise UserError(f"give the number of one exercise: {COMMAND} {action} 3")
    do = {"begin": begin, "hint": hint, "solution": show_solution, "reset": reset}[action]
    do(folder, exercise_named(words[0]))


if __name__ == "__main__":
    run_command(main)
