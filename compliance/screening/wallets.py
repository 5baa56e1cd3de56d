"""The one spelling of a wallet address by which two are compared; a screening refuses none, it compares them all.

1. White space around, a CAIP-10 prefix (`eip155:1:`) and a URI prefix (`bitcoin:`) go.
2. 0x and 40 hexadecimal digits, whatever their case: lower-case. An EIP-55 checksum is a typing aid and not identity;
   one that is wrong is no reason to miss a listed address.
3. Bech32 and CashAddr (a known human-readable part, then data of their alphabet): lower-case (BIP 173).
4. Everything else, base58 above all, is compared exactly: there case is identity.

The currency is not part of it: one EVM key is the same holder on every chain, and lists put tokens' codes on addresses.
"""

from __future__ import annotations

import re

__all__ = ["canonical_address"]

_EVM = re.compile(r"0[xX][0-9a-fA-F]{40}\Z")
_CAIP10 = re.compile(r"[a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}:(?=.)")
_URI = re.compile(r"(bitcoin|bitcoincash|litecoin|ethereum|dash|monero|zcash|tron):(?=.)", re.IGNORECASE)
_BECH32 = re.compile(
    r"(?:bc|tb|ltc|btg|dgb|vtc|zs|u|cosmos|osmo|addr|stake|erd|one|thor|kava|inj|bnb)1[02-9ac-hj-np-z]{6,}\Z",
    re.IGNORECASE,
)
_CASHADDR = re.compile(r"[qp][02-9ac-hj-np-z]{41}\Z", re.IGNORECASE)


def canonical_address(text: str) -> str:
    """The spelling to compare by; idempotent. Never raises: what has no known form is compared as it is."""
    address = "".join(text.split())
    while True:
        shorter = _URI.sub("", _CAIP10.sub("", address, count=1), count=1)
        if shorter == address or not shorter:
            break
        address = shorter
    if _EVM.match(address) or _is_one_case(address):
        return address.lower()
    return address


def _is_one_case(address: str) -> bool:
    # Mixed case is no valid bech32; it is folded all the same, so that a spoiled copy still meets the listed address.
    return _BECH32.match(address) is not None or _CASHADDR.match(address) is not None
