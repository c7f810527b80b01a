"""The node's own repository: commits of what the log holds, signed, each with the files as far as they had come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pygit2
from pygit2.enums import FileMode

from handlers.node.commits import commit_signed
from handlers.node.errors import LogDamaged, NodeError
from handlers.node.folder import NodeFolder, write_new
from handlers.node.remote import BRANCH, TRACKED
from handlers.node.signing_key import SigningKey
from handlers.usage_format.files import FOLDER, TOGETHER, UsageFile, read_name
from handlers.usage_format.line import decode
from handlers.usage_format.node_file import NAME, InvalidNodeFile, NodeFile
from handlers.usage_format.record import Finding


class RepositoryDamaged(NodeError):
    """What git keeps in a node's folder cannot be used."""


class Diverged(NodeError):
    """The repository holds usage that this log has not."""


@dataclass(frozen=True, slots=True)
class Growth:
    """What commits added, and the last of them, which is None where nothing was to be added."""

    commit: str | None
    records: int
    files: int


class UsageRepository:
    """The repository in a node's folder, made where it is missing, with the node's `node.json` as its first commit."""

    def __init__(self, folder: NodeFolder, key: SigningKey) -> None:
        pygit2.settings.enable_fsync_gitdir(True)
        self._folder, self._key = folder, key
        if folder.repository.exists():
            self.git = pygit2.Repository(str(folder.repository))
        else:
            self.git = pygit2.init_repository(str(folder.repository), bare=True, initial_head="main")
            self.git.config["http.followRedirects"] = "false"  # to another host, libgit2 means

    @property
    def head(self) -> pygit2.Oid | None:
        """The last commit; None before the first one."""
        return self._target(BRANCH)

    @property
    def root(self) -> str:
        """The first commit; there is one (`begin`)."""
        assert self.head is not None
        *_, first = self.git.walk(self.head)
        return str(first.id)

    @property
    def pushed(self) -> pygit2.Oid | None:
        """The commit that the forge is known to have."""
        return self._target(TRACKED)

    def take_over(self, commit: pygit2.Oid) -> None:
        """Begin with a commit of a repository that is this node's; its files become those of the log.

        Raises `NodeError`.
        """
        tree = self.git[commit].peel(pygit2.Tree)
        file = _entry(tree, NAME)
        try:
            node = NodeFile.read(file.data if isinstance(file, pygit2.Blob) else b"")
        except InvalidNodeFile as error:
            raise NodeError(f"the repository is no node's: {error}") from None
        if node.node_id != self._folder.node_id:
            raise NodeError(f"the repository is that of the node {node.node_id}")
        for each, blob in self._usage(tree).items():
            write_new(self._folder.log.joinpath(each.name), blob.data)
        self.git.references.create(BRANCH, commit)

    def begin(self, now: datetime) -> None:
        """Make the first commit where there is none."""
        if self.head is None:
            builder = self.git.TreeBuilder()
            builder.insert(NAME, self.git.create_blob(self._folder.node.written()), FileMode.BLOB)
            self._commit(builder.write(), f"Node {self._folder.node_id}", now)

    def grow(self, sizes: Mapping[str, int], now: datetime) -> Growth:
        """Commit what the log has beyond the last commit, the oldest first, in as many commits as keep each small
        enough; `sizes` are the bytes of its files. Broken off anywhere, the next call goes on.

        Files before the last committed one are as they were: the log goes on in later files only. Raises `Diverged`,
        `LogDamaged`.
        """
        self.begin(now)
        done = Growth(None, 0, 0)
        while (more := self._grow_once(sizes, now)).commit is not None:
            done = Growth(more.commit, done.records + more.records, done.files + more.files)
        return done

    def _grow_once(self, sizes: Mapping[str, int], now: datetime) -> Growth:
        tree = self._tree()
        committed = self._usage(tree)
        last = max(committed, default=UsageFile(""))
        folder = _entry(tree, FOLDER)
        usage = self.git.TreeBuilder(folder) if isinstance(folder, pygit2.Tree) else self.git.TreeBuilder()
        records = files = changed = 0
        named = {file: size for name, size in sizes.items() if (file := read_name(name)) is not None and file >= last}
        for file, size in sorted(named.items()):
            before = committed[file].data if file in committed else b""
            if size == len(before):
                continue
            if files and changed + size > TOGETHER:
                break
            data = self._bytes(file.name, size)
            if not data.startswith(before):
                raise Diverged(f"{file.name} was committed with other content than it has now")
            records += _records(file.name, data[len(before) :])
            files += 1
            changed += size
            usage.insert(file.name, self.git.create_blob(data), FileMode.BLOB)
        if not files:
            return Growth(None, 0, 0)
        builder = self.git.TreeBuilder(tree)
        builder.insert(FOLDER, usage.write(), FileMode.TREE)
        commit = self._commit(builder.write(), f"Usage: {records} record{'' if records == 1 else 's'}", now)
        return Growth(str(commit), records, files)

    def waiting(self, sizes: Mapping[str, int]) -> int:
        """How many records of the log were not pushed yet."""
        pushed = {} if self.pushed is None else self._usage(self.git[self.pushed].peel(pygit2.Tree))
        last = max(pushed, default=UsageFile(""))
        found = 0
        for name, size in sizes.items():
            file = read_name(name)
            if file is not None and file >= last:
                known = pushed[file].size if file in pushed else 0
                found += self._bytes(name, size)[known:].count(b"\n")
        return found

    def beat(self, now: datetime) -> str:
        """Commit that the node is there, with nothing new."""
        return str(self._commit(self._tree().id, "Heartbeat", now))

    def adopt(self, commit: pygit2.Oid, sizes: Mapping[str, int]) -> None:
        """Go on from a commit that others pushed, if all the usage in it is in our log. Raises `Diverged`."""
        tree = self.git[commit].peel(pygit2.Tree)
        known = {} if self.head is None else self._usage(self._tree())
        for file, blob in self._usage(tree).items():
            if file in known and known[file].id == blob.id:
                continue
            size = sizes.get(file.name, 0)
            if size < blob.size or not self._bytes(file.name, size).startswith(blob.data):
                raise Diverged(
                    f"the repository holds usage in {file.name} that this log has not: another folder pushed for this "
                    "node, or the log was brought back from a copy. Make a new folder by `hero-onboarding node init "
                    "--repo-url`, which begins with what the repository holds"
                )
        self.git.references.create(BRANCH, commit, force=True)

    def contains(self, commit: pygit2.Oid) -> bool:
        """Whether a commit is in the history of our last one."""
        if commit not in self.git or self.head is None:
            return False
        return commit == self.head or self.git.descendant_of(self.head, commit)

    def _target(self, name: str) -> pygit2.Oid | None:
        found = self.git.references.get(name)
        return None if found is None or isinstance(found.target, str) else found.target

    def _tree(self) -> pygit2.Tree:
        assert self.head is not None
        return self.git[self.head].peel(pygit2.Tree)

    def _usage(self, tree: pygit2.Tree) -> dict[UsageFile, pygit2.Blob]:
        """The files of usage in a tree. PERF: libgit2 reads a blob when it is asked for."""
        folder = _entry(tree, FOLDER)
        if not isinstance(folder, pygit2.Tree):
            return {}
        named = {entry.name: entry for entry in folder if isinstance(entry, pygit2.Blob) and entry.name is not None}
        return {file: entry for name, entry in named.items() if (file := read_name(name)) is not None}

    def _bytes(self, name: str, size: int) -> bytes:
        with self._folder.log.joinpath(name).open("rb") as opened:
            return opened.read(size)

    def _commit(self, tree: pygit2.Oid, message: str, now: datetime) -> pygit2.Oid:
        node = self._folder.node_id
        return commit_signed(self.git, self.head, tree, message, (node, f"{node}@node.invalid"), self._key, now)


