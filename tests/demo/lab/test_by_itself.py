"""`python -m bot.demo.lab`, as a person starts and ends it."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=["kill", "Ctrl-C"])
async def test_it_leaves_nothing_behind(how: signal.Signals, tmp_path: Path) -> None:
    """Ended by a signal, it takes its folder with the roots away and is content."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot.demo.lab"),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[3],
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path)},
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            while not (line := (await process.stdout.readline()).decode()).startswith("roots: "):
                assert process.returncode is None
            roots = Path(line.removeprefix("roots: ").strip())
            assert roots.parent.parent == tmp_path
            process.send_signal(how)
            await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0
    assert os.listdir(tmp_path) == []
