"""Decides whether a pytest run asked for paid traffic."""

from __future__ import annotations

import ast

MARK = "perf"
_TOO_DEEP = "-m is nested too deeply to be read; write it with fewer nots and parentheses"
SKIP_REASON = "sends load: run it with -m perf or --smload"


def opts_in(mark_expression: str) -> bool:
    """Whether ``perf`` occurs in a ``-m`` expression outside an odd number of ``not``s.

    An expression that cannot be parsed does not opt in; pytest itself reports it.

    Raises:
        ValueError: it is nested too deeply to tell.
    """
    try:
        tree = ast.parse(mark_expression.strip() or "None", mode="eval")
        return _occurs(tree.body, negated=False)
    except (RecursionError, MemoryError):
        raise ValueError(_TOO_DEEP) from None
    except (SyntaxError, ValueError) as error:
        if "too many nested" in str(error):
            raise ValueError(_TOO_DEEP) from None
        return False


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
