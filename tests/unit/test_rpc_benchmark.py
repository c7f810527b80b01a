"""The table of `nox -s bench -- rpc`: ratios to ours, and servers that answered nothing."""

from __future__ import annotations

from benchmarks.rpc import OURS, Figures, Server, table

FAST, SILENT = Server("fast", (), aim=0.5), Server("silent", ())
FIGURES = {
    OURS.name: Figures([100.0, 300.0, 200.0], [9.0, 8.0, 7.0], [40.0, 60.0, 50.0]),
    FAST.name: Figures([400.0], [1.0], [20.0]),
    SILENT.name: Figures(),
}


def test_ratios_are_to_ours_and_a_silent_server_has_none() -> None:
    lines = [line.split() for line in table("read", [SILENT, OURS, FAST], FIGURES)[1:]]
    assert lines == [
        ["fast", "400", "1.0", "20.0", "0.50", "×", "0.40", "×", "0.5", "×"],
        ["ours", "200", "8.0", "50.0", "1.00", "×", "1.00", "×"],
        ["silent", "nothing"],
    ]


def test_without_an_answer_of_ours_there_are_no_ratios() -> None:
    lines = table("read", [OURS, FAST], {**FIGURES, OURS.name: Figures()})
    assert [line.split() for line in lines[1:]] == [["fast", "400", "1.0", "20.0"], ["ours", "nothing"]]
