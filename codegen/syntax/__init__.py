"""Text to tree and back: `parse` reads a schema file, `tree` says what it may hold, `format_file` writes it."""

from codegen.syntax import tree
from codegen.syntax.formatter import format_file
from codegen.syntax.parser import parse

__all__ = ["format_file", "parse", "tree"]
