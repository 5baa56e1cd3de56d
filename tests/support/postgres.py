"""A PostgreSQL server for one test run: a folder of its own, a Unix socket, no password, gone at the end.

The programs are found where Debian puts them, on PATH, or in `.cache/postgres`, where `tests/setup_parts.py` unpacks
them from a wheel. PostgreSQL refuses to run as root, so root starts it as `nobody`. Standard library only.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
UNPACKED = ROOT / ".cache" / "postgres"
USER = "tallystick"
SECONDS_MAX = 60


def find_postgres() -> Path | None:
    """The folder with `initdb` and `postgres`, the newest first; None if there is none."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name.zfill(4))[::-1]
    on_path = shutil.which("postgres")
    if on_path is not None:
        folders.append(Path(on_path).resolve().parent)
    folders += sorted(UNPACKED.glob("*/pginstall*/bin"))[::-1]
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()), None)


class PostgresServer:
    """A running server; a context manager that stops it and removes its folder."""

    def __init__(self, programs: Path, *, fsync: bool = False) -> None:
        """Make a cluster and start it. Without `fsync` it survives the death of its processes, not of the machine."""
        self.fsync = fsync
        self.folder = Path(tempfile.mkdtemp(prefix="tallystick-pg-", dir="/tmp"))
        self.programs, self.databases = programs, 0
        self.as_user: dict[str, Any] = {}
        if os.geteuid() == 0:
            import pwd  # not there on Windows

            nobody = pwd.getpwnam("nobody")
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
            self.as_user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            if UNPACKED in programs.parents:
                # Where that user may read them.
                shutil.copytree(UNPACKED, self.folder / "programs", symlinks=True)
                self.programs = self.folder / "programs" / programs.relative_to(UNPACKED)
        self.folder.chmod(0o755)
        self._run(
            "initdb", "-D", str(self.folder / "data"), "-A", "trust", "-U", USER, "-E", "UTF8", "--no-locale", "-N"
        )
        self.process = self._start()

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self.programs / program, *arguments],
            check=False, cwd=self.folder, capture_output=True, text=True, **self.as_user,
        )  # fmt: skip
        assert done.returncode == 0, f"{program} failed: {done.stderr[-400:]}"

    def _start(self) -> subprocess.Popen[bytes]:
        options = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={self.folder}", "-c", "port=5432"]
        options += ["-c", f"fsync={'on' if self.fsync else 'off'}"]
        with (self.folder / "server.log").open("ab") as log:
            process = subprocess.Popen(
                [self.programs / "postgres", "-D", str(self.folder / "data"), *options],
                cwd=self.folder, stdout=log, stderr=log, **self.as_user,
            )  # fmt: skip
        end = time.monotonic() + SECONDS_MAX
        ready = [str(self.programs / "pg_isready"), "-q", "-h", str(self.folder), "-p", "5432"]
        while subprocess.run(ready, check=False).returncode != 0:
            assert process.poll() is None and time.monotonic() < end, "the server does not start: see its server.log"
            time.sleep(0.05)
        return process

    def url(self, database: str = "postgres") -> str:
        """The URL of one of its databases."""
        return f"postgresql://{USER}@/{database}?host={self.folder}"

    def new_database(self) -> str:
        """The URL of a fresh database."""
        self.databases += 1
        name = f"store_{self.databases}"
        self._run("createdb", "-h", str(self.folder), "-U", USER, name)
        return self.url(name)

    def kill(self) -> None:
        """Kill every process of the server at once, as a power cut would, and start it again."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait()
        self.process = self._start()

    def __enter__(self) -> PostgresServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # At once, without a last checkpoint: nobody reads this folder again.
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
