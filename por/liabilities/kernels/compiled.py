"""The C kernel, where it was built; see `_tree.c`."""

from __future__ import annotations

from por.liabilities.kernels.vector import NumpyKernel

__all__ = ["CompiledKernel", "engines"]


def engines() -> tuple[str, ...]:
    """Names of the engines that this processor can run, the fastest last; none if the extension is not built."""
    return ()


class CompiledKernel(NumpyKernel):
    """The same functions over `por.liabilities.kernels._tree`."""

    def __init__(self, name: str) -> None:
        self.name = name
