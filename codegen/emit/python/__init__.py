"""How generated Python is spelled: types, names, imports, docstrings."""
