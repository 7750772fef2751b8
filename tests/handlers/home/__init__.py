"""Tests of `handlers.home.tab`."""
