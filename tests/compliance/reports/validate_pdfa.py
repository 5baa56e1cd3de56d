"""Run veraPDF, the reference validator of PDF/A, over PDFs: over those of the sample where none is named.

    python -m tests.compliance.reports.validate_pdfa [FILE...]

Needs a JDK (17 or later) and Maven, which fetches the validator into .cache once; it is no part of the tests because a
machine that builds the project need not have them. The exit status is 1 where a file is not what it claims to be.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PLACE = ROOT / ".cache" / "verapdf"
VERSION = "1.28.2"
POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>tallystick</groupId><artifactId>verapdf</artifactId><version>1</version>
<dependencies><dependency>
<groupId>org.verapdf</groupId><artifactId>validation-model</artifactId><version>{VERSION}</version>
</dependency></dependencies></project>
"""


def fetch() -> Path:
    """The folder with the validator's jars."""
    jars = PLACE / VERSION
    if not jars.is_dir():
        PLACE.mkdir(parents=True, exist_ok=True)
        (PLACE / "pom.xml").write_text(POM, encoding="utf-8")
        part = PLACE / "part"
        shutil.rmtree(part, ignore_errors=True)
        goal = ["dependency:copy-dependencies", f"-DoutputDirectory={part}"]
        subprocess.run(["mvn", "--quiet", "--batch-mode", "-f", str(PLACE / "pom.xml"), *goal], check=True)
        part.rename(jars)
    return jars


def samples(folder: Path) -> list[Path]:
    """The sample pack in both languages, signed and unsigned, and a customer's statement."""
    from cli.statement_pdf import render_pdf as render_statement
    from compliance.reports.sign import sign_pdf
    from tests.compliance.reports.support import sample_pdf
    from tests.compliance.reports.test_sign import officer_of
    from tests.support.statements import typical

    made = {language: sample_pdf(language)[1] for language in ("en", "ja")}
    made |= {"signed": sign_pdf(made["en"], officer_of(folder)), "statement": render_statement(typical())}
    for name, data in made.items():
        (folder / f"{name}.pdf").write_bytes(data)
    return [folder / f"{name}.pdf" for name in made]


def main() -> int:
    """Validate; 1 if any file is not compliant."""
    for program in ("java", "mvn"):
        if shutil.which(program) is None:
            print(f"{program} is not on PATH: install a JDK and Maven")
            return 2
    source = Path(__file__).with_name("ValidatePdfa.java")
    with tempfile.TemporaryDirectory() as made:
        files = [Path(name) for name in sys.argv[1:]] or samples(Path(made))
        command = ["java", "-cp", f"{fetch()}/*", str(source), *map(str, files)]
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
