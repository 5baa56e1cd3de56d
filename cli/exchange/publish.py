"""The public page of an exchange's folder, written from its signed files after each hour, beside trading.

`publish_site` is a function of a module because it runs in a process of its own: a year of hours takes seconds.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import click

from cli.auditor import read_layout_files
from cli.common import emit_json, json_option
from cli.exchange.config import Config
from cli.keys import PUBLIC_NAME
from ledger.errors import InputError
from por.site.write import SiteWritten, write_site

__all__ = ["SiteJob", "publish", "publish_site", "site_job"]


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
