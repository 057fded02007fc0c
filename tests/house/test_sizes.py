"""What is small is read: modules, functions, views and templates have a limit.

A limit broken for a good reason carries the reason beside it: a comment `# long: …` in the first
lines of a module or template, or on the line of the `def`.
"""

from __future__ import annotations

import ast

from tests.house import sources

MODULE_LINES = 300
TEMPLATE_LINES = 150
FUNCTION_STATEMENTS = 30
VIEW_LINES = 10
ROUTES = {"get", "post", "put", "patch", "delete", "route"}


def functions(module):
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return [node for node in ast.walk(module) if isinstance(node, kinds)]


def statements(node):
    """Count statements; a function inside is one here and has its own limit."""
    total = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            total += 1
        else:
            total += isinstance(child, ast.stmt) + statements(child)
    return total


def is_explained(path, line=None):
    lines = path.read_text(encoding="utf-8").splitlines()
    beside = [lines[line - 1]] if line else lines[:5]
    return any("# long: " in text or "{# long: " in text for text in beside)


def test_modules_are_short():
    too_long = {
        sources.name_of(path): size
        for path in sources.modules()
        if "versions" not in path.parts  # a migration is one act, however many tables it makes
        and (size := len(path.read_text(encoding="utf-8").splitlines())) > MODULE_LINES
        and not is_explained(path)
    }
    assert not too_long, f"split by verb: {too_long}"


def test_templates_are_short():
    too_long = {
        sources.name_of(path): size
        for path in sources.templates()
        if (size := len(path.read_text(encoding="utf-8").splitlines())) > TEMPLATE_LINES and not is_explained(path)
    }
    assert not too_long, f"split into fragments: {too_long}"


def test_functions_are_short():
    too_long = [
        f"{sources.name_of(path)}:{node.lineno} {node.name}: {size} statements"
        for path in sources.modules()
        if "versions" not in path.parts
        for node in functions(sources.tree(path))
        if (size := statements(node) - bool(ast.get_docstring(node))) > FUNCTION_STATEMENTS
        and not is_explained(path, node.lineno)
    ]
    assert not too_long, "\n".join(too_long)


def test_views_are_short():
    too_long = [
        f"{sources.name_of(path)}:{node.lineno} {node.name}: {size} lines"
        for path in sources.under(sources.ROOMS, ".py")
        if path.name in {"pages.py", "api.py"} or path.parent.name in {"pages", "api"}
        for node in functions(sources.tree(path))
        if is_view(node) and (size := body_lines(node)) > VIEW_LINES and not is_explained(path, node.lineno)
    ]
    assert not too_long, "move the work into a service or query:\n" + "\n".join(too_long)


def is_view(node):
    calls = [each.func for each in node.decorator_list if isinstance(each, ast.Call)]
    return any(isinstance(call, ast.Attribute) and call.attr in ROUTES for call in calls)


def body_lines(node):
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0
