"""The house around the code: scripts, unit, rules, pins."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SCRIPTS = [ROOT / "scripts" / name for name in ("setup", "run", "test", "check")]
SCRIPTS.append(ROOT / ".ci" / "run")
# Stand-ins for Python: new enough; the first makes environments that only note
# what they are asked to do, the second has no ensurepip (Debian without python3-venv).
PYTHON = """\
#!/bin/sh
case "$*" in
  -V) echo Python 3.11.2 ;;
  "-m venv"*)
    mkdir -p .venv/bin && printf '#!/bin/sh\necho "$@" >> asked\n' > .venv/bin/python
    chmod +x .venv/bin/python ;;
esac
"""
PYTHON_WITHOUT_VENV = PYTHON.replace("  -V)", "  *ensurepip*) exit 1 ;;\n  -V)")


def run(*command: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        [str(word) for word in command],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **env},
    )


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda s: s.name)
def test_scripts_are_short_and_run(script: Path) -> None:
    text = script.read_text("utf-8")
    assert os.access(script, os.X_OK)
    assert len(text.splitlines()) < 50
    assert text.startswith("#!/bin/sh\n")
    assert "\nset -eu\n" in text
    assert run("/bin/sh", "-n", script).returncode == 0
    if shellcheck := shutil.which("shellcheck"):
        done = run(shellcheck, script)
        assert done.returncode == 0, done.stdout


def test_every_dependency_is_pinned_and_explained() -> None:
    pins = dict(
        re.findall(
            r"^([A-Za-z0-9_.-]+)==(\S+)$",
            (ROOT / "scripts" / "constraints.txt").read_text("utf-8"),
            re.MULTILINE,
        )
    )
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    why = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
    extras = project["optional-dependencies"]
    for wanted in (*project["dependencies"], *extras["dev"]):
        name = re.match(r"[A-Za-z0-9_.-]+", wanted)
        assert name is not None
        assert name[0] in pins, wanted
        assert name[0] in why, wanted


def test_setup_works_once_and_again_after_a_change(tmp_path: Path) -> None:
    house = copy_of_the_house(tmp_path)
    tools = tools_with(tmp_path, python3=PYTHON)

    def asked() -> list[str]:
        done = run(house / "scripts" / "setup", *extra, PATH=f"{tools}:/bin", PYTHON="")
        assert done.returncode == 0, done.stderr
        found = house / "asked"
        text = found.read_text("utf-8") if found.exists() else ""
        found.unlink(missing_ok=True)
        return [line for line in text.splitlines() if "pip install" in line]

    extra: list[str] = []
    first = asked()
    assert [line.split()[-2:] for line in first] == [
        ["scripts/constraints.txt", "setuptools"],
        ["-e", "."],
    ]
    assert asked() == []
    extra = ["dev"]
    assert asked()[-1].endswith("-e .[dev]")
    assert asked() == []
    extra = []
    assert asked() == []
    with (house / "scripts" / "constraints.txt").open("a") as pins:
        pins.write("new==1\n")
    assert len(asked()) == 2


def test_setup_says_what_is_missing(tmp_path: Path) -> None:
    house = copy_of_the_house(tmp_path)
    nobody = "#!/bin/sh\necho 1000\n"
    tools = tools_with(tmp_path, python3=PYTHON_WITHOUT_VENV, id=nobody)
    done = run(house / "scripts" / "setup", PATH=f"{tools}:/bin", PYTHON="")
    assert done.returncode == 1
    assert "As root: apt install python3-venv" in done.stderr
    (tools / "python3").unlink()
    done = run(house / "scripts" / "setup", PATH=str(tools), PYTHON="")
    assert done.returncode == 1
    assert "modemgw needs Python 3.11 or newer" in done.stderr


def tools_with(tmp_path: Path, **scripts: str) -> Path:
    """Make a directory for PATH: what a script needs, and these stand-ins."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "dirname", "cat", "sha256sum", "mkdir", "chmod"):
        (tools / name).symlink_to(shutil.which(name) or name)
    for name, text in scripts.items():
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    return tools


def copy_of_the_house(tmp_path: Path) -> Path:
    house = tmp_path / "house"
    (house / "scripts").mkdir(parents=True)
    for name in ("pyproject.toml", "scripts/setup", "scripts/constraints.txt"):
        shutil.copy(ROOT / name, house / name)
    return house


def test_run_prefers_the_configuration_of_the_directory(tmp_path: Path) -> None:
    """Which command `scripts/run` starts, told by a modemgw that only prints it."""
    house = copy_of_the_house(tmp_path)
    shutil.copy(ROOT / "scripts" / "run", house / "scripts")
    (house / "scripts" / "setup").write_text("#!/bin/sh\n")
    printer = house / ".venv" / "bin" / "modemgw"
    printer.parent.mkdir(parents=True)
    printer.write_text('#!/bin/sh\necho "$@"\n')
    printer.chmod(0o755)
    start = house / "scripts" / "run"
    if not Path("/etc/modemgw/modemgw.yaml").exists():
        done = run(start, "--modems", "5")
        assert done.stdout == "demo --modems 5\n"
        assert "No configuration (modemgw.yaml): starting the demo" in done.stderr
    assert run(start, "send", "--to", "1").stdout == "send --to 1\n"
    (house / "modemgw.yaml").write_text("country: DE\n")
    assert run(start).stdout == f"run --config {house}/modemgw.yaml\n"


def test_the_unit_is_sound(tmp_path: Path) -> None:
    text = (ROOT / "systemd" / "modemgw.service").read_text("utf-8")
    for line in (
        "Type=notify",
        "RestartPreventExitStatus=78",
        "TimeoutStopSec=180",
        "SupplementaryGroups=dialout",
    ):
        assert f"\n{line}\n" in text
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    unit = tmp_path / "modemgw.service"
    unit.write_text(re.sub("^(Exec.*?)=.*$", r"\1=/bin/true", text, flags=re.M))
    assert run(analyze, "verify", unit).stderr == ""
    security = run(analyze, "security", "--offline=yes", unit).stdout
    exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", security)
    assert exposure is not None
    assert float(exposure[1]) < 2.5


def test_the_udev_rules_are_sound() -> None:
    rules = ROOT / "udev" / "70-modemgw.rules"
    text = rules.read_text("utf-8").replace("\\\n", "")
    pair = r'[A-Z]+(\{[A-Za-z_/]+\})?(==|!=|\+=|=)"[^"]*"'
    labels, jumps = set(), set()
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        for part in re.split(r",\s*", line.strip()):
            assert re.fullmatch(pair, part), part
        labels |= set(re.findall(r'LABEL="(\w+)"', line))
        jumps |= set(re.findall(r'GOTO="(\w+)"', line))
    assert jumps == labels
    udevadm = shutil.which("udevadm")
    if udevadm and "verify" in run(udevadm, "--help").stdout:
        assert run(udevadm, "verify", rules).returncode == 0
