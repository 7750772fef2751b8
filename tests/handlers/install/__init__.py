"""Tests of `handlers.install`."""
