"""What editors ask for: the language server, on the same parser, checker and formatter as the commands."""