@contextmanager
def require_sound(directory: Path) -> Iterator[None]:
    """Raises `RepositoryDamaged` where git fails in a node's folder. Put no more into it than reads git's objects:
    pygit2 raises `KeyError` for one that is missing, as a fault of ours might."""
    try:
        yield
    except (pygit2.GitError, KeyError) as error:
        raise RepositoryDamaged(
            f"the repository in {directory} cannot be used: {error}. Move repository.git away: the next push begins "
            "with what the forge has, and the log holds the rest"
        ) from error


def tidy(git_directory: Path) -> None:
    """Remove what a process that was killed has left: locks, which would stop the next one for ever, and drafts."""
    for pattern in ("*.lock", "refs/**/*.lock", "objects/tmp_object_git2_*", "objects/pack/pack_git2_*"):
        for path in git_directory.glob(pattern):
            path.unlink(missing_ok=True)


def _entry(tree: pygit2.Tree, name: str) -> pygit2.Object | None:
    try:
        return tree[name]
    except KeyError:
        return None


def _records(name: str, added: bytes) -> int:
    """How many records were added. A line that is none is not signed: it would halt the repository for good."""
    lines = added.split(b"\n")
    for line in lines[:-1]:
        if isinstance(read := decode(line), Finding):
            raise LogDamaged(f"a line of {name} cannot be read ({read.detail}); nothing is pushed")
    return len(lines) - 1
