"""A check for every exercise: `check(answer)` yields the title of each step before it takes it."""
