"""Tests of `handlers.sharing`."""
