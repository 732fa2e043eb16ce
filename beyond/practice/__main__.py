"""Ten small exercises on the lesson's own code: write a function of it, and see whether it works.

    python -m beyond.practice             # what there is, and what is done
    python -m beyond.practice 3           # write practice/fedavg.py, with functions that are to be written
    python -m beyond.practice check       # run what is open, and say what is right and what is not
    python -m beyond.practice check 3     # run this one, done or not; check all
    python -m beyond.practice hint 3      # also: solution 3, reset 3

Answers stay in practice/. Nothing is sent anywhere.
"""

import sys

from beyond.practice.exercises import EXERCISES, FOLDER, Folder, exercise_named
from beyond.practice.skeleton import skeleton, solution
from support.argument_types import path, positive_seconds
from support.command_line import NothingToDo, Options, UserError, parse_options, run_command
from support.files import locked
from support.signals import is_hosted

ACTIONS = ("check", "hint", "solution", "reset")
BUSY = UserError("another check runs here; wait until it has ended")
GREEN = ("right", "done")
STYLES = dict.fromkeys(GREEN, "green") | {"not yet": "bold red", "gone": "red", "open": "yellow"}


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
    console = Console(highlight=False)
    with console.capture() as captured:
        console.print(table)
    print(*map(str.rstrip, captured.get().splitlines()), sep="\n")


def list_all(folder):
    """Print the exercises, what is done, and what comes next."""
    states = {exercise.number: folder.state(exercise) for exercise in EXERCISES}
    show(*((states[one.number], f"{one.number:>2} {one.title}") for one in EXERCISES))
    print(f"\n{list(states.values()).count('done')} of {len(EXERCISES)} are done.")
    tell_next(folder)


def tell_next(folder, wrong=()):
    """Print the one thing that is to be done next; what is known to be `wrong` comes first."""
    for exercise in (*wrong, *EXERCISES):
        number, file, state = exercise.number, folder.file(exercise), folder.state(exercise)
        if state == "gone":
            return print(
                f"Next: put {file} back, or {folder.command(number)}, which writes it anew"
            )
        if state == "open":
            again = folder.command("check")
            return print(f"Next: write in {file}, then {again} (hint {number} helps)")
    left = [exercise.number for exercise in EXERCISES if folder.state(exercise) != "done"]
    print(f"Next: {folder.command(left[0])}" if left else "All are right. Next: beyond/README.md")


def begin(folder, exercise):
    """Write an exercise's file, unless it is there."""
    file = folder.file(exercise)
    if file.exists():
        again = f"{folder.command(f'reset {exercise.number}')} writes it anew"
        raise NothingToDo(f"{file} is there, and stays as it is: open it in an editor; {again}")
    folder.write(exercise, skeleton(exercise))
    check_it = folder.command(f"check {exercise.number}")
    print(f"Wrote {file}: open it in an editor. Then {check_it}")


def reset(folder, exercise):
    """Write an exercise's file anew, and keep what was in it."""
    file = folder.file(exercise)
    if file.exists():
        if file.read_bytes() == skeleton(exercise).encode():
            raise NothingToDo(f"Nothing is written in {file} yet: it stays as it is")
        print(f"What you had is in {folder.put_aside(exercise)}.")
    begin(folder, exercise)


def hint(folder, exercise):
    """Print what helps."""
    show(("hint", " ".join(exercise.hint.split())))


def show_solution(folder, exercise):
    """Print what is to be written, as it stands in the lesson."""
    for place, code in solution(exercise):
        print(f"# {place}\n{code}\n")


def check(folder, exercises, seconds):
    """Check `exercises`, say what is right, and exit with status 1 if not all is."""
    from beyond.practice.runner import verdict_on
    from support.processes import process_context

    context, wrong = process_context(), []
    for exercise in exercises:
        print(f"Exercise {exercise.number}: {exercise.title} ({folder.file(exercise)})")
        before = folder.digest(exercise)
        verdict = verdict_on(context, exercise, folder.file(exercise), seconds)
        show(*rows_of(verdict))
        if before:  # a file that is gone may come back
            folder.note(exercise, None if verdict.fault else before)
        wrong += [exercise] if verdict.fault else []
        print()
    tell_next(folder, wrong)
    if wrong and not is_hosted():  # a notebook has no use for a status
        sys.exit(1)


def rows_of(verdict):
    """Yield rows of (word, text): steps of a verdict, the accuracy by round, and what is wrong."""
    for title in verdict.passed:
        yield "right", title
    for run, accuracies in verdict.accuracies.items():
        rounds = ", ".join(f"{accuracy:.1%}" for accuracy in accuracies)
        yield "", f"accuracy of rounds 0 to {len(accuracies) - 1} ({run}): {rounds}"
    if verdict.fault:
        yield "not yet", verdict.title
        yield from (("", line) for line in verdict.fault)
    if verdict.printed:
        first = verdict.printed.strip().partition("\n")[0]
        yield "note", f"It prints, first {first!r}: take that out when all is right."


def to_check(folder, words):
    """Return the exercises in `words`: numbers, "all" that have begun, or nothing for what is open."""
    states = {exercise.name: folder.state(exercise) for exercise in EXERCISES}
    if not any(states.values()):
        first = folder.command(1)
        raise UserError(f"there is no answer in {folder.where}/; {first} begins the first")
    if words and words != ["all"]:
        wanted = [exercise_named(word) for word in words]
        for exercise in wanted:
            if not states[exercise.name]:
                own = folder.command(exercise.number)
                raise UserError(f"there is no {folder.file(exercise)}; {own} begins it")
        return wanted
    checked = ("open", "gone", "done") if words else ("open", "gone")
    found = [exercise for exercise in EXERCISES if states[exercise.name] in checked]
    if not found:
        first = next((one.number for one in EXERCISES if not states[one.name]), None)
        ahead = f"Next: {folder.command(first)}" if first else "All are done."
        raise NothingToDo(f"Nothing is open in {folder.where}/. {ahead}")
    return found


def action_in(words, folder):
    """Return (what is to be done, with which exercises); raise UserError if the words do not say that."""
    action = words[0].lower()
    if action not in ACTIONS:
        for word in set(words[1:]) & set(ACTIONS):
            raise UserError(f"{word} comes first: {folder.command(f'{word} {words[0]}')}")
        action, words = "", ["", *words]
    if action == "check" and "all" in words[1:] and len(words) > 2:
        raise UserError(f"give numbers, or all: {folder.command('check all')}")
    if action != "check" and len(words) != 2:
        example = folder.command(f"{action} 3".strip())
        raise UserError(f"give the number of one exercise: {example}")
    return action, words[1:]


def main(arguments=None):
    """Run the command line described above."""
    options = Options()
    add = options.add_argument
    add("words", nargs="*", metavar="[check|hint|solution|reset] [NUMBER]", help="what to do")
    add("--folder", type=path, default=FOLDER, help="where the answers are")
    add("--seconds", type=positive_seconds, default=20, help="an answer has as many for its check")
    args = parse_options(arguments, [options])
    folder = Folder(args.folder)
    if folder.where.is_file():
        raise UserError(f"--folder: {folder.where} is a file, and answers are in a directory")
    if not args.words:
        return list_all(folder)
    action, words = action_in(args.words, folder)
    if action == "check":
        exercises = to_check(folder, words)
        with locked(folder.where / ".check.lock", BUSY):
            return check(folder, exercises, args.seconds)
    do = {"": begin, "hint": hint, "solution": show_solution, "reset": reset}[action]
    do(folder, exercise_named(words[0]))


if __name__ == "__main__":
    run_command(main)
