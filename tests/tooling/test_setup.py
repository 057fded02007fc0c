"""`tools/setup.py` makes the environment once, and explains in one sentence what stands in its way."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import setup

TOOLS = Path(__file__).resolve().parents[2] / "tools"
HASH = "0" * 64


@pytest.fixture
def project(tmp_path_factory):
    """A copy of the tools with a lock of one package, in a folder everybody may enter."""
    root = tmp_path_factory.mktemp("project")
    for folder in (root, *root.parents):
        if folder.stat().st_uid == os.getuid() and len(folder.parts) > 2:
            folder.chmod(folder.stat().st_mode | 0o055)
    shutil.copytree(TOOLS, root / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "requirements").mkdir()
    (root / "requirements" / "run.lock").write_text(f"nothing==1.0 --hash=sha256:{HASH}\n")
    return root


def start(project, *, user=None, **environment):
    path = f"{Path(sys.executable).resolve().parent}:{os.environ['PATH']}"
    return subprocess.run(
        [project / "tools" / "python", "setup.py", "run"],
        env={"PATH": path, "PYTHONDONTWRITEBYTECODE": "1", "HOME": str(project), **environment},
        user=user,
        capture_output=True,
        text=True,
        check=False,
    )


def sentence(done):
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("lux: ")
    return line


def test_an_unwritable_folder_is_named(project):
    user = None
    if os.geteuid() == 0:
        user = pwd.getpwnam("nobody").pw_uid
    else:
        project.chmod(0o555)
    done = start(project, user=user, PYTHON="/usr/bin/python3" if user else sys.executable)
    project.chmod(0o755)
    said = sentence(done)
    assert f"{project} is not writable" in said
    assert "folder of your own" in said
    assert not (project / ".venv").exists()


def test_a_package_index_out_of_reach_is_said_and_the_next_run_goes_on(project):
    index = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_FIND_LINKS": "", "PIP_RETRIES": "0"}
    first = start(project, **index)
    assert "could not be reached" in sentence(first)
    assert "installing packages" in first.stdout
    assert (project / ".venv" / "setup.log").exists()
    assert "could not be reached" in sentence(start(project, **index))


def test_a_file_with_another_hash_is_not_installed(project, tmp_path):
    wheel = tmp_path / "nothing-1.0-py3-none-any.whl"
    wheel.write_bytes(b"PK\x05\x06" + bytes(18))
    (project / "requirements" / "run.lock").write_text(f"{wheel.as_uri()} --hash=sha256:{HASH}\n")
    assert "does not match its hash" in sentence(start(project))


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("x\nERROR: No matching distribution found for y\n", "No matching distribution found for y"),
        ("npm error code SELF_SIGNED_CERT_IN_CHAIN", "NODE_EXTRA_CA_CERTS"),
        ("npm error code EAI_AGAIN", "could not be reached"),
        ("", "It gave no reason"),
    ],
)
def test_what_failed_is_told_in_a_sentence(output, said):
    assert said in setup._explain(output)


def test_an_environment_of_another_release_is_made_anew_when_python_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(setup, "VENV", tmp_path)
    (tmp_path / "lib" / "python3.9").mkdir(parents=True)
    assert not setup._is_other_version()
    monkeypatch.setenv("PYTHON", sys.executable)
    assert setup._is_other_version()
    (tmp_path / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}").mkdir()
    assert not setup._is_other_version()


class TestSteps:
    """Each step is done once, and again when what it depends on has changed."""

    @pytest.fixture(autouse=True)
    def _project(self, monkeypatch, tmp_path):
        self.calls = []
        (tmp_path / "requirements").mkdir()
        (tmp_path / ".venv" / "bin").mkdir(parents=True)
        (tmp_path / ".venv" / "pyvenv.cfg").write_text("version = 3")
        for name in ("pyproject.toml", "hatch_build.py"):
            (tmp_path / name).write_text("")
        for name in ("run", "s3", "celery", "dev", "node"):
            (tmp_path / "requirements" / f"{name}.lock").write_text(name)
        monkeypatch.setattr(setup, "ROOT", tmp_path)
        monkeypatch.setattr(setup, "VENV", tmp_path / ".venv")
        monkeypatch.setattr(setup, "_pip", lambda *arguments: self.calls.append(arguments))
        monkeypatch.setattr(setup, "_call", lambda *command: self.calls.append(command))
        self.root = tmp_path

    def test_packages_are_installed_once_with_hashes(self):
        setup.install_packages("run")
        setup.install_packages("run")
        assert self.calls == [("--require-hashes", "-r", str(self.root / "requirements/run.lock"))]

    def test_another_lock_is_installed(self):
        setup.install_packages("run")
        (self.root / "requirements" / "run.lock").write_text("newer")
        setup.install_packages("run")
        assert len(self.calls) == 2

    def test_what_developers_have_is_enough_to_serve(self):
        setup.install_packages("dev")
        setup.install_packages("run")
        assert len(self.calls) == 1

    def test_what_s3_needs_is_installed_where_files_go_there(self, monkeypatch):
        setup.install_extras("run")
        assert self.calls == []
        monkeypatch.setenv("LUX_FILE_STORE", "s3://bucket/lux")
        setup.install_extras("run")
        setup.install_extras("run")
        assert self.calls == [("--require-hashes", "-r", str(self.root / "requirements/s3.lock"))]

    def test_what_celery_needs_is_installed_where_it_does_the_work(self, monkeypatch):
        monkeypatch.setenv("LUX_JOBS", "celery")
        setup.install_extras("run")
        assert self.calls == [("--require-hashes", "-r", str(self.root / "requirements/celery.lock"))]

    def test_developers_have_what_s3_needs(self, monkeypatch):
        monkeypatch.setenv("LUX_FILE_STORE", "s3://bucket/lux")
        setup.install_packages("dev")
        setup.install_extras("run")
        assert len(self.calls) == 1

    def test_lux_is_installed_from_its_folder_without_fetching_anything(self):
        setup.install_project()
        (arguments,) = self.calls
        assert {"--no-deps", "--no-build-isolation", "--editable"} <= set(arguments)
        (self.root / ".venv" / "bin" / "lux").touch()
        setup.install_project()
        assert len(self.calls) == 1

    def test_node_is_fetched_only_where_path_has_none(self, monkeypatch):
        monkeypatch.setattr(setup.frontend, "is_fresh", lambda: False)
        monkeypatch.setattr(setup.frontend, "node_on_path", lambda: None)
        setup.build_assets()
        assert [call[-1] for call in self.calls] == [
            str(self.root / "requirements/node.lock"),
            self.root / "tools" / "frontend.py",
        ]
        self.calls.clear()
        monkeypatch.setattr(setup.frontend, "node_on_path", lambda: "node")
        setup.build_assets()
        assert [call[-1] for call in self.calls] == [self.root / "tools" / "frontend.py"]

    def test_assets_that_fit_their_sources_are_left_alone(self, monkeypatch):
        monkeypatch.setattr(setup.frontend, "is_fresh", lambda: True)
        monkeypatch.setattr(setup.frontend, "is_installed", lambda: True)
        setup.build_assets()
        assert self.calls == []
