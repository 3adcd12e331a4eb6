"""The architecture, as a test: imports point down, pure packages stay pure."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "modemgw"
LAYERS = {
    **dict.fromkeys(
        [
            *("__init__", "errors", "number", "ids", "clock", "log", "journal"),
            *("promise", "values", "words"),
        ],
        0,
    ),
    **dict.fromkeys(["pdu", "at"], 1),
    "policy": 2,
    "config": 3,
    **dict.fromkeys(["store", "modem", "systemd"], 4),
    "gateway": 5,
    **dict.fromkeys(["api", "web", "smpp", "mail", "metrics"], 6),
    **dict.fromkeys(["daemon", "cli", "doctor", "__main__"], 7),
}
# May import up to this layer; only layer 7 may import them.
BESIDE = {"sim": 1, "client": 0}
PURE = ["pdu", "at", "policy"]
IMPURE = {
    *("asyncio", "sqlite3", "serial", "serial_asyncio", "socket", "time"),
    *("random", "secrets", "logging", "os", "threading", "subprocess"),
}
STRANGERS = [("store", "modem"), ("modem", "store")]
PURE_NUMBER_OF_LINES = 400  # the limit for a file of code; tables of data may be longer
TABLES = {"pdu/shifts.py", "at/codes.py"}

FILES = sorted(PACKAGE.rglob("*.py"))


def imports(file: Path) -> set[str]:
    """Full dotted names of everything that `file` imports, at any depth."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            assert node.module is not None
            names.add(node.module)
            if node.module == "modemgw":
                names |= {f"modemgw.{alias.name}" for alias in node.names}
    return names


def room(dotted: str) -> str:
    """`modemgw.pdu.segment` -> `pdu`; `modemgw` itself -> `__init__`."""
    _, _, rest = dotted.partition(".")
    return rest.partition(".")[0] or "__init__"


def own_room(file: Path) -> str:
    first = file.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(PACKAGE)))
def test_imports_point_down(file: Path) -> None:
    here = own_room(file)
    for name in imports(file):
        if not name.startswith("modemgw"):
            continue
        there = room(name)
        if there in (here, "__init__", "__version__"):
            continue
        if here in BESIDE:
            assert LAYERS[there] <= BESIDE[here], f"{here} imports {name}"
        elif there in BESIDE:
            assert LAYERS[here] == 7, f"{here} imports {name}"
        else:
            assert LAYERS[there] < LAYERS[here] or (
                LAYERS[here] in (0, 7) and LAYERS[there] == LAYERS[here]
            ), f"{here} imports {name}"
        assert (here, there) not in STRANGERS


@pytest.mark.parametrize(
    "file",
    [f for f in FILES if own_room(f) in PURE],
    ids=lambda f: str(f.relative_to(PACKAGE)),
)
def test_pure_packages_do_no_io(file: Path) -> None:
    assert not {name.partition(".")[0] for name in imports(file)} & IMPURE


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(PACKAGE)))
def test_a_file_is_one_room_with_one_purpose(file: Path) -> None:
    tree = ast.parse(file.read_text("utf-8"))
    assert ast.get_docstring(tree), "the first sentence says what the file is"
    if str(file.relative_to(PACKAGE)) not in TABLES:
        assert len(file.read_text("utf-8").splitlines()) <= PURE_NUMBER_OF_LINES


def test_importing_modemgw_imports_nothing_else() -> None:
    assert imports(PACKAGE / "__init__.py") == set()
