"""Tests of `handlers.watches`."""
