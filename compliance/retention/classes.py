"""What kinds of records there are, whose rules ask for them, and which events start a clock."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

__all__ = ["PERSONAL_CLASSES", "RecordClass", "Regime", "StartEvent"]


class RecordClass(StrEnum):
    """A kind of record; one record has one class. The value stands in the archive's bytes and never changes."""

    TRADE = "trade"
    ORDER = "order"
    GENERAL_LEDGER = "general_ledger"
    CUSTOMER_LEDGER = "customer_ledger"
    CLIENT_MONEY_DAY = "client_money_day"
    TRUST_PROPERTY_DAY = "trust_property_day"
    CLIENT_ASSET_DAY = "client_asset_day"
    GUARANTEE_DAY = "guarantee_day"
    SEGREGATION_AUDIT = "segregation_audit"
    COMMAND_LOG = "command_log"
    ATTESTATION = "attestation"
    RECONCILIATION = "reconciliation"
    CLIENT_STATEMENT = "client_statement"
    AGREEMENT = "agreement"
    CONSENT = "consent"
    COMMUNICATION = "communication"
    KYC = "kyc"
    TRAVEL_RULE = "travel_rule"
    SCREENING = "screening"
    BLOCKED_PROPERTY = "blocked_property"
    SURVEILLANCE_CASE = "surveillance_case"
    SUSPICION_REPORT = "suspicion_report"
    COMPLAINT = "complaint"
    CONFLICT = "conflict"
    MINUTES = "minutes"
    ALGORITHM = "algorithm"
    COSTS = "costs"
    LENDING = "lending"
    COMPLIANCE_RESULT = "compliance_result"
    REGULATOR_REPORT = "regulator_report"
    TAX_REPORT = "tax_report"
    INCIDENT = "incident"


class Regime(StrEnum):
    """Whose rules a record is kept under; several at once, and the longest clock wins."""

    VARA = "vara"
    JAPAN = "jp"
    US = "us"
    NEW_YORK = "us-ny"
    CALIFORNIA = "us-ca"
    MIFID = "eu-mifid"
    MICA = "eu-mica"
    HOUSE = "house"
    """The firm's own policy: ten years for everything, the union of the periods that were read."""


class StartEvent(StrEnum):
    """What a clock counts from. Without the event the clock has not begun, and the record is kept."""

    CREATION = "creation"
    BOOK_CLOSING = "book_closing"
    """The day on which the book that the record belongs to was closed, as at the end of a business year."""
    RELATIONSHIP_END = "relationship_end"
    ABANDONMENT = "abandonment"
    """The day on which an inactive account counts as abandoned."""
    UNBLOCKING = "unblocking"
    DESIGNATION = "designation"
    """Somebody with the power to do so named the record as one to be kept without end."""


PERSONAL_CLASSES: Final = frozenset(
    {
        RecordClass.AGREEMENT,
        RecordClass.BLOCKED_PROPERTY,
        RecordClass.CLIENT_STATEMENT,
        RecordClass.COMMUNICATION,
        RecordClass.COMPLAINT,
        RecordClass.CONSENT,
        RecordClass.KYC,
        RecordClass.SCREENING,
        RecordClass.SURVEILLANCE_CASE,
        RecordClass.SUSPICION_REPORT,
        RecordClass.TAX_REPORT,
        RecordClass.TRAVEL_RULE,
    }
)
"""Classes whose documents name a person as a rule: with a customer named they are always sealed under their key."""
