"""The rehearsed day's firm states facts that the catalogue knows, in every form that it can be dated."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime

import pytest

from cli.exchange.day_firm import firm_text
from compliance.facts import Source
from compliance.firm_values import read_value
from compliance.regimes import catalogue


@pytest.mark.parametrize("moment", [datetime(2026, 11, 30, tzinfo=UTC), datetime(2028, 2, 29, 23, tzinfo=UTC)])
def test_every_fact_of_the_day_is_one_that_a_firm_may_state(moment):
    kinds = catalogue()
    stated = tomllib.loads(firm_text(moment))
    assert len(stated) > 40
    for name, raw in stated.items():
        assert kinds[name].source is not Source.ATTESTATION
        for each in raw.values() if kinds[name].by_state else [raw]:
            read_value(kinds[name], each)
