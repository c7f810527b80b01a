"""What plugins are told: names of variables, files, what is missing, what is wrong; no secret is shown."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel, Field, SecretStr

from codegen.runtime.plugins.settings import Finding, PluginSettings, SettingsMissing, SettingsWrong, read, review

PREFIX = "SHOP_TOLL-GATE_"


class Plain(BaseModel):
    key: SecretStr
    lanes: int = 2


class Gate(PluginSettings):
    api_key: SecretStr | None = Field(default=None, validation_alias="GATE_API_KEY")
    url: str = "https://gate.example"
    shop_url: str = Field(default="", validation_alias="SHOP_URL")

    def missing(self) -> Iterator[str]:
        if self.api_key is None:
            yield "api_key"

    def findings(self) -> Iterator[Finding]:
        if not self.url.startswith("https"):
            yield Finding("weak", "url", "anybody could listen")
        if self.api_key is None:
            yield Finding("missing", "api_key", "no gate opens without it")
        elif self.api_key.get_secret_value() == "test":
            yield Finding("contradictory", "api_key", "a test key")


@pytest.fixture(autouse=True)
def nothing_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SHOP_TOLL_GATE_KEY", "SHOP_TOLL_GATE_LANES", "SHOP_TOLL_GATE_URL", "GATE_API_KEY", "SHOP_URL"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)


def test_names_follow_from_the_prefix_and_the_field(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsMissing) as missing:
        read(Plain, PREFIX, {})
    assert missing.value.variables == ("SHOP_TOLL_GATE_KEY",)
    monkeypatch.setenv("SHOP_TOLL_GATE_KEY", "s3cret")
    monkeypatch.setenv("SHOP_TOLL_GATE_LANES", "3")
    assert read(Plain, PREFIX, {}) == Plain(key=SecretStr("s3cret"), lanes=3)
    monkeypatch.setenv("SHOP_TOLL_GATE_LANES", "s3cret")
    with pytest.raises(SettingsWrong) as wrong:
        read(Plain, PREFIX, {})
    assert str(wrong.value).startswith("SHOP_TOLL_GATE_LANES: ") and "s3cret" not in str(wrong.value)


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_TOLL_GATE_KEY", "")
    with pytest.raises(SettingsMissing):
        read(Plain, PREFIX, {})


def test_a_file_holds_the_value(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("s3cret = with spaces \n")
    monkeypatch.setenv("GATE_API_KEY_FILE", str(tmp_path / "key"))
    found = read(Gate, PREFIX, {})
    assert found.api_key == SecretStr("s3cret = with spaces ") and "s3cret" not in repr(found)
    monkeypatch.setenv("GATE_API_KEY", "other")
    with pytest.raises(SettingsWrong, match="both GATE_API_KEY and GATE_API_KEY_FILE are set"):
        read(Gate, PREFIX, {})
    monkeypatch.delenv("GATE_API_KEY")
    monkeypatch.setenv("GATE_API_KEY_FILE", str(tmp_path / "nothing"))
    with pytest.raises(SettingsWrong, match=r"GATE_API_KEY_FILE: cannot read .*nothing"):
        read(Gate, PREFIX, {})
    assert [fault for fault, _, _ in review(Gate, PREFIX, {})] == ["contradictory"]


def test_a_vendors_name_and_the_programs_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATE_API_KEY", "k")
    monkeypatch.setenv("SHOP_URL", "https://not.asked")
    assert read(Gate, PREFIX, {"SHOP_URL": "https://shop.example"}).shop_url == "https://shop.example"
    assert read(Gate, PREFIX, {}).shop_url == "https://not.asked"


def test_what_a_plugin_says_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsMissing, match="GATE_API_KEY"):
        read(Gate, PREFIX, {})
    assert review(Gate, PREFIX, {}) == [("missing", "GATE_API_KEY", "no gate opens without it")]
    monkeypatch.setenv("GATE_API_KEY", "test")
    monkeypatch.setenv("SHOP_TOLL_GATE_URL", "http://gate.example")
    with pytest.raises(SettingsWrong, match="GATE_API_KEY: a test key"):
        read(Gate, PREFIX, {})
    assert review(Gate, PREFIX, {}) == [
        ("weak", "SHOP_TOLL_GATE_URL", "anybody could listen"),
        ("contradictory", "GATE_API_KEY", "a test key"),
    ]
    monkeypatch.setenv("GATE_API_KEY", "k")
    assert read(Gate, PREFIX, {}).url == "http://gate.example", "what is weak works, until it is checked"
