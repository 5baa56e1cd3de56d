"""Countries as lists write them, to their ISO 3166-1 codes. Words that are not here stay words and are compared with
nothing: an unknown nationality neither helps nor hurts a match. Source: ISO 3166-1, English short names, with the other
spellings that the OFAC, UN and EU files use."""

from __future__ import annotations

from typing import Final

__all__ = ["country_code", "is_country_code"]

_TABLE: Final = """
AD Andorra|AE United Arab Emirates;UAE|AF Afghanistan|AG Antigua and Barbuda|AI Anguilla|AL Albania|AM Armenia|AO Angola
AQ Antarctica|AR Argentina|AS American Samoa|AT Austria|AU Australia|AW Aruba|AX Aland Islands|AZ Azerbaijan
BA Bosnia and Herzegovina|BB Barbados|BD Bangladesh|BE Belgium|BF Burkina Faso|BG Bulgaria|BH Bahrain|BI Burundi
BJ Benin|BL Saint Barthelemy|BM Bermuda|BN Brunei;Brunei Darussalam|BO Bolivia;Bolivia (Plurinational State of)
BQ Bonaire, Sint Eustatius and Saba|BR Brazil|BS Bahamas;Bahamas, The;The Bahamas|BT Bhutan|BW Botswana|BY Belarus
BZ Belize|CA Canada|CC Cocos (Keeling) Islands|CF Central African Republic
CD Democratic Republic of the Congo;Congo, Democratic Republic of the;DR Congo
CG Congo;Republic of the Congo;Congo, Republic of the|CH Switzerland|CI Cote d'Ivoire;Côte d’Ivoire;Côte d'Ivoire
CK Cook Islands|CL Chile|CM Cameroon|CN China;People's Republic of China|CO Colombia|CR Costa Rica|CU Cuba
CV Cabo Verde;Cape Verde|CW Curacao;Curaçao|CX Christmas Island|CY Cyprus|CZ Czechia;Czech Republic|DE Germany
DJ Djibouti|DK Denmark|DM Dominica|DO Dominican Republic|DZ Algeria|EC Ecuador|EE Estonia|EG Egypt|EH Western Sahara
ER Eritrea|ES Spain|ET Ethiopia|FI Finland|FJ Fiji|FK Falkland Islands|FM Micronesia|FO Faroe Islands|FR France
GA Gabon|GB United Kingdom;United Kingdom of Great Britain and Northern Ireland;Great Britain|GD Grenada|GE Georgia
GF French Guiana|GG Guernsey|GH Ghana|GI Gibraltar|GL Greenland|GM Gambia;The Gambia|GN Guinea|GP Guadeloupe
GQ Equatorial Guinea|GR Greece|GS South Georgia and the South Sandwich Islands|GT Guatemala|GU Guam|GW Guinea-Bissau
GY Guyana|HK Hong Kong|HM Heard Island and McDonald Islands|HN Honduras|HR Croatia|HT Haiti|HU Hungary|ID Indonesia
IE Ireland|IL Israel|IM Isle of Man;Man, Isle of|IN India|IO British Indian Ocean Territory|IQ Iraq
IR Iran;Iran (Islamic Republic of);Islamic Republic of Iran;Iran, Islamic Republic of|IS Iceland|IT Italy|JE Jersey
JM Jamaica|JO Jordan|JP Japan|KE Kenya|KG Kyrgyzstan|KH Cambodia|KI Kiribati|KM Comoros|KN Saint Kitts and Nevis
KP North Korea;Korea, North;Democratic People's Republic of Korea;Democratic People’s Republic of Korea;DPRK
KR South Korea;Korea, South;Republic of Korea|KW Kuwait|KY Cayman Islands|KZ Kazakhstan
LA Laos;Lao People's Democratic Republic|LB Lebanon|LC Saint Lucia|LI Liechtenstein|LK Sri Lanka|LR Liberia|LS Lesotho
LT Lithuania|LU Luxembourg|LV Latvia|LY Libya|MA Morocco|MC Monaco|MD Moldova;Republic of Moldova|ME Montenegro
MF Saint Martin|MG Madagascar|MH Marshall Islands|MK North Macedonia;Macedonia|ML Mali|MM Burma;Myanmar|MN Mongolia
MO Macau;Macao|MP Northern Mariana Islands|MQ Martinique|MR Mauritania|MS Montserrat|MT Malta|MU Mauritius
MV Maldives|MW Malawi|MX Mexico|MY Malaysia|MZ Mozambique|NA Namibia|NC New Caledonia|NE Niger|NF Norfolk Island
NG Nigeria|NI Nicaragua|NL Netherlands;The Netherlands|NO Norway|NP Nepal|NR Nauru|NU Niue|NZ New Zealand|OM Oman
PA Panama|PE Peru|PF French Polynesia|PG Papua New Guinea|PH Philippines|PK Pakistan|PL Poland
PM Saint Pierre and Miquelon|PN Pitcairn|PR Puerto Rico
PS Palestine;Palestinian;State of Palestine;West Bank;Region: Gaza;Occupied Palestinian Territory|PT Portugal|PW Palau
PY Paraguay|QA Qatar|RE Reunion|RO Romania|RS Serbia|RU Russia;Russian Federation|RW Rwanda|SA Saudi Arabia
SB Solomon Islands|SC Seychelles|SD Sudan|SE Sweden|SG Singapore|SH Saint Helena|SI Slovenia
SJ Svalbard and Jan Mayen|SK Slovakia|SL Sierra Leone|SM San Marino|SN Senegal|SO Somalia|SR Suriname|SS South Sudan
ST Sao Tome and Principe|SV El Salvador|SX Sint Maarten|SY Syria;Syrian Arab Republic|SZ Eswatini;Swaziland
TC Turks and Caicos Islands|TD Chad|TF French Southern Territories|TG Togo|TH Thailand|TJ Tajikistan|TK Tokelau
TL Timor-Leste|TM Turkmenistan|TN Tunisia|TO Tonga|TR Turkey;Türkiye|TT Trinidad and Tobago|TV Tuvalu|TW Taiwan
TZ Tanzania;United Republic of Tanzania|UA Ukraine|UG Uganda|UM United States Minor Outlying Islands
US United States;United States of America;USA|UY Uruguay|UZ Uzbekistan|VA Holy See
VC Saint Vincent and the Grenadines|VE Venezuela;Venezuela (Bolivarian Republic of)|VG Virgin Islands, British
VI Virgin Islands, U.S.|VN Vietnam;Viet Nam|VU Vanuatu|WF Wallis and Futuna|WS Samoa|XK Kosovo|YE Yemen|YT Mayotte
ZA South Africa|ZM Zambia|ZW Zimbabwe
"""


def _read() -> dict[str, str]:
    codes: dict[str, str] = {}
    for row in _TABLE.replace("\n", "|").split("|"):
        if row:
            code, _, names = row.partition(" ")
            codes[code.casefold()] = code
            codes.update({name.strip().casefold(): code for name in names.split(";")})
    return codes


_CODES: Final = _read()


def country_code(text: str) -> str:
    """The ISO code of a country's name or code; the text itself, without white space around, where it is not known."""
    words = " ".join(text.split())
    return _CODES.get(words.casefold(), words)


def is_country_code(text: str) -> bool:
    """Whether a text is a code of the table, and so can be compared."""
    return len(text) == 2 and text.isupper() and text.casefold() in _CODES
