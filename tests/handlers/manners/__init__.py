"""Tests of `handlers.manners.gate`."""
