"""What can go wrong between an operator and a chain, each with a name of its own, because each wants another remedy."""

from __future__ import annotations

from ledger.errors import CheckFailed, FormatError, TallystickError

__all__ = [
    "BlockNotFinal",
    "ChainError",
    "CutoffNotReached",
    "EndpointLies",
    "EndpointUnreachable",
    "EndpointsDisagree",
    "HistoryMissing",
    "LayoutMismatch",
    "ProofError",
    "ReorgAfterSnapshot",
    "RlpError",
    "RpcRefused",
    "WrongChain",
]


class RlpError(FormatError):
    """Bytes that are not the one canonical RLP encoding of anything."""


class ProofError(CheckFailed):
    """A Merkle-Patricia proof that does not lead from its root to its key, or is not exactly the path."""


class ChainError(TallystickError):
    """Root of what a chain's endpoints can do to a snapshot. `verdict` is a stable slug for reports and `--json`."""

    verdict = "chain-error"


class EndpointUnreachable(ChainError):
    """No answer, or an answer that is not JSON-RPC. Remedy: another endpoint, or wait."""

    verdict = "endpoint-unreachable"


class RpcRefused(ChainError):
    """The endpoint answered with a JSON-RPC error that no narrower class explains."""

    verdict = "rpc-refused"


class WrongChain(ChainError):
    """The endpoint serves another chain id than the reserve list names. Remedy: correct the URL or the chain."""

    verdict = "wrong-chain"


class EndpointsDisagree(ChainError):
    """Two endpoints give different blocks at one height, or different answers to one pinned call."""

    verdict = "endpoints-disagree"


class EndpointLies(ChainError):
    """An endpoint's answer contradicts itself: a header that does not hash to its hash, a balance not in its proof."""

    verdict = "endpoint-lies"


class ReorgAfterSnapshot(ChainError):
    """The block at the snapshot's height is no longer the one that was snapshotted. Remedy: take the snapshot again."""

    verdict = "reorg-after-snapshot"


class LayoutMismatch(ChainError):
    """A token's `balanceOf` is not what the operator's layout reads. Remedy: correct the layouts file."""

    verdict = "layout-mismatch"


class BlockNotFinal(ChainError):
    """The snapshot's block did not become final in the time allowed. Remedy: wait longer."""

    verdict = "block-not-final"


class CutoffNotReached(ChainError):
    """The chain has no block after the cut-off yet, so its last block before it is not known."""

    verdict = "cutoff-not-reached"


class HistoryMissing(ChainError):
    """The endpoint has pruned the state (or the block) that is asked for. Remedy: an archive endpoint."""

    verdict = "history-missing"
