"""Tests of `handlers.answers`."""
