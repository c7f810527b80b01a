"""Settings of checkpoints."""

from pathlib import Path

from handlers.settings import Settings


class CheckpointSettings(Settings):
    checkpoint_repo_url: str | None = None
    """The repository that checkpoints are pushed to, by https or file; without it they stay in the database."""

    @property
    def checkpoint_folder(self) -> Path:
        """Where the key is kept, and the commits that wait to be pushed."""
        return self.var_dir / "checkpoints"
