"""Order and cycles of a directed graph, without recursion: chains may be thousands long."""

from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)


def order(edges: Mapping[Node, Iterable[Node]]) -> tuple[list[Node], list[list[Node]]]:
    """All keys, each after those it points to, and the cycles met on the way (`[a, b]` for a → b → a).

    Targets that are no keys are left out. Nodes and edges are walked in the order given, so the outcome is stable.
    """
    done: list[Node] = []
    cycles: list[list[Node]] = []
    state: dict[Node, int] = {}  # position in the walk's trail while on it, -1 when finished
    for start in edges:
        if start in state:
            continue
        trail = [start]
        state[start] = 0
        walks = [iter(edges[start])]
        while walks:
            for target in walks[-1]:
                seen = state.get(target)
                if seen is None:
                    if target in edges:
                        state[target] = len(trail)
                        trail.append(target)
                        walks.append(iter(edges[target]))
                        break
                elif seen >= 0:
                    cycles.append(trail[seen:])
            else:
                walks.pop()
                node = trail.pop()
                state[node] = -1
                done.append(node)
    return done, cycles
