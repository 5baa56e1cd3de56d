"""Surveillance over the order log: what happened becomes tables, detectors make alerts, cases hold what people decide.

In: the exchange's log, executed again (`reader`), and tables that only the firm has (`inputs`). Out: a result with
alerts, with what could not run, and with the log positions that were read (`runner`); cases with drafts of reports
(`case`, `drafts`); facts for the rules (`facts`). Nothing here files, reads a clock, or writes to the exchange.

events      the two tables: order events and money events
reader      from records of the log and the engine's facts to the tables
log         a log as tables, in memory or as Parquet by market
inputs      owners, markets, tagged addresses, announcements, duties, levels; None means that nobody looked
parameters  every threshold by name; engineering defaults, not law
frames      one market's events as trades, fills and orders
detectors   pure functions from these to alerts
runner      all of them
case        an alert's way to a decision, in a chain of notes
drafts      drafts of a STOR, a SAR and a VARA notice out of one case
tables      the firm's file of tables, which becomes inputs
facts       what the rules may ask: detectors and their alerts, cases and their clocks

Each detector, what it is meant for, and whom it serves. Annex II: indicators of Delegated Regulation (EU) 2016/522, by
their families; (EU) 2025/885 asks for the same of crypto-assets under MiCA. Thresholds are nobody's law.

AML-01 structuring          31 CFR 1010.314 (US), VARA, TFR 2023/1113 (EU)
AML-02 rapid in-out         red flags of money laundering: US SAR, VARA, Japan, EU
AML-03 fan-in, fan-out      as AML-02
AML-04 dormancy break       as AML-02; also account take-over
AML-05 round trip           as AML-02
AML-06 shared instruments   as AML-02; linked accounts for MA-01
AML-07 tagged addresses     sanctions and taint: OFAC (US), VARA, Japan, EU
AML-08 large coin day       23 NYCRR 200.15 (New York)
MA-01  wash trades          Annex II, false or misleading signals: no change in beneficial ownership
MA-02  circular trading     Annex II, false or misleading signals: transactions without change of position
MA-03  layering, spoofing   Annex II, false or misleading signals: orders without intention to execute
MA-04  quote stuffing       Annex II, disruption of the functioning of a venue
MA-05  momentum ignition    Annex II, orders that start or exacerbate a trend
MA-06  marking              Annex II, price securing: reference prices, closes, triggers
MA-07  ramping              Annex II, price securing and fictitious devices: pump and dump
MA-08  painting the tape    Annex II, false or misleading signals: impression of activity
MA-09  before an event      MAR article 8, MiCA article 89: insider dealing
MA-10  front-running        MAR article 8, MiCA article 89: orders of clients as inside information
MA-11  wide spread          Annex II, excessive bid-offer spreads; duties of market makers
MA-12  defended level       Annex II, price securing: creation of a floor or a ceiling
All MA serve MAR 16 (STOR), MiCA 92, VARA-EX-01 and JP-MA-01.

The tables are Polars'; the extra `surveillance` brings it. `alerts`, `case`, `drafts`, `inputs`, `parameters` and
`tables` do without. Figures on seeded worlds, limits and speed: docs/surveillance.md.
"""

from ledger.errors import InputError

__all__ = ["require_tables"]


def require_tables() -> None:
    """Whether the extra is installed; raises InputError with the remedy."""
    try:
        import polars  # noqa: F401  # its presence is the question
    except ImportError:
        remedy = "Install it: pip install 'tallystick[surveillance]'."
        raise InputError("surveillance", "needs Polars, which is not installed", remedy) from None
