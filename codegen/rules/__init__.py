"""Lint: what could be better in a valid schema. `lint(subject, report)` runs every rule."""

from codegen.rules import documentation, methods, money, storage, times, unused
from codegen.rules.lint import LINTS, Subject, lint

__all__ = ["LINTS", "Subject", "documentation", "lint", "methods", "money", "storage", "times", "unused"]
