from __future__ import annotations

from tests.compliance.transactions.conftest import day, random_days, reference_file

__all__ = ["day", "random_days", "reference_file"]
