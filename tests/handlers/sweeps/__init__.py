"""Sweeps in Slack."""
