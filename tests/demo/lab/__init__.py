"""Tests of the lab of broken servers."""
