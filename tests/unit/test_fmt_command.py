"""`oschema fmt` on files."""

import json
from pathlib import Path

from click.testing import CliRunner

from codegen.commands.fmt import command


def run(*args: object) -> tuple[int, str]:
    result = CliRunner().invoke(command, [str(arg) for arg in args])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_check_diff_and_write(tmp_path: Path) -> None:
    path = tmp_path / "a.oschema"
    path.write_bytes(b"\xef\xbb\xbfA={a:str}\r\n")
    path.chmod(0o640)
    code, output = run("--check", tmp_path)
    assert code == 1 and "changed" in output and output.endswith("fix: oschema fmt\n")
    code, output = run("--check", "--format", "json", "--schemas", tmp_path)
    assert code == 1 and {found["code"] for found in json.loads(output)["findings"]} == {"OS007"}
    code, output = run("--diff", path)
    assert code == 1 and "+A = { a: str }\n" in output
    assert path.read_bytes().startswith(b"\xef")
    assert run(path)[0] == 0
    assert path.read_bytes() == b"A = { a: str }\n"
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [path]
    assert run("--check", path) == (0, "")


def test_a_file_with_errors_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "bad.oschema").write_text("A={a:}\n")
    (tmp_path / "good.oschema").write_text("A={a:str}\n")
    code, output = run(tmp_path)
    assert code == 1 and "OS101" in output
    assert (tmp_path / "bad.oschema").read_text() == "A={a:}\n"
    assert (tmp_path / "good.oschema").read_text() == "A = { a: str }\n"


def test_wrong_usage(tmp_path: Path) -> None:
    assert run(tmp_path / "none")[0] == 2
    assert run("--format", "xml")[0] == 2
