"""`oschema generate`: what is written, what is left alone, and how stale output is told."""

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from codegen.cli import main
from codegen.emit.output import KINDS, Output
from codegen.emit.run.manifest import NAME, digest, input_digest, read_manifest
from codegen.emit.strategies import strategies
from codegen.source.writing import replace_file
from tests.waiting import PATIENCE, wait_for

SHOP = """\
module shop "1.0.0"
/// Something for sale.
[rootobject, auth(user)]
Item = { sid: sid  name: str @unique  price: money<USD>  state: State = new @index  tags: [str] = [] }
State = new | sold
error SoldOut(1100, 409) "nothing left" { name: str }
[version("1.0"), auth(user)]
service ShopService {
    /// Buy one.
    buy(name: str, count: u32 = 1) -> Item ! SoldOut | NotFound
}
interface Printer { print_label(item: &Item) -> str ! SoldOut }
event Sold { item: &Item  at: otime }
webhook paid("/webhooks/paid") -> Item @signed(hmac_sha256, header="X-Signature")
"""
OTHER = 'module other "1.0.0"\nThing = { size: u8 }\n'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with schemas, and only the kinds of output that are quick to write."""
    for kind in set(KINDS) - {"schema", "strategies"}:
        monkeypatch.delitem(KINDS, kind)
    monkeypatch.chdir(tmp_path)
    for name, text in (("shop", SHOP), ("other", OTHER)):
        (tmp_path / "schemas" / name).mkdir(parents=True)
        (tmp_path / "schemas" / name / "types.oschema").write_text(text)
    return tmp_path


def generate(*arguments: str) -> Result:
    result = CliRunner().invoke(main, ["generate", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def tree(directory: Path) -> dict[str, tuple[bytes, int]]:
    return {
        path.relative_to(directory).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in directory.rglob("*")
        if path.is_file()
    }


def test_writes_a_tree_that_is_fresh(project: Path) -> None:
    result = generate()
    assert result.exit_code == 0, result.output
    assert {
        "__init__.py",
        "py.typed",
        "schema.json",
        "strategies/__init__.py",
        "strategies/shop.py",
        "strategies/other.py",
        NAME,
    } == set(tree(project / "generated"))
    result = generate("--check")
    assert (result.exit_code, result.output) == (0, "generated is fresh\n")


def test_a_run_with_nothing_to_do_writes_nothing(project: Path) -> None:
    generate()
    before = tree(project / "generated")
    result = generate()
    assert (result.exit_code, result.output) == (0, "generated: nothing to do\n")
    assert tree(project / "generated") == before


def test_only_files_that_differ_are_written(project: Path) -> None:
    generate()
    before = tree(project / "generated")
    schema = project / "schemas/other/types.oschema"
    schema.write_text(schema.read_text().replace("u8", "u16"))
    assert generate().exit_code == 0
    after = tree(project / "generated")
    assert {path for path in after if after[path] != before[path]} == {"schema.json", "strategies/other.py", NAME}


@pytest.mark.parametrize("stale_digest", [False, True], ids=["by the manifest", "by generating"])
def test_check_tells_four_ways_apart(project: Path, stale_digest: bool) -> None:
    generate()
    out = project / "generated"
    if stale_digest:  # a comment changes no output, but the quick way is closed
        with (project / "schemas/shop/types.oschema").open("a") as file:
            file.write("# a comment\n")
        assert generate("--check").exit_code == 0
    (out / "strategies/shop.py").unlink()
    (out / "strategies/other.py").write_text("# mine now\n")
    before = tree(out)
    result = generate("--check")
    assert result.exit_code == 1
    assert result.output == (
        "edited    generated/strategies/other.py\nmissing   generated/strategies/shop.py\n\n"
        "fix: oschema generate --schemas schemas --out generated\n"
    )
    assert tree(out) == before


def test_check_sees_changes_and_orphans(project: Path) -> None:
    generate()
    (project / "schemas/other/types.oschema").unlink()
    (project / "schemas/shop/types.oschema").write_text(SHOP.replace("SoldOut", "Gone"))
    (project / "pyproject.toml").write_text('[tool.oschema]\nregenerate = "make models"\n')
    result = generate("--check")
    assert result.exit_code == 1
    states = {line.split()[1]: line.split()[0] for line in result.output.splitlines() if "generated/" in line}
    assert states["generated/strategies/other.py"] == "orphan"
    assert states["generated/schema.json"] == "changed"
    assert result.output.endswith("fix: make models\n")


def test_mends_everything_and_says_what_was_edited(project: Path) -> None:
    generate()
    out = project / "generated"
    fresh = {path: data for path, (data, _) in tree(out).items()}
    (out / "strategies/shop.py").write_text("# mine now\n")
    (out / "schema.json").unlink()
    (out / "strategies/notes.txt").write_text("left alone")
    result = generate()
    assert result.exit_code == 0
    assert "edited    generated/strategies/shop.py   restored\n" in result.output
    mended = {path: data for path, (data, _) in tree(out).items()}
    assert mended.pop("strategies/notes.txt") == b"left alone"
    assert mended == fresh


def test_removes_orphans_and_the_directories_they_leave(project: Path) -> None:
    generate()
    out = project / "generated"
    entries = json.loads((out / NAME).read_text())
    entries["files"]["schema"]["old/deep/gone.py"] = entries["files"]["schema"]["schema.json"]
    entries["files"]["schema"]["../outside.py"] = entries["files"]["schema"]["schema.json"]
    (out / NAME).write_text(json.dumps(entries))
    (out / "old/deep").mkdir(parents=True)
    (out / "old/deep/gone.py").write_bytes((out / "schema.json").read_bytes())
    (project / "outside.py").write_text("never touched")
    (project / "schemas/other/types.oschema").write_text(OTHER.replace("u8", "u16"))
    assert "orphan    generated/old/deep/gone.py" in generate("--check").output
    assert generate().exit_code == 0
    assert not (out / "old").exists()
    assert (project / "outside.py").read_text() == "never touched"


def test_removes_what_was_written_of_a_kind_that_is_no_more(project: Path) -> None:
    generate()
    out = project / "generated"
    (out / "old.html").write_text("<!-- @generated by oschema -->")
    entries = json.loads((out / NAME).read_text())
    entries["files"]["pages"] = {"old.html": digest((out / "old.html").read_bytes())}
    (out / NAME).write_text(json.dumps(entries | {"input": "an earlier generator's"}))
    assert "orphan    generated/old.html" in generate("--check").output
    assert generate().exit_code == 0
    assert not (out / "old.html").exists()
    assert generate("--check").exit_code == 0


def test_a_file_that_was_not_generated_is_never_overwritten(project: Path) -> None:
    out = project / "generated"
    out.mkdir()
    (out / "schema.json").write_text("mine")
    before = tree(out)
    result = generate()
    assert result.exit_code == 1
    assert "OS705" in result.output
    assert "generated/schema.json" in result.output
    assert tree(out) == before
    assert generate("--check").exit_code == 1


def test_files_and_directories_in_the_way_of_each_other(project: Path) -> None:
    out = project / "generated"
    (out / "schema.json").mkdir(parents=True)
    (out / "strategies").write_text("mine")
    for arguments in ((), ("--check",)):
        result = generate(*arguments)
        assert result.exit_code == 1
        assert result.output.count("OS705]") == 2, result.output
    assert set(tree(out)) == {"strategies"}


@pytest.mark.parametrize("written", range(6))
def test_an_interrupted_run_leaves_whole_files_and_is_mended_by_the_next(
    project: Path, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    generate("--out", "whole")
    left = written

    def until_the_disk_is_full(path: Path, data: bytes) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            path.with_name(".999999999.oschema-tmp").write_bytes(data[:10])  # as a killed process leaves it
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        replace_file(path, data)

    with monkeypatch.context() as patched:
        patched.setattr("codegen.emit.run.generate.replace_file", until_the_disk_is_full)
        result = generate()
    assert result.exit_code == 1
    assert "error[OS008]: cannot write generated: No space left on device" in result.output
    whole = {path: data for path, (data, _) in tree(project / "whole").items()}
    manifest = whole.pop(NAME)  # it is written first, and knows both states
    written_files = {path: data for path, (data, _) in tree(project / "generated").items() if "tmp" not in path}
    written_files.pop(NAME, None)
    assert written_files.items() <= whole.items()
    assert generate().exit_code == 0
    assert {path: data for path, (data, _) in tree(project / "generated").items()} == {**whole, NAME: manifest}


@pytest.mark.parametrize("written", range(5))
def test_what_a_killed_run_leaves_is_ours_when_the_schema_is_taken_back(
    project: Path, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    """New files of the killed run go, the others become what they were, and nobody is said to have edited any."""
    generate()
    out, schema = project / "generated", project / "schemas/other/types.oschema"
    before = {path: data for path, (data, _) in tree(out).items()}
    (project / "schemas/third").mkdir()
    (project / "schemas/third/types.oschema").write_text('module third "1.0.0"\nNew = { size: u8 }\n')
    schema.write_text(OTHER.replace("u8", "u16"))
    left = written

    def until_it_is_killed(path: Path, data: bytes) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt
        replace_file(path, data)

    with monkeypatch.context() as patched:
        patched.setattr("codegen.emit.run.generate.replace_file", until_it_is_killed)
        CliRunner().invoke(main, ["generate"])
    (project / "schemas/third/types.oschema").unlink()
    schema.write_text(OTHER)
    told = generate("--check").output
    assert "edited" not in told, told
    result = generate()
    assert result.exit_code == 0 and "edited" not in result.output, result.output
    assert {path: data for path, (data, _) in tree(out).items()} == before
    assert generate().output == "generated: nothing to do\n"


def test_a_run_killed_with_all_signals_leaves_nothing_unknown(tmp_path: Path) -> None:
    """The process itself dies, not a function in it; then the schema is taken back."""
    schema = tmp_path / "schemas/other/types.oschema"
    schema.parent.mkdir(parents=True)
    schema.write_text(OTHER)
    command = [sys.executable, "-m", "codegen", "generate", "--out", "out", "--only", "strategies"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    before = {path: data for path, (data, _) in tree(tmp_path / "out").items()}
    (schema.parent / "more.oschema").write_text("More = { size: u8 }\n")
    script = (
        "import os, signal, sys\n"
        "import codegen.emit.run.generate as run\n"
        "whole = run.replace_file\n"
        "def dying(path, data):\n"
        "    whole(path, data)\n"
        "    if path.name == 'more.py':\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "run.replace_file = dying\n"
        "from codegen.cli import main\n"
        "main(sys.argv[1:])\n"
    )
    killed = subprocess.run([sys.executable, "-c", script, *command[3:]], cwd=tmp_path, capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert (tmp_path / "out/strategies/other/more.py").exists()
    (schema.parent / "more.oschema").unlink()
    again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert again.returncode == 0 and "edited" not in again.stdout, again.stdout
    assert {path: data for path, (data, _) in tree(tmp_path / "out").items()} == before


def test_a_lost_or_damaged_manifest_is_made_again(project: Path) -> None:
    generate()
    out = project / "generated"
    fresh = (out / NAME).read_bytes()
    for damage in (None, b"", b"[]", b'{"files": {"a": 1}, "input": null}', b"\xff"):
        if damage is None:
            (out / NAME).unlink()
        else:
            (out / NAME).write_bytes(damage)
        assert NAME in generate("--check").output
        assert generate().exit_code == 0
        assert (out / NAME).read_bytes() == fresh


def test_wrong_schemas_are_findings_and_nothing_is_written(project: Path) -> None:
    (project / "schemas/other/types.oschema").write_text('module other "1.0.0"\nThing = { size: Siz }\n')
    for arguments in ((), ("--check",)):
        result = generate(*arguments)
        assert result.exit_code == 1
        assert "OS201" in result.output
        assert "schemas/other/types.oschema:2" in result.output
    assert not (project / "generated").exists()


@pytest.mark.parametrize(
    "wrong", ["def f(a, a):\n    pass\n", "def f(:\n", "def f():\n    nonlocal x\n", "class A:\n    return 1\n"]
)
def test_what_is_no_python_is_our_own_fault(project: Path, monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    generate()
    before = tree(project / "generated")
    monkeypatch.setattr(strategies, "emit", lambda _: [Output("strategies/broken.py", wrong)])
    (project / "schemas/other/types.oschema").write_text(OTHER.replace("u8", "u16"))
    for arguments in ((), ("--check",)):
        result = generate(*arguments)
        assert result.exit_code == 1
        assert "error[OS706]" in result.output and "generated/strategies/broken.py" in result.output
        assert "please report it" in result.output
    assert tree(project / "generated") == before, "nothing was written"


def test_only_one_kind(project: Path) -> None:
    generate()
    out = project / "generated"
    before = tree(out)
    (project / "schemas/other/types.oschema").write_text(OTHER.replace("u8", "u16"))
    assert generate("--only", "strategies").exit_code == 0
    after = tree(out)
    assert {path for path in after if after[path] != before[path]} == {"strategies/other.py", NAME}
    assert generate("--check", "--only", "strategies").exit_code == 0
    assert "changed   generated/schema.json" in generate("--check").output
    assert generate().exit_code == 0
    assert generate("--check").exit_code == 0
    assert generate("--only", "nonsense").exit_code == 2


@pytest.mark.parametrize("form", ["json", "github"])
def test_findings_for_machines(project: Path, form: str) -> None:
    generate()
    (project / "generated/schema.json").unlink()
    result = generate("--check", "--format", form)
    assert result.exit_code == 1
    if form == "json":
        (finding,) = json.loads(result.output)["findings"]
        assert (finding["code"], finding["path"]) == ("OS702", "generated/schema.json")
        assert finding["fix"] == "oschema generate --schemas schemas --out generated"
    else:
        assert result.output.startswith("::error file=generated/schema.json")


def test_a_project_says_what_regenerates(project: Path) -> None:
    """The files of a project name its own command, and ours where it has none."""
    generate()
    out = project / "generated"
    assert "Do not edit; run `oschema generate`." in (out / "strategies/shop.py").read_text()
    settings = project / "pyproject.toml"
    settings.write_text('[tool.oschema]\nregenerate = "make models"\n')
    assert "edited" not in generate().output
    for path in ("strategies/shop.py", "strategies/__init__.py", "schema.json", NAME):
        assert "Do not edit; run `make models`." in (out / path).read_text(), path
    assert generate().output == "generated: nothing to do\n"
    for wrong in ("[tool.oschema]\nregenerate = 3\n", "[tool.oschema", '[tool.oschema]\nregenerate = "a\\nb"\n'):
        settings.write_text(wrong)
        assert generate().exit_code == 2, wrong


def test_a_project_says_what_whole_numbers_are_in_typescript(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "clients", "codegen.emit.clients.clients")
    generate()
    client = project / "generated/clients/typescript/modules/shop.ts"
    settings = project / "pyproject.toml"
    assert "rev: bigint;" in client.read_text()
    settings.write_text('[tool.oschema]\ntypescript_integers = "string"\n')
    assert "edited" not in generate().output
    assert "rev: string;" in client.read_text()
    assert generate().output == "generated: nothing to do\n"
    settings.write_text('[tool.oschema]\ntypescript_integers = "number"\n')
    result = generate()
    assert (result.exit_code, 'typescript_integers is "bigint" or "string"' in result.output) == (2, True)


def test_the_digest_follows_schemas_only_where_they_say_something(project: Path) -> None:
    first = input_digest(Path("schemas"))
    assert input_digest(project / "schemas") == first
    (project / "schemas/notes.md").write_text("no schema")
    (project / "schemas/migrations").mkdir()
    (project / "schemas/migrations/x.oschema").write_text("nor this")
    assert input_digest(Path("schemas")) == first
    (project / "schemas/shop/types.oschema").rename(project / "schemas/shop/renamed.oschema")
    assert input_digest(Path("schemas")) != first


def test_watching_generates_again_and_survives_errors(tmp_path: Path) -> None:
    schema = tmp_path / "schemas/other/types.oschema"
    schema.parent.mkdir(parents=True)
    schema.write_text(OTHER)
    output = tmp_path / "out/schema.json"

    def wait_for_text(text: str) -> None:
        wait_for(lambda: output.exists() and text in output.read_text(), f"{text} in the output")

    watching = subprocess.Popen(
        [sys.executable, "-m", "codegen", "generate", "--watch", "--only", "schema", "--out", "out"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert watching.stdout is not None
        wait_for_text('"size"')
        while "watching" not in watching.stdout.readline():
            pass
        schema.write_text('module other "1.0.0"\nThing = { size: Siz }\n')
        while "OS201" not in watching.stdout.readline():
            pass
        schema.write_text(OTHER.replace("size", "weight"))
        wait_for_text('"weight"')
    finally:
        watching.send_signal(signal.SIGINT)
        assert watching.wait(PATIENCE) == 0


def test_every_kind_has_its_emitter() -> None:
    from importlib import import_module

    for kind, module in KINDS.items():
        assert callable(import_module(module).emit), kind


def test_output_is_the_same_on_every_machine(tmp_path: Path) -> None:
    """All kinds, byte for byte: other hash seeds, working directories, paths, time zones and languages."""
    made = []
    for seed, zone, place in (("1", "UTC", "a"), ("77", "Asia/Tokyo", "deep/er/b")):
        home = tmp_path / place
        for name, text in (("shop", SHOP), ("other", OTHER)):
            (home / "schemas" / name).mkdir(parents=True)
            (home / "schemas" / name / "types.oschema").write_text(text)
        run = subprocess.run(
            [
                sys.executable,
                "-m",
                "codegen",
                "generate",
                "--out",
                "out",
                "--schemas",
                str(home / "schemas") if seed == "1" else "schemas",
            ],
            cwd=home,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": "C"},
        )
        assert run.returncode == 0, run.stdout + run.stderr
        made.append({path: data for path, (data, _) in tree(home / "out").items()})
    assert made[0] == made[1]
    entries = read_manifest(tmp_path / "a/out").files
    assert set(entries) | {NAME} == set(made[0])
    assert {entry.kind for entry in entries.values()} >= {"schema", "models", "tables", "routes", "clients", "openrpc"}
    for path, data in made[0].items():
        if path.endswith((".py", ".ts", ".html", ".sql")):
            assert b"@generated by oschema" in data[:1000], path
            assert str(tmp_path).encode() not in data
