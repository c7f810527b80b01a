"""The checks of commits, on repositories that stock git built and signed."""

import shutil
from collections.abc import Iterator
from copy import copy
from datetime import timedelta
from pathlib import Path

import pygit2
import pytest

from generated.models.onboarding import NodeKey
from handlers.usage import changes
from handlers.usage.added_lines import Line
from handlers.usage.commit_checks import check_commit
from handlers.usage.halt import Halt
from handlers.usage.history import Known, new_commits
from tests.server.node_repository import FILE, NODE, USED_AT, NodeRepository, encoded, line, make_key
from tests.server.repository_faults import FAULTS, LARGE, R

USER = "01JD4ZK7Q1M80000000000000A"
OF_LINES = {R.PARSE_ERROR, R.NOT_CANONICAL, R.SEQUENCE_GAP, R.CONTENT_CONFLICT, R.WRONG_NODE}
"""What only those see who read the lines."""


@pytest.fixture(scope="module")
def consumed(tmp_path_factory: pytest.TempPathFactory) -> NodeRepository:
    """A repository with a root commit of two lines."""
    folder = tmp_path_factory.mktemp("node")
    made = NodeRepository(folder / "repository", make_key(folder))
    made.write("node.json", b'{"created_at":"2026-05-20T00:00:00Z","node_id":"n1","schema":1}')
    made.push(line(1, USER), line(2, USER))
    return made


@pytest.fixture
def repository(consumed: NodeRepository, tmp_path: Path) -> NodeRepository:
    """A copy of it, to be broken."""
    made = copy(consumed)
    made.folder = tmp_path / "repository"
    shutil.copytree(consumed.folder, made.folder)
    return made


def keys(repository: NodeRepository) -> list[NodeKey]:
    begin = USED_AT - timedelta(days=10)
    return [NodeKey(public_key=repository.public_key, valid_from=begin, valid_until=begin + timedelta(days=300))]


def read(repository: NodeRepository, known: Known, keys: list[NodeKey]) -> Iterator[list[Line]]:
    """The lines of each new commit."""
    mirror = pygit2.Repository(str(repository.folder))
    branch = mirror.references.get("refs/heads/main")
    for commit in new_commits(mirror, branch and str(branch.target), known):
        yield list(check_commit(mirror, commit, NODE, keys).lines())


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if fault.reason not in OF_LINES])
def test_a_bad_commit_is_refused(repository: NodeRepository, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "LARGEST_FILE", LARGE)
    fault, registered, root = FAULTS[name], keys(repository), repository.head
    fault.build(repository, USER)
    with pytest.raises(Halt) as found:
        list(read(repository, Known(root, root), registered))
    assert (found.value.reason, fault.says in found.value.detail) == (fault.reason, True), found.value.detail


def test_lines_are_read_where_the_file_goes_on(repository: NodeRepository) -> None:
    half = encoded(line(3, USER))
    content = (repository.folder / FILE).read_bytes()
    repository.write(FILE, content + half[:40])
    repository.commit()
    repository.write(FILE, content + half)
    repository.push(line(4, USER))
    repository.commit()
    commits = list(read(repository, Known(None, None), keys(repository)))
    assert [[(each.number, each.data + b"\n") for each in lines] for lines in commits] == [
        [(1, encoded(line(1, USER))), (2, encoded(line(2, USER)))],
        [],
        [(3, half), (4, encoded(line(4, USER)))],
        [],
    ]


def test_another_root_than_the_pinned_one_is_refused(repository: NodeRepository) -> None:
    with pytest.raises(Halt, match="another root"):
        list(read(repository, Known("0" * 40, None), keys(repository)))


def test_an_operator_goes_on_behind_another_history(repository: NodeRepository) -> None:
    root = repository.head
    FAULTS["force push"].build(repository, USER)
    other = repository.head
    repository.push(line(4, USER))
    commits = list(read(repository, Known(root, root, {other}), keys(repository)))
    assert [[each.number for each in lines] for lines in commits] == [[1, 2, 3], [4]]
