"""The public page of an exchange's folder, written from its signed files after each hour, beside trading.

`publish_site` is a function of a module because it runs in a process of its own: a year of hours takes seconds.
"""

from __future__ import annotations

from dataclasses import asdict
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import NamedTuple

import click

from cli.auditor import read_layout_files
from cli.common import emit_json, json_option
from cli.exchange.config import Config
from cli.keys import PUBLIC_NAME
from ledger.errors import InputError
from por.site.write import SiteWritten, write_site

__all__ = ["Publisher", "SiteJob", "publish", "publish_site", "site_job"]


class SiteJob(NamedTuple):
    """What the page is written from: the folder of bundles, the public key file, token layouts; and where to."""

    out: Path
    hours: Path
    key: Path
    layouts: tuple[Path, ...]
    cache: Path


def site_job(config: Config) -> SiteJob | None:
    """The job of an exchange's folder; None where no site is wanted."""
    if config.site is None:
        return None
    key = config.secrets / PUBLIC_NAME
    return SiteJob(config.site, config.hours, key, config.layouts, config.folder / "site.cache")


def publish_site(job: SiteJob) -> SiteWritten | None:
    """Write or bring up to date the page; None while there is no statement."""
    bundles = sorted(path for path in job.hours.iterdir() if (path / "attestation.json").is_file())
    if not bundles:
        return None
    layouts = read_layout_files(job.layouts)
    return write_site(job.out, bundles, job.key.read_bytes(), layouts=layouts, cache=job.cache)


class Publisher:
    """Writes the page in another process, one at a time; what was asked for meanwhile is done after it."""

    def __init__(self, job: SiteJob | None) -> None:
        self._job = job
        self._process: BaseProcess | None = None
        self._is_wanted = False

    def ask(self) -> None:
        """There is a new statement."""
        self._is_wanted = self._job is not None

    def work(self) -> str | None:
        """Start what is wanted; a word for the operator if the last one failed."""
        problem = None
        if self._process is not None and not self._process.is_alive():
            self._process.join()
            problem = "the public page could not be written" if self._process.exitcode else None
            self._process = None
        if self._is_wanted and self._process is None:
            self._is_wanted = False
            self._process = get_context("spawn").Process(target=publish_site, args=(self._job,), name="site")
            self._process.start()
        return problem

    def finish(self) -> None:
        """Wait until the page says everything that was asked for."""
        while self._is_wanted or self._process is not None:
            self.work()
            if self._process is not None:
                self._process.join()


@click.command()
@click.option(
    "--folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    envvar="TALLYSTICK_FOLDER",
    help="The exchange's folder.",
)
@json_option
def publish(folder: Path, as_json: bool) -> int:
    """Write the public page of an exchange again, from its signed files alone."""
    config = Config.load(folder)
    job = site_job(config)
    if job is None:
        raise InputError(str(folder), "has no folder for the page", "Name one as [hour] site.")
    written = publish_site(job)
    if written is None:
        raise InputError(str(config.hours), "holds no statement yet", "Wait for the first full hour.")
    if as_json:
        emit_json(asdict(written))
    else:
        click.echo(f"{len(written.pages)} pages written, {written.signed} statements, newest {written.newest}")
        click.echo(f"open {job.out / 'index.html'}")
    return 0
