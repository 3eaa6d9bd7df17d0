"""What a change is compared with: manifest and small warehouse of a commit, kept in a folder."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from warehouse import client_tools
from warehouse.console import say
from warehouse.errors import StepFailed, WarehouseError
from warehouse.programs import dbt_command
from warehouse.slim.small import fill, inputs_of, run, run_python, small_database

MANIFEST, DUMP, FACTS = "manifest.json", "warehouse.sql", "base.json"


@dataclass(frozen=True)
class Base:
    """A folder with the manifest and the dumped warehouse of a commit.

    Attributes:
        inputs: fingerprint of the generator and the loader that made its rows.
    """

    commit: str
    folder: Path
    inputs: str


def merge_base(project: Path, against: str) -> str | None:
    """Find the commit that the working tree has in common with a branch; None where there is none.

    `against` may name the branch of the remote (`main` is then origin/main, where that is known).
    """
    for name in (f"refs/remotes/origin/{against}", against):
        done = _git(project, "merge-base", "HEAD", name)
        if done.returncode == 0:
            return done.stdout.decode().strip()
    return None


def head(project: Path) -> str:
    """Name the commit that is checked out.

    Raises:
        WarehouseError: the folder is in no git repository, or nothing is committed yet.
    """
    done = _git(project, "rev-parse", "HEAD")
    if done.returncode != 0:
        raise WarehouseError(f"{project}: {_words(done)}")
    return done.stdout.decode().strip()


def folder_of(project: Path, commit: str) -> Path:
    """Where the base of a commit is kept; CI puts the one that it has fetched there too."""
    return project / "target" / "slim" / commit


def find_base(project: Path, commit: str) -> Base | None:
    """Read the base of a commit, where one is kept.

    Raises:
        WarehouseError: it is damaged.
    """
    folder = folder_of(project, commit)
    if not folder.exists():
        return None
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        inputs = str(facts["inputs"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WarehouseError(f"{folder} is damaged ({error}): remove it") from None
    lacking = [name for name in (MANIFEST, DUMP) if not (folder / name).is_file()]
    if lacking:
        raise WarehouseError(f"{folder} is damaged (no {', '.join(lacking)}): remove it")
    return Base(commit, folder, inputs)


def make_base(project: Path, commit: str, url: str) -> Base:
    """Build the small warehouse of a commit, from nothing but its files, and keep what it takes.

    Args:
        project: the working tree; it is left as it is.
        commit: in its repository.
        url: of a database on the server to use; a database of its own is made there and dropped.

    Raises:
        StepFailed: it cannot be built.
    """
    folder = folder_of(project, commit)
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Complete under another name first: a run that is killed leaves no half a base.
    with (
        tempfile.TemporaryDirectory(prefix="new-", dir=folder.parent) as name,
        small_database(url) as small,
    ):
        work = Path(name)
        files, new = work / "files", work / "base"
        new.mkdir()
        _extract(project, commit, files)
        say(f"building the small warehouse of {commit[:12]} ...")
        run_python(files, small, "warehouse", "profiles")
        fill(files, small, work / "landing")
        run(files, small, [*dbt_command(), "build"], "dbt build")
        shutil.copy(files / "target" / MANIFEST, new)
        client_tools.dump(small, work).path.replace(new / DUMP)
        inputs = inputs_of(files)
        (new / FACTS).write_text(json.dumps({"inputs": inputs}) + "\n", encoding="utf-8")
        new.replace(folder)
    return Base(commit, folder, inputs)


def _extract(project: Path, commit: str, folder: Path) -> None:
    done = _git(project, "archive", "--format=tar", commit)
    if done.returncode != 0:
        raise StepFailed(f"git archive {commit} failed: {_words(done)}")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")


def _git(project: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["git", *arguments], cwd=project, capture_output=True, check=False)
    except FileNotFoundError:
        raise WarehouseError("git is not installed: ci-slim compares with a commit") from None


def _words(done: subprocess.CompletedProcess[bytes]) -> str:
    return " ".join(done.stderr.decode(errors="replace").split())
