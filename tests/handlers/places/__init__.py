"""Tests of the places that can be asked."""
