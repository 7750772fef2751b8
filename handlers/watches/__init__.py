"""Watches: beginning and ending them, and telling their news."""
