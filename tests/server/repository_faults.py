"""What can be wrong with a node's repository, and what stops it: each built by stock git behind a good commit."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pygit2

from generated.models.onboarding import HaltReason
from tests.server.node_repository import FILE, NodeRepository, encoded, line, make_key


@dataclass(frozen=True)
class Fault:
    """`build` breaks a repository with a consumed root commit that has two lines of `user`; it is halted for `reason`,
    with a detail that contains `says`. `commits` before the bad one are consumed; an operator has to skip `skips`."""

    build: Callable[[NodeRepository, str], object]
    reason: HaltReason
    says: str
    commits: int = 0
    skips: int = 1


def _corrupt(repository: NodeRepository, user: str) -> None:
    content = (repository.folder / FILE).read_bytes() + encoded(line(3, user)).replace(b'"schema"', b"schema")
    repository.write(FILE, content)
    repository.commit()


def _bytes(content: bytes) -> Callable[[NodeRepository, str], None]:
    def build(repository: NodeRepository, user: str) -> None:
        repository.write(FILE, (repository.folder / FILE).read_bytes() + content)
        repository.commit()

    return build


def _edited(repository: NodeRepository, user: str) -> None:
    repository.write(FILE, (repository.folder / FILE).read_bytes().replace(b'"1000"', b'"1001"', 1))
    repository.push(line(3, user))


def _shortened(repository: NodeRepository, user: str) -> None:
    repository.write(FILE, encoded(line(1, user)))
    repository.commit()


def _forced(repository: NodeRepository, user: str) -> None:
    repository.git("checkout", "-q", "--orphan", "other")
    repository.push(line(3, user))
    repository.git("branch", "-q", "-M", "other", "main")


def _amended(repository: NodeRepository, user: str) -> None:
    repository.append(line(3, user))
    repository.commit("--amend")


def _merged(repository: NodeRepository, user: str) -> None:
    repository.git("checkout", "-q", "-b", "side")
    repository.push(line(3, user))
    repository.git("checkout", "-q", "main")
    repository.commit()
    repository.git("merge", "-q", "--no-ff", "-S", "-m", "both", "side")


def _deleted(repository: NodeRepository, user: str) -> None:
    (repository.folder / FILE).unlink()
    repository.commit()


def _renamed(repository: NodeRepository, user: str) -> None:
    repository.git("mv", FILE, "usage/other.jsonl")
    repository.commit()


def _linked(repository: NodeRepository, user: str) -> None:
    (repository.folder / "usage/link.jsonl").symlink_to("/etc/passwd")
    repository.commit()


def _became_link(repository: NodeRepository, user: str) -> None:
    (repository.folder / FILE).unlink()
    (repository.folder / FILE).symlink_to("../node.json")
    repository.commit()


def _submodule(repository: NodeRepository, user: str) -> None:
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{repository.head},usage/more.jsonl")
    repository.git("commit", "-q", "-m", "usage")


def _executable(repository: NodeRepository, user: str) -> None:
    (repository.folder / FILE).chmod(0o755)
    repository.commit()


def _file(path: str, content: bytes = b"x\n") -> Callable[[NodeRepository, str], None]:
    def build(repository: NodeRepository, user: str) -> None:
        repository.write(path, content)
        repository.commit()

    return build


def _tricky_path(repository: NodeRepository, user: str) -> None:
    """A tree with a name that no work tree takes."""
    blob = repository.git("hash-object", "-w", FILE)
    entry = f"100644 blob {blob}\t..\\\\evil\n"
    inner = repository.object("tree", entry)
    node = repository.git("ls-tree", "HEAD", "node.json")
    root = repository.object("tree", f"040000 tree {inner}\tusage\n{node}\n")
    repository.at += timedelta(seconds=1)
    made = repository.git("commit-tree", "-S", "-p", "HEAD", "-m", "usage", root)
    repository.git("update-ref", "refs/heads/main", made)


def _unsigned(repository: NodeRepository, user: str) -> None:
    repository.append(line(3, user))
    repository.commit("--no-gpg-sign")


def _foreign_key(repository: NodeRepository, user: str) -> None:
    repository.key = make_key(repository.folder.parent, "foreign")
    repository.push(line(3, user))


def _expired(repository: NodeRepository, user: str) -> None:
    repository.at += timedelta(days=400)
    repository.push(line(3, user))


def _too_early(repository: NodeRepository, user: str) -> None:
    repository.at -= timedelta(days=400)
    repository.push(line(3, user))


def _set_back(repository: NodeRepository, user: str) -> None:
    """The key has expired; the clock is set back behind the last commit."""
    repository.at += timedelta(days=400)
    repository.commit()
    repository.at -= timedelta(days=399)
    repository.push(line(3, user))


def _tampered(repository: NodeRepository, user: str) -> None:
    """The signature of one commit under the content of another."""
    good = repository.push(line(3, user))
    raw = repository.git("cat-file", "commit", good)
    made = repository.object("commit", raw.replace("usage", "Usage", 1) + "\n")
    repository.git("update-ref", "refs/heads/main", made)


def _two_signatures(repository: NodeRepository, user: str) -> None:
    good = repository.push(line(3, user))
    raw = repository.git("cat-file", "commit", good)
    head, _, signature = raw.partition("\ngpgsig ")
    header = signature.partition("\n\n")[0]
    made = repository.object("commit", f"{head}\ngpgsig {header}\ngpgsig {signature}\n")
    repository.git("update-ref", "refs/heads/main", made)


def _branch_gone(repository: NodeRepository, user: str) -> None:
    repository.git("branch", "-q", "-M", "main", "master")


def _impersonated(repository: NodeRepository, user: str) -> None:
    repository.push(line(3, user, node_id="n2"))


def _push(*fields: dict[str, object]) -> Callable[[NodeRepository, str], None]:
    def build(repository: NodeRepository, user: str) -> None:
        repository.push(*(line(int(str(each.get("local_seq", 3))), user, **each) for each in fields))

    return build


def _spaced(repository: NodeRepository, user: str) -> None:
    text = json.dumps(line(3, user), sort_keys=True)
    repository.write(FILE, (repository.folder / FILE).read_bytes() + text.encode() + b"\n")
    repository.commit()


def _text(change: Callable[[str], str]) -> Callable[[NodeRepository, str], None]:
    """A third line that is a good one but for what `change` makes of its text."""

    def build(repository: NodeRepository, user: str) -> None:
        good = encoded(line(3, user)).decode()
        _bytes(change(good).encode("utf-8", "surrogatepass"))(repository, user)

    return build


def _tree(entries: Callable[[str], str], where: str = "usage") -> Callable[[NodeRepository, str], None]:
    """A commit whose folder (`usage`, or the repository itself where none is named) has these entries beside the good
    ones; it is made of the name of a blob that has a good line."""

    def build(repository: NodeRepository, user: str) -> None:
        blob = repository.git("hash-object", "-w", "--stdin", given=encoded(line(3, user)).decode())
        added = entries(blob)
        if where:
            known = repository.git("ls-tree", f"HEAD:{where}")
            inner = repository.object("tree", f"{known}\n{added}")
            added = f"040000 tree {inner}\t{where}\n"
        kept = [each for each in repository.git("ls-tree", "HEAD").splitlines() if not each.endswith(f"\t{where}")]
        root = repository.object("tree", "".join(f"{each}\n" for each in kept) + added)
        repository.at += timedelta(seconds=1)
        made = repository.git("commit-tree", "-S", "-p", "HEAD", "-m", "usage", root)
        repository.git("update-ref", "refs/heads/main", made)

    return build


def raw_tree(*entries: tuple[bytes, bytes]) -> Callable[[NodeRepository, str], None]:
    """A commit with entries (mode and name) in the folder `usage` that git does not make, before the good one."""

    def build(repository: NodeRepository, user: str) -> None:
        blob = bytes.fromhex(repository.git("hash-object", "-w", "--stdin", given=encoded(line(3, user)).decode()))
        data = b"".join(mode + b" " + name + b"\0" + blob for mode, name in entries)
        data += pygit2.Repository(str(repository.folder)).revparse_single("HEAD:usage").read_raw()
        (repository.folder / "tree").write_bytes(data)
        inner = repository.git("hash-object", "-t", "tree", "-w", "--literally", "tree")
        (repository.folder / "tree").unlink()
        node = repository.git("ls-tree", "HEAD", "node.json")
        root = repository.object("tree", f"{node}\n040000 tree {inner}\tusage\n")
        repository.at += timedelta(seconds=1)
        made = repository.git("commit-tree", "-S", "-p", "HEAD", "-m", "usage", root)
        repository.git("update-ref", "refs/heads/main", made)

    return build


R = HaltReason
LARGE = 100_000
"""Bytes that a file may have while a test asks for the fault of a huge one."""
FAULTS = {
    "corrupt line": Fault(_corrupt, R.PARSE_ERROR, f"{FILE}:3: "),
    "binary junk": Fault(_bytes(bytes(range(256)) + b"\n"), R.PARSE_ERROR, f"{FILE}:3: "),
    "endless line": Fault(_bytes(b"x" * 20_000), R.PARSE_ERROR, f"{FILE}:3: the line is longer than 16384 bytes"),
    "not canonical": Fault(_spaced, R.NOT_CANONICAL, f"{FILE}:3: "),
    "unknown field": Fault(_push({"colour": "red"}), R.PARSE_ERROR, "colour"),
    "unknown schema": Fault(_push({"schema": 2}), R.PARSE_ERROR, "schema"),
    "negative quantity": Fault(_push({"quantity": "-1"}), R.PARSE_ERROR, "quantity"),
    "sequence gap": Fault(_push({"local_seq": 4}), R.SEQUENCE_GAP, f"{FILE}:3: "),
    "new stream from the middle": Fault(_push({"stream_id": "new"}), R.SEQUENCE_GAP, f"{FILE}:3: "),
    "gap inside the commit": Fault(_push({}, {"local_seq": 5}), R.SEQUENCE_GAP, f"{FILE}:4: "),
    "same key, other content": Fault(_push({"local_seq": 2, "quantity": "9"}), R.CONTENT_CONFLICT, f"{FILE}:3: "),
    "same key at another time": Fault(
        _push({"local_seq": 2, "occurred_at": "2026-05-20T20:30:00Z"}), R.CONTENT_CONFLICT, f"{FILE}:3: "
    ),
    "idempotency key of another record": Fault(
        _push({"idempotency_key": "n1/5f0c/1"}), R.CONTENT_CONFLICT, f"{FILE}:3: "
    ),
    "idempotency key twice in a commit": Fault(
        _push({}, {"local_seq": 4, "idempotency_key": "n1/5f0c/3"}), R.CONTENT_CONFLICT, f"{FILE}:4: "
    ),
    "impersonation": Fault(_impersonated, R.WRONG_NODE, f"{FILE}:3: "),
    "edited old bytes": Fault(_edited, R.EDITED_BYTES, f"{FILE}: "),
    "shortened": Fault(_shortened, R.EDITED_BYTES, f"{FILE}: it became shorter"),
    "force push": Fault(_forced, R.REWRITTEN_HISTORY, "is not in the history"),
    "amended": Fault(_amended, R.REWRITTEN_HISTORY, "is not in the history"),
    "merge": Fault(_merged, R.REWRITTEN_HISTORY, "merge", commits=1),
    "branch renamed": Fault(_branch_gone, R.REWRITTEN_HISTORY, "the branch is gone"),
    "deletion": Fault(_deleted, R.FORBIDDEN_CHANGE, f"{FILE}: it was deleted"),
    "rename": Fault(_renamed, R.FORBIDDEN_CHANGE, "was deleted"),
    "symlink": Fault(_linked, R.FORBIDDEN_CHANGE, "usage/link.jsonl: it is no regular file"),
    "file that became a symlink": Fault(_became_link, R.FORBIDDEN_CHANGE, FILE),
    "submodule": Fault(_submodule, R.FORBIDDEN_CHANGE, "usage/more.jsonl: it is no regular file"),
    "mode change": Fault(_executable, R.FORBIDDEN_CHANGE, f"{FILE}: it is no regular file, or its mode was changed"),
    "file elsewhere": Fault(_file("README.md"), R.FORBIDDEN_CHANGE, "README.md: only files usage/….jsonl"),
    "file below a folder": Fault(_file("usage/a/b.jsonl"), R.FORBIDDEN_CHANGE, "usage/a/b.jsonl: only"),
    "hidden file": Fault(_file("usage/.x.jsonl"), R.FORBIDDEN_CHANGE, "usage/.x.jsonl: only"),
    "late node.json": Fault(_file("node.json", b"{}"), R.FORBIDDEN_CHANGE, "node.json: only"),
    "line feed in a name": Fault(_file("usage/a\nb.jsonl"), R.FORBIDDEN_CHANGE, "usage/a?b.jsonl: only"),
    "path tricks": Fault(_tricky_path, R.FORBIDDEN_CHANGE, "usage/"),
    "huge file": Fault(_file("usage/h.jsonl", b"\n" * (LARGE + 1)), R.FORBIDDEN_CHANGE, "larger than 100000"),
    "missing signature": Fault(_unsigned, R.BAD_SIGNATURE, "the commit is not signed"),
    "foreign key": Fault(_foreign_key, R.BAD_SIGNATURE, "not registered for this node"),
    "expired key": Fault(_expired, R.BAD_SIGNATURE, "was not valid at 2027"),
    "key that is not valid yet": Fault(_too_early, R.BAD_SIGNATURE, "was not valid at 2025"),
    "expired key and a clock set back": Fault(_set_back, R.BAD_SIGNATURE, "was not valid at 2027", skips=2),
    "other content under the signature": Fault(_tampered, R.BAD_SIGNATURE, "does not fit the commit"),
    "two signatures": Fault(_two_signatures, R.FORBIDDEN_CHANGE, "headers of the commit"),
    "carriage returns": Fault(_text(lambda text: text.replace("\n", "\r\n")), R.NOT_CANONICAL, f"{FILE}:3: "),
    "byte order mark": Fault(_text(lambda text: f"\ufeff{text}"), R.PARSE_ERROR, f"{FILE}:3: no JSON"),
    "empty line": Fault(_text(lambda text: f"\n{text}"), R.PARSE_ERROR, f"{FILE}:3: no JSON"),
    "blank before a line": Fault(_text(lambda text: f" {text}"), R.NOT_CANONICAL, f"{FILE}:3: "),
    "two records on a line": Fault(_text(lambda text: text.replace("\n", "") + text), R.PARSE_ERROR, f"{FILE}:3: "),
    "a key twice": Fault(
        _text(lambda text: text.replace('"schema":1', '"schema":1,"schema":1')), R.NOT_CANONICAL, f"{FILE}:3: "
    ),
    "a user twice": Fault(
        _text(lambda text: text.replace('"user_sid"', '"user_sid":"01JD4ZK7Q1M80000000000000X","user_sid"')),
        R.NOT_CANONICAL,
        f"{FILE}:3: ",
    ),
    "keys in another order": Fault(
        _text(lambda text: text.replace('{"cost":"0.01",', "{").replace("}", ',"cost":"0.01"}')), R.NOT_CANONICAL, "3: "
    ),
    "whole number as a float": Fault(
        _text(lambda text: text.replace('"local_seq":3', '"local_seq":3.0')), R.PARSE_ERROR, "`local_seq`"
    ),
    "number with an exponent": Fault(
        _text(lambda text: text.replace('"local_seq":3', '"local_seq":3e0')), R.PARSE_ERROR, "`local_seq`"
    ),
    "number of a thousand digits": Fault(
        _text(lambda text: text.replace('"local_seq":3', f'"local_seq":{"9" * 1000}')), R.PARSE_ERROR, "`local_seq`"
    ),
    "number of five thousand digits": Fault(
        _text(lambda text: text.replace('"local_seq":3', f'"local_seq":{"9" * 5000}')), R.PARSE_ERROR, "no JSON"
    ),
    "no number": Fault(_text(lambda text: text.replace('"local_seq":3', '"local_seq":NaN')), R.PARSE_ERROR, "`local"),
    "truth for a number": Fault(
        _text(lambda text: text.replace('"schema":1', '"schema":true')), R.PARSE_ERROR, "`schema`"
    ),
    "decimal with an exponent": Fault(
        _text(lambda text: text.replace('"0.01"', '"1e5"')), R.PARSE_ERROR, "`cost` is not a number as text"
    ),
    "digits of another script": Fault(
        _text(lambda text: text.replace('"1000"', '"\u0661\u0660"')), R.PARSE_ERROR, "`quantity`"
    ),
    "NUL in text": Fault(_text(lambda text: text.replace("llama", "ll\0ma")), R.PARSE_ERROR, f"{FILE}:3: "),
    "escaped NUL in text": Fault(_text(lambda text: text.replace("llama", "ll\\u0000ma")), R.PARSE_ERROR, "`model`"),
    "half a character": Fault(_text(lambda text: text.replace("llama", "\\ud800")), R.PARSE_ERROR, "`model`"),
    "half a character in bytes": Fault(_text(lambda text: text.replace("llama", "\ud800")), R.PARSE_ERROR, "no UTF-8"),
    "escaped letter": Fault(_text(lambda text: text.replace("llama", "\\u006clama")), R.NOT_CANONICAL, f"{FILE}:3: "),
    "null for what is absent": Fault(
        _text(lambda text: text.replace('"model":"llama"', '"model":null')), R.PARSE_ERROR, "`model`"
    ),
    "brackets without end": Fault(_text(lambda text: "[" * 16_000 + "\n"), R.PARSE_ERROR, f"{FILE}:3: no JSON"),
    "name in another script": Fault(
        _tree(lambda blob: f"100644 blob {blob}\tusage_\u0662026.jsonl\n"), R.FORBIDDEN_CHANGE, "usage/usage_"
    ),
    "name of another case": Fault(
        _tree(lambda blob: f"100644 blob {blob}\tMORE.JSONL\n"), R.FORBIDDEN_CHANGE, "usage/MORE.JSONL: only"
    ),
    "folder of another case": Fault(
        _tree(lambda blob: f"100644 blob {blob}\tUSAGE\n", where=""), R.FORBIDDEN_CHANGE, "USAGE: only"
    ),
    "settings of git": Fault(
        _tree(lambda blob: f"100644 blob {blob}\t.gitattributes\n", where=""),
        R.FORBIDDEN_CHANGE,
        ".gitattributes: only",
    ),
    "a name twice": Fault(raw_tree((b"100644", b"a.jsonl"), (b"100644", b"a.jsonl")), R.FORBIDDEN_CHANGE, "", skips=1),
    "names upwards": Fault(raw_tree((b"100644", b"../../../etc.jsonl")), R.FORBIDDEN_CHANGE, "etc.jsonl: only"),
    "name that is no UTF-8": Fault(raw_tree((b"100644", b"a\xff\xfe.jsonl")), R.FORBIDDEN_CHANGE, "usage/a"),
    "mode that git no longer writes": Fault(raw_tree((b"100664", b"a.jsonl")), R.FORBIDDEN_CHANGE, "its mode was"),
}
