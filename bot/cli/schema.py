"""`tlscheck schema`: the shape of what `--json` prints."""

import json

from bot.cli.output import quiet_pipe
from bot.diagnosis.report import Report


def schema() -> int:
    """Print the Report's JSON schema."""
    described = Report.model_json_schema(by_alias=True, mode="serialization")
    with quiet_pipe():
        print(json.dumps(described, indent=2, ensure_ascii=False))
    return 0
