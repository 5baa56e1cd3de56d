"""Replay a golden log and print what it gives, as JSON.

    python tests/golden/replay.py FOLDER

Runs under any Python that the project names, with nothing installed: where `cryptography` is missing, a module of that
name stands in so that `ledger.keys` can be imported, and everything in it refuses to be used; the replay then goes
without checking signatures, and says so.
"""

from __future__ import annotations

import hashlib
import importlib.machinery
import json
import sys
import types
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

STATES_EVERY = 50


class Absent(types.ModuleType):
    """Has every name, and none that can be used."""

    __path__: list[str] = []  # noqa: RUF012  # what makes a module a package; never filled

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (Exception,), {"__init__": _refuse})


def _refuse(self: object, *given: object, **more: object) -> None:
    raise RuntimeError("cryptography is not installed: no signature can be checked")


class AbsentFinder:
    """Finds `cryptography` and everything below it, as absent."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> importlib.machinery.ModuleSpec | None:
        if name.split(".", 1)[0] != "cryptography":
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)  # type: ignore[arg-type]  # it has both methods of a loader

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return Absent(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """Nothing to run."""


def replayed(folder: Path, *, check_signatures: bool) -> dict[str, Any]:
    """Where the log ends, the state there and on the way, every hour's, and a hash over all facts."""
    from ledger.engine import Engine
    from ledger.events import HourCut, event_document
    from ledger.genesis import Genesis
    from ledger.log import LogReader
    from ledger.playback import replay

    genesis = Genesis.from_file((folder / "genesis.json").read_bytes())
    reader = LogReader(folder / "log", genesis.exchange, genesis.hash)
    engine, facts, hours, states = Engine.begin(genesis), hashlib.sha256(), {}, {}
    for record, events in replay(reader.records(), engine, check_signatures=check_signatures):
        for event in events:
            facts.update(json.dumps(event_document(event), sort_keys=True).encode() + b"\n")
            if isinstance(event, HourCut):
                hours[str(event.hour)] = event.parameters
        if record.sequence % STATES_EVERY == 0:
            states[str(record.sequence)] = engine.state_hash().hex()
        engine.ledger.drain_rows()
    return {
        "facts": facts.hexdigest(),
        "head": reader.head.hash.hex(),
        "hours": hours,
        "records": int(reader.head.sequence),
        "ruleset": genesis.ruleset,
        "state": engine.state_hash().hex(),
        "states": states,
    }


def main() -> int:
    """For a process of its own."""
    try:
        import cryptography  # noqa: F401  # only whether it is there
    except ImportError:
        sys.meta_path.insert(0, AbsentFinder())
        is_checked = False
    else:
        is_checked = True
    result = replayed(Path(sys.argv[1]), check_signatures=is_checked)
    print(json.dumps({"result": result, "signatures": is_checked, "python": sys.version.split()[0]}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
