"""Asking for a check, or for earlier ones: the command, the buttons, the workflow step."""
