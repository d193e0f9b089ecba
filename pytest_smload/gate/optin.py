"""Decides whether a pytest run asked for paid traffic."""

from __future__ import annotations

import ast

MARK = "perf"
SKIP_REASON = "sends load: run it with -m perf or --smload"


def opts_in(mark_expression: str) -> bool:
    """Whether ``perf`` occurs in a ``-m`` expression outside an odd number of ``not``s.

    An expression that cannot be parsed does not opt in; pytest itself reports it.
    """
    try:
        tree = ast.parse(mark_expression.strip() or "None", mode="eval")
    except SyntaxError:
        return False
    return _occurs(tree.body, negated=False)


def _occurs(node: ast.expr, *, negated: bool) -> bool:
    if isinstance(node, ast.Name):
        return node.id == MARK and not negated
    if isinstance(node, ast.Call):  # pytest allows keyword arguments of a mark: perf(tps=50)
        return _occurs(node.func, negated=negated)
    if isinstance(node, ast.UnaryOp):
        return _occurs(node.operand, negated=negated != isinstance(node.op, ast.Not))
    if isinstance(node, ast.BoolOp):
        return any(_occurs(value, negated=negated) for value in node.values)
    return False
