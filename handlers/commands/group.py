"""A group of commands that says of each what it does, to the end of the sentence."""

import click


class CommandGroup(click.Group):
    """Lists its commands with their whole first sentence, wrapped; click's own list cuts it at the end of the line."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, command.get_short_help_str(limit=1000)) for name, command in found if command is not None]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
