"""Adds the optional C kernel of the liabilities trees to what pyproject.toml declares.

The kernel is built where a C compiler is present and left out, with a note, where none is: every caller has a NumPy
and a plain Python twin that give the same bytes. One wheel serves CPython 3.11 and later (stable ABI).
`TALLYSTICK_PURE=1` leaves the kernel out on purpose and gives a `py3-none-any` wheel.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import tempfile
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError

KERNELS = Path("por", "liabilities", "kernels")
STABLE_ABI = ("cp311", "0x030B0000")


class BuildKernel(build_ext):
    """Builds with the strongest optimisation that the compiler at hand accepts."""

    def build_extension(self, ext: Extension) -> None:
        if self.compiler.compiler_type == "msvc":
            ext.extra_compile_args = ["/O2"]
        elif self._accepts("-O3"):
            ext.extra_compile_args = ["-O3"]
        super().build_extension(ext)

    def _accepts(self, flag: str) -> bool:
        with tempfile.TemporaryDirectory() as folder:
            probe = Path(folder, "probe.c")
            probe.write_text("int probe(void) { return 0; }\n", encoding="ascii")
            try:
                self.compiler.compile([str(probe)], output_dir=folder, extra_postargs=[flag])
            except CompileError:
                return False
        return True


def kernel_extensions() -> list[Extension]:
    """The extension modules to try on this interpreter; none where none can work or none is wanted."""
    source = KERNELS / "_tree.c"
    if os.environ.get("TALLYSTICK_PURE") == "1" or sys.implementation.name != "cpython" or not source.exists():
        return []
    # Free-threaded interpreters have no stable ABI before 3.15, so there the kernel is built for the one at hand.
    stable = not sysconfig.get_config_var("Py_GIL_DISABLED")
    return [
        Extension(
            "por.liabilities.kernels._tree",
            sources=[source.as_posix()],
            depends=sorted(header.as_posix() for header in KERNELS.glob("*.h")),
            define_macros=[("Py_LIMITED_API", STABLE_ABI[1])] if stable else [],
            py_limited_api=stable,
            optional=True,
        )
    ]


extensions = kernel_extensions()
setup(
    ext_modules=extensions,
    cmdclass={"build_ext": BuildKernel},
    options={"bdist_wheel": {"py_limited_api": STABLE_ABI[0]}} if any(e.py_limited_api for e in extensions) else {},
)
