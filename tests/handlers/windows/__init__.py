"""Tests of `handlers.windows`."""
