"""Tests of `handlers.talking`."""
