"""Commands of the work room."""

COMMANDS = {"worker": "Run the jobs of every domain."}
