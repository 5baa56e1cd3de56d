"""A local development chain for the demo and the tests: real blocks, proofs and JSON-RPC, and no money.

`start_devnode` runs anvil, pinned by the package-lock.json beside this file and fetched by npm into a cache folder on
first use. Where that cannot be had, `start_pyevm` runs py-evm inside this process, with proofs but without
reorganisations, finality lag or pruning. Nothing here is used on a real chain.
"""

from __future__ import annotations

from por.reserves.evm.devnode.anvil import AnvilMissing, default_cache, find_anvil, start_devnode
from por.reserves.evm.devnode.node import DevNode, development_key, load_contract
from por.reserves.evm.devnode.pyevm import start_pyevm

__all__ = [
    "AnvilMissing",
    "DevNode",
    "default_cache",
    "development_key",
    "find_anvil",
    "load_contract",
    "start_devnode",
    "start_pyevm",
]
