"""The figures of the benchmarks' page are among the lesson's."""

from pages.lesson.facts import figures, overhead_table

__all__ = ["figures", "overhead_table"]
