from __future__ import annotations

from docs.dag import drawn, shortest


def test_an_arrow_that_a_longer_way_replaces_is_left_out() -> None:
    edges = [("a", "b"), ("b", "c"), ("a", "c"), ("c", "d"), ("a", "d"), ("x", "d")]
    assert shortest(edges) == [("a", "b"), ("b", "c"), ("c", "d"), ("x", "d")]


def test_a_figure_of_some_stages() -> None:
    mermaid = """flowchart TD
	node1["report"]
	node2["fingerprint_code"]
	node3["predict_pa@v1"]
	node4["predict_pa@v2"]
	node2-->node1
	node2-->node3
	node3-->node1
	node3-->node4
	node4-->node1
"""
    assert drawn(mermaid) == ('flowchart LR\n  s0["predict_pa@v1"]\n  s1["report"]\n  s0 --> s1\n')
