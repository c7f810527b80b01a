"""The cloud: directories that move from `free` to `used` and back, each step one rename.

`LookupError` is raised for what is not there, `OSError` where the folder cannot be reached.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


class Full(Exception):
    """No machine of this size is free."""


class Released(Exception):
    """This allocation is over."""


@dataclass(frozen=True)
class Host:
    """A machine that somebody has, or had: of one that was released, only that is known."""

    name: str
    address: str | None
    running: bool
    released: bool = False


class Hosts:
    def __init__(self, folder: Path) -> None:
        self._free, self._used, self._released = (folder / name for name in ("free", "used", "released"))

    def count(self, sku: str) -> int:
        """How many machines of a size are free."""
        return sum(1 for _ in self._of_size(sku))

    def claim(self, allocation: str, sku: str, key: str | None) -> Host:
        """The machine of an allocation, taken now if it had none."""
        self._refuse_released(allocation)
        used = self._used / _mark(allocation)
        if not used.exists():
            self._take(used, sku)
        if key is not None:
            (used / "authorized_keys").write_text(f"{key}\n")
        (used / "disk").mkdir(exist_ok=True)
        if (self._released / allocation).exists():  # meanwhile: nobody else will give it back
            self._give_back(used)
            raise Released
        return self._host(used)

    def look(self, allocation: str) -> Host:
        """How it is now."""
        used = self._used / _mark(allocation)
        if used.exists():
            return self._host(used)
        if (self._released / allocation).exists():
            return Host("", None, running=False, released=True)
        raise LookupError(allocation)

    def turn(self, allocation: str, *, on: bool) -> None:
        """Start it, or stop it: its disk stays."""
        if self.look(allocation).released:
            raise LookupError(allocation)
        stopped = self._used / allocation / "stopped"
        if on:
            stopped.unlink(missing_ok=True)
        else:
            stopped.touch()

    def release(self, allocation: str) -> None:
        """For good. First it is written down: who comes later, or goes on after a crash, finds that."""
        (self._released / _mark(allocation)).touch()
        self._give_back(self._used / allocation)

    # ---------------------------------------------------------------------------------------------------------------

    def _refuse_released(self, allocation: str) -> None:
        if (self._released / _mark(allocation)).exists():
            raise Released

    def _of_size(self, sku: str) -> Iterator[Path]:
        for host in sorted(self._free.iterdir()):
            with suppress(FileNotFoundError):  # somebody has just taken it
                if json.loads((host / "machine.json").read_text())["sku"] == sku:
                    yield host

    def _take(self, used: Path, sku: str) -> None:
        for host in self._of_size(sku):
            try:
                host.rename(used)
            except FileNotFoundError:
                continue  # somebody else was quicker
            except OSError:
                if not used.exists():
                    raise
                return  # somebody else asked for the same allocation, and has it
            return
        if not used.exists():
            raise Full

    def _give_back(self, used: Path) -> None:
        """Wipe it, and put it with the free ones. Two may do it at once."""
        with suppress(FileNotFoundError):
            name = self._host(used).name
            shutil.rmtree(used / "disk", ignore_errors=True)
            for left in ("authorized_keys", "stopped"):
                (used / left).unlink(missing_ok=True)
            used.rename(self._free / name)

    def _host(self, used: Path) -> Host:
        about = json.loads((used / "machine.json").read_text())
        return Host(about["name"], about["address"], running=not (used / "stopped").exists())


def _mark(allocation: str) -> str:
    """An allocation as the name of a file: what comes from outside never makes up a path."""
    if not (allocation.isascii() and allocation.isalnum()):
        raise LookupError(allocation)
    return allocation
