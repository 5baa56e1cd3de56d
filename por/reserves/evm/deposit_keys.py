"""One key for each deposit address, all from one seed: BIP-32 under BIP-44's path for Ether, every step hardened.

The path is m/44'/60'/ACCOUNT'/0'/SUBACCOUNT' with the numbers that the ledger gave; a wallet that speaks BIP-44 can
restore any of them. Hardened steps, because an address's key may have to be handed out alone (to a sweeper, to a
court) and then says nothing about its neighbours; nobody needs to derive addresses without the seed, since the log
registers each (`AssignAddress`) before it is shown. The derivation is eth-account's, checked against BIP-32's and the
development chain's published vectors by the tests.
"""

from __future__ import annotations

from eth_account import Account
from eth_account.hdaccount.deterministic import HDPath

from por.reserves.evm.hexes import from_hex

__all__ = ["NUMBER_MAX", "DepositKeys"]

NUMBER_MAX = 2**31 - 1
SEED_BYTES = range(16, 65)


class DepositKeys:
    """Derives from a seed of 16 to 64 bytes, which never leaves this object in words."""

    def __init__(self, seed: bytes) -> None:
        assert len(seed) in SEED_BYTES, "BIP-32 takes seeds of 128 to 512 bits"
        self._seed = seed

    def key(self, account: int, subaccount: int) -> bytes:
        """The private key of an account's subaccount; numbers from 0 to 2^31-1."""
        assert 0 <= account <= NUMBER_MAX and 0 <= subaccount <= NUMBER_MAX, "a hardened step has 31 bits"
        return bytes(HDPath(f"m/44'/60'/{account}'/0'/{subaccount}'").derive(self._seed))

    def address(self, account: int, subaccount: int) -> bytes:
        """The address that the chain knows the key by."""
        return from_hex(str(Account.from_key(self.key(account, subaccount)).address).lower(), 20, "address")
