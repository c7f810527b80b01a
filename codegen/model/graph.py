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


def circles(edges: Mapping[Node, Iterable[Node]]) -> list[frozenset[Node]]:
    """The largest groups of keys that all lead to each other; a key that leads to none but itself is in no group."""
    finished, _ = order(edges)
    back: dict[Node, list[Node]] = {node: [] for node in edges}
    for node, targets in edges.items():
        for target in targets:
            if target in back:
                back[target].append(node)
    seen: set[Node] = set()
    groups: list[frozenset[Node]] = []
    for start in reversed(finished):  # against the edges, from the last finished: a walk cannot leave its group
        if start in seen:
            continue
        seen.add(start)
        group, pending = [start], [start]
        while pending:
            for node in back[pending.pop()]:
                if node not in seen:
                    seen.add(node)
                    group.append(node)
                    pending.append(node)
        if len(group) > 1:
            groups.append(frozenset(group))
    return groups
