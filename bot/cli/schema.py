"""`tlscheck schema`: the shape of what `--json` prints."""

import json

from bot.cli.output import quiet_pipe
from bot.diagnosis.report import Report

# What pydantic writes: https://docs.pydantic.dev/latest/concepts/json_schema/
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> int:
    """Print the Report's JSON schema."""
    described = Report.model_json_schema(by_alias=True, mode="serialization")
    described = {"$schema": _DIALECT, **described}
    with quiet_pipe():
        print(json.dumps(described, indent=2, ensure_ascii=False))
    return 0
