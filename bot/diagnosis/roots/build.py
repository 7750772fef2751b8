"""Builds `history.json`: when each root entered and left Mozilla's list, as certifi shipped it.

Run `python -m bot.diagnosis.roots.build` to make it anew (it fetches about two releases a year
with pip); a release that is newer than the newest one known is enough to bring it up to date.
"""

import json
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from bot.diagnosis.certificate import read_pem_certificates

RELEASES = (
    *("2015.4.28", "2015.11.20", "2016.2.28", "2016.9.26", "2017.1.23", "2017.7.27", "2018.1.18"),
    *("2018.8.24", "2019.3.9", "2019.9.11", "2020.4.5", "2020.12.5", "2021.5.30", "2021.10.8"),
    *("2022.6.15", "2022.12.7", "2023.5.7", "2023.11.17", "2024.6.2", "2024.12.14", "2025.6.15"),
    *("2025.11.12", "2026.5.20"),
)
OUT = Path(__file__).with_name("history.json")


def _fetched(release: str, folder: Path) -> bytes:
    """The bundle of one release."""
    into = folder / release
    # A wheel where there is one: nothing has to be built to read it.
    subprocess.run(  # noqa: S603 - all words are our own
        (
            *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
            *("--no-deps", "--prefer-binary", "--dest", str(into), f"certifi=={release}"),
        ),
        check=True,
    )
    return next(_bundles(next(into.iterdir())))


def _bundles(archive: Path) -> Iterator[bytes]:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            yield wheel.read("certifi/cacert.pem")
        return
    with tarfile.open(archive) as source:
        for member in source:
            if member.name.endswith("certifi/cacert.pem"):
                read = source.extractfile(member)
                if read is not None:
                    yield read.read()


def _day(release: str) -> str:
    year, month, day = map(int, release.split("."))
    return date(year, month, day).isoformat()


def main() -> None:
    """Fetch all releases and write the file."""
    days = [_day(one) for one in RELEASES]
    roots: dict[str, list[str | int]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, release in enumerate(RELEASES):
            for one in read_pem_certificates(_fetched(release, Path(folder))):
                entry = roots.setdefault(one.sha256, [one.subject_name, number, number])
                entry[2] = number
    lines = ",\n".join(f'"{key}":{json.dumps(roots[key])}' for key in sorted(roots))
    OUT.write_text(f'{{"releases":{json.dumps(days)},\n"roots":{{\n{lines}\n}}}}\n')


if __name__ == "__main__":
    main()
