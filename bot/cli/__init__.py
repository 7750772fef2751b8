"""The command line. Here belong arguments, exit statuses and standard streams; no rule about TLS.

Every command imports what it needs when it runs: `tlscheck check` starts without Slack.
"""

import os
import sys
import warnings
from collections.abc import Sequence

from bot.cli.status import INTERRUPTED, UNCHECKED, USAGE, WrongUsageError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: What stands behind the program's name; None takes this process's own.

    Returns:
        The exit status (`bot.cli.status`). Mistakes of the caller and defects of ours are one
        line on standard error; with TLSCHECK_DEBUG set, a defect shows its traceback.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A terminal without UTF-8 shows \u2713 rather than nothing at all.
            stream.reconfigure(errors="backslashreplace")
    if not sys.warnoptions and not os.environ.get("TLSCHECK_DEBUG"):
        warnings.simplefilter("ignore")  # they are for developers
    try:
        from bot.cli.app import run

        return run(list(sys.argv[1:] if arguments is None else arguments))
    except WrongUsageError as error:
        return _failed(str(error), USAGE)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # a defect of ours: said in one line, never as a wall of code
        if os.environ.get("TLSCHECK_DEBUG"):
            raise
        text = " ".join(f"{type(error).__name__}: {error}".split())
        return _failed(f"internal error: {text} (TLSCHECK_DEBUG=1 shows more)", UNCHECKED)


def _failed(text: str, status: int) -> int:
    from bot.render.sanitise import visible

    print(f"tlscheck: {visible(text)}", file=sys.stderr)
    return status
