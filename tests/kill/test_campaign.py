"""A short campaign of kills against the real process; the long one is `make kill-campaign`, docs/reliability.md."""

from __future__ import annotations

import os

import pytest

from tests.kill.campaign import Campaign

KILLS = 8


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_nothing_acknowledged_is_lost_and_nothing_doubled_when_the_process_is_killed(tmp_path):
    report = Campaign(tmp_path, seed=2).run(KILLS)
    assert report.kills == KILLS and report.acknowledged > 100, "\n".join(report.lines())
