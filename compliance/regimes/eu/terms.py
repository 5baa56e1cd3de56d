"""What the rows of this regime share: texts and where they stand, whom they bind, what a breach can bring, clocks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any, Final

from compliance.calendars import Clock, Unit
from compliance.rules import Condition, Parameter, Primitive, Rule, Status

__all__ = [
    "ACTS",
    "CFD",
    "CUSTODY",
    "DORA_FROM",
    "E1",
    "E2",
    "E3",
    "EXACT",
    "FIRM",
    "LEAST",
    "MICA",
    "MICA_FROM",
    "MIFID_FROM",
    "PLATFORM",
    "REGIME",
    "TARGET",
    "TEXTS",
    "VENUE",
    "S",
    "U",
    "V",
    "activity",
    "business_days",
    "hours",
    "months",
    "row",
    "years",
]

REGIME: Final = "eu"
TARGET: Final = "TARGET"
V, S, U = Status.VERIFIED, Status.SECONDARY, Status.UNVERIFIED

MIFID_FROM: Final = date(2018, 1, 3)
MICA_FROM: Final = date(2024, 12, 30)
"""From then on MiCA binds service providers; Member States could let those already there go on until 2026-07-01."""
DORA_FROM: Final = date(2025, 1, 17)

E1: Final = (
    "MiFID II article 70 and national sanctions under MiFIR: for a legal person at least EUR 5 million or 10 % of "
    "yearly turnover (amounts unverified)"
)
E2: Final = (
    "Market Abuse Regulation: sanctions that for manipulation reach EUR 15 million or 15 % of yearly turnover "
    "(amounts unverified)"
)
E3: Final = (
    "MiCA article 111: for a legal person EUR 5 million or 3 to 12.5 % of yearly turnover, by kind of breach; market "
    "abuse EUR 15 million or 15 % (amounts unverified: sources differ between 3 and 5 % for service providers)"
)

ACTS: Final[tuple[tuple[str, str], ...]] = (
    ("MiCA", "Regulation (EU) 2023/1114 on markets in crypto-assets"),
    ("RTS 2025/416", "Delegated Regulation (EU) 2025/416: records of the order book of platforms for crypto-assets"),
    ("RTS 2025/417", "Delegated Regulation (EU) 2025/417: transparency of platforms (number unverified)"),
    ("RTS 2025/885", "Delegated Regulation (EU) 2025/885: market abuse in crypto-assets"),
    ("RTS 2025/1140", "Delegated Regulation (EU) 2025/1140: records of crypto-asset service providers"),
    ("ITS 2024/2902", "Implementing Regulation (EU) 2024/2902: reporting on asset-referenced and e-money tokens"),
    ("TFR", "Regulation (EU) 2023/1113 on information accompanying transfers of funds and certain crypto-assets"),
    ("DORA", "Regulation (EU) 2022/2554 on digital operational resilience"),
    ("RTS 2025/301", "Delegated Regulation (EU) 2025/301: reports of major ICT incidents"),
    ("RTS 2024/1772", "Delegated Regulation (EU) 2024/1772: classification of ICT incidents"),
    ("DAC8", "Directive (EU) 2023/2226 amending Directive 2011/16/EU on administrative cooperation in taxation"),
    ("MiFID II", "Directive 2014/65/EU on markets in financial instruments"),
    ("MiFIR", "Regulation (EU) 600/2014 on markets in financial instruments"),
    ("DD 2017/593", "Delegated Directive (EU) 2017/593: safeguarding of clients' instruments and funds"),
    ("DR 2017/565", "Delegated Regulation (EU) 2017/565: organisation of investment firms"),
    ("RTS 6", "Delegated Regulation (EU) 2017/589: algorithmic trading"),
    ("RTS 7", "Delegated Regulation (EU) 2017/584: organisation of trading venues"),
    ("RTS 9", "Delegated Regulation (EU) 2017/566: ratio of unexecuted orders to transactions"),
    ("RTS 22", "Delegated Regulation (EU) 2017/590: transaction reports"),
    ("RTS 24", "Delegated Regulation (EU) 2017/580: order data of venues"),
    ("RTS 25", "Delegated Regulation (EU) 2017/574: business clocks, until 2025-11-22"),
    ("RTS 2025/1155", "Delegated Regulation (EU) 2025/1155: consolidated tapes and business clocks"),
    ("MAR", "Regulation (EU) 596/2014 on market abuse"),
    ("DR 2016/957", "Delegated Regulation (EU) 2016/957: reports of suspicious orders; with 2016/522, indicators"),
    ("IFR", "Regulation (EU) 2019/2033 on prudential requirements of investment firms"),
)
"""The acts by the names that citations use."""

TEXTS: Final[Mapping[str, str]] = {
    "mica-67": "https://www.mica.wtf/mica/title-v-authorisation-and-operating-conditions-for-crypto-asset-service-"
    "providers-art.-59-85/chapter-2/article-67",
    "mica-70": "https://micavo.eu/artikel-70-mica/",
    "mica-75": "https://judict.eu/de/hla/32023R1114-X/article-75",
    "mica-76": "https://www.springlex.eu/en/packages/mica/mica-regulation/article-76/",
    "rts-obr": "https://www.springlex.eu/en/packages/mica/rts-obr-regulation/article-1/",
    "rts-rk-2": "https://eur-lex.europa.eu/eli/reg_del/2025/1140/oj",
    "rts-rk": "https://www.judict.eu/de/sla/32023R1114/32025R1140-X/article-5",
    "rts-ma": "https://eur-lex.europa.eu/eli/reg_del/2025/885/oj",
    "mica": "https://eur-lex.europa.eu/legal-content/EN/TXT/?uri=CELEX:32023R1114",
    "tfr-14": "https://www.springlex.eu/en/packages/aml/tfr-regulation/article-14/",
    "tfr-16": "https://judict.eu/de/hla/32023R1113-X/article-16",
    "tfr-17": "https://www.mica.wtf/tofr/transfer-of-funds-regulation/chapter-iii-casp-obligations/"
    "article-17-transfers-with-missing-or-incomplete-information",
    "dora": "https://www.springlex.eu/en/packages/dora/rts-ir-regulation/article-5",
    "dac8": "https://eur-lex.europa.eu/eli/dir/2023/2226/oj",
    "mifir": "https://eur-lex.europa.eu/eli/reg/2014/600/oj",
    "rts22": "https://www.handbook.fca.org.uk/techstandards/MIFID-MIFIR/2017/reg_del_2017_590_oj/019.html",
    "rts24": "https://eur-lex.europa.eu/eli/reg_del/2017/580/oj",
    "rts25": "https://ntp.rdem-systems.com/en/utc-time-traceability-audit.php",
    "rts25-new": "https://www.sintact.ro/legislatie/jurnalul-oficial-ue/"
    "regulamentul-1155-12-iun-2025-de-completare-a-regulamentului-79181470/roz-iii",
    "rts7-18": "https://www.judict.eu/en/sla/32014L0065/32017R0584-X/article-18",
    "rts7-19": "https://judict.eu/de/sla/32014L0065/32017R0584-X/article-19",
    "rts7-20": "https://nomox.eu/nomox_en/2014l0065-mif2/2017r0584-rts7/2017r0584_en.20",
    "rts9": "https://gesetze.legal/eu/vo_eu_2017_566/3",
    "rts6": "https://service.betterregulation.com/document/273006",
    "dd-593": "https://eur-lex.europa.eu/eli/dir_del/2017/593/oj",
    "dd-593-5": "https://gesetze.legal/eu/rl_2017_593_eu/5",
    "dr-565-62": "https://arslege.pl/dodatkowe-wymogi-w-zakresie-sprawozdawczosci-dotyczace-zarzadzania-portfelem-lub-"
    "transakcji-na-zobowiazaniach-warunkowych-art-25-ust-6-dyrektywy-2014-65-ue/k1775/a119365",
    "dr-565-63": "https://service.betterregulation.com/document/274027",
    "dr-565-72": "https://nomox.eu/nomox_en/2014l0065-mif2/2017r0565-delegated/2017r0565_en.72",
    "cfd": "https://www.regulationtomorrow.com/eu/esma-renews-restriction-on-cfds-for-further-three-months-from-may/",
    "mifid": "https://eur-lex.europa.eu/eli/dir/2014/65/oj",
    "ifr": "https://judict.eu/en/hla/32019R2033-X/article-15",
    "mar": "https://eur-lex.europa.eu/eli/reg_del/2016/522/oj",
}
"""Where the text was read, or where it stands for those that were not."""

MICA: Final = Condition("eu.licences", "contains", "mica")
FIRM: Final = Condition("eu.licences", "contains", "mifid-firm")
VENUE: Final = Condition("eu.licences", "contains", "mifid-venue")
PLATFORM: Final = (MICA, Condition("eu.services", "contains", "platform"))
CUSTODY: Final = (MICA, Condition("eu.services", "contains", "custody"))


def activity(name: str) -> Condition:
    """Binds those who say that they do this."""
    return Condition("eu.activities", "contains", name)


LEAST: Final = Parameter(Fraction(1), "records", U, "ours: where there is no record to look at, nothing has been shown")
EXACT: Final = Parameter(Fraction(0), "of what is required", U, "ours: to have exactly what is owed is in order")
CFD: Final = (activity("cfd-retail"),)


def hours(count: int) -> Clock:
    """Hours, through every day."""
    return Clock(count, Unit.HOURS)


def business_days(count: int) -> Clock:
    """Business days of the euro's payment system; a Member State's own holidays are not in it."""
    return Clock(count, Unit.BUSINESS_DAYS, TARGET)


def months(count: int) -> Clock:
    """Months, each day ending in Brussels."""
    return Clock(count, Unit.MONTHS, TARGET)


def years(count: int) -> Clock:
    """Years, each day ending in Brussels."""
    return Clock(count, Unit.YEARS, TARGET)


def row(
    rule_id: str,
    title: str,
    requirement: str,
    citation: str,
    text: str,
    status: Status,
    primitive: Primitive,
    **more: Any,
) -> Rule:
    """A row of the regime; `text` names its place in `TEXTS`. The other fields are those of `Rule`."""
    return Rule(
        id=rule_id,
        regime=REGIME,
        title=title,
        requirement=requirement,
        citation=citation,
        status=status,
        primitive=primitive,
        source=TEXTS[text],
        **{"version": "1", **more},
    )
