"""Shared answers: one message that lives, and the thread under it."""
