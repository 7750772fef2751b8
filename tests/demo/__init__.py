"""Tests of what the demo is made of."""
