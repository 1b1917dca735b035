"""Draw the DAG of the composed parameters into docs/house.md: ``python -m docs.dag``.

The figure is what ``dvc dag`` says of dvc.yaml, without the two stages that everything waits for,
without the versions after v1, which repeat the one before, and without an arrow where a way over
other stages leads to the same place.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

PAGE = Path(__file__).resolve().parent / "house.md"
BEGIN, END = "<!-- dag -->", "<!-- /dag -->"
LEFT_OUT = re.compile(r"^(fingerprint_code|check_parameters)$|@v[2-9]$")
NODE, EDGE = re.compile(r'(node\d+)\["([^"]+)"\]'), re.compile(r"(node\d+)-->(node\d+)")


def drawn(mermaid: str) -> str:
    """The text of ``dvc dag --mermaid`` as a figure of the stages that it is about."""
    names = {node: name for node, name in NODE.findall(mermaid) if not LEFT_OUT.search(name)}
    edges = shortest([(a, b) for a, b in EDGE.findall(mermaid) if a in names and b in names])
    numbers = {node: f"s{i}" for i, node in enumerate(sorted(names, key=names.__getitem__))}
    lines = ["flowchart LR"]
    lines += [f'  {number}["{names[node]}"]' for node, number in numbers.items()]
    lines += sorted(f"  {numbers[a]} --> {numbers[b]}" for a, b in edges)
    return "\n".join(lines) + "\n"


def shortest(edges: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The edges of a graph without circles that no way over other nodes replaces."""
    following: dict[str, set[str]] = {}
    for a, b in edges:
        following.setdefault(a, set()).add(b)

    def reached(node: str) -> set[str]:
        found: set[str] = set()
        queue = [*following.get(node, ())]
        while queue:
            current = queue.pop()
            if current not in found:
                found.add(current)
                queue += following.get(current, ())
        return found

    beyond = {node: reached(node) for node in following}
    return [(a, b) for a, b in edges if not any(b in beyond.get(c, ()) for c in following[a] - {b})]


def main() -> None:
    """Write the figure between the page's marks."""
    asked = ["dvc", "dag", "--mermaid"]
    found = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
    page = PAGE.read_text()
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    PAGE.write_text(f"{before}{BEGIN}\n```mermaid\n{drawn(found)}```\n{END}{after}")


if __name__ == "__main__":
    main()
