"""Text to tree: `parse` reads a schema file, `tree` says what it may hold."""

from codegen.syntax import tree
from codegen.syntax.parser import parse

__all__ = ["parse", "tree"]
