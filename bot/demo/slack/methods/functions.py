"""functions.*: how the bot ends a workflow's step.

Source: Slack's documents functions.completeSuccess and functions.completeError.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.demo.slack.manifest import Parameter
from bot.demo.slack.methods.call import ApiError, Call, Desk, method
from bot.demo.slack.values import Execution, Json

# Slack: "Deno Slack SDK: types", the primitive ones; everything else is an id, a text.
_PRIMITIVES: Mapping[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "array": (list,),
    "object": (dict,),
}


def _running(desk: Desk, call: Call) -> Execution:
    execution = desk.workspace.executions.get(call.text("function_execution_id"))
    if execution is None:
        raise ApiError("function_execution_not_found")
    if call.token.startswith("xwfp-") and call.token != execution.token:
        raise ApiError("access_denied")
    if execution.status != "running":
        raise ApiError("execution_not_in_running_state")
    return execution


def _complete_success(desk: Desk, call: Call) -> Json:
    execution = _running(desk, call)
    outputs = call.args.get("outputs")
    if not isinstance(outputs, Mapping):
        raise ApiError("invalid_arguments", "missing required field: outputs")
    step = desk.app.steps[execution.callback_id] if desk.app else None
    if step is not None and (wrong := _complaints(step.outputs, outputs)):
        raise ApiError("parameter_validation_failed", *wrong)
    _end(desk, replace(execution, status="succeeded", outputs=dict(outputs)))
    return {}


def _complaints(declared: tuple[Parameter, ...], outputs: Mapping[str, Any]) -> list[str]:
    known = {one.name: one for one in declared}
    wrong = [f"unknown parameter: {name}" for name in sorted(set(outputs) - set(known))]
    for name, one in known.items():
        if outputs.get(name) is None:
            if one.required:
                wrong.append(f"missing required parameter: {name}")
            continue
        kinds = _PRIMITIVES.get(one.type, (str,))
        if not isinstance(outputs[name], kinds) or (
            isinstance(outputs[name], bool) and bool not in kinds
        ):
            wrong.append(f"parameter is not of the type {one.type}: {name}")
    return wrong


def _complete_error(desk: Desk, call: Call) -> Json:
    execution = _running(desk, call)
    _end(desk, replace(execution, status="failed", error=call.text("error")))
    return {}


def _end(desk: Desk, execution: Execution) -> None:
    desk.workspace.executions[execution.id] = execution
    desk.workspace.changed()


METHODS = (
    method("functions.completeSuccess", _complete_success, "function_execution_id outputs"),
    method("functions.completeError", _complete_error, "function_execution_id error"),
)
