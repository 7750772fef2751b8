"""Faces of a Report outside of Slack. Only renderers turn foreign strings into shown text."""
