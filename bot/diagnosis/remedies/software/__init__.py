"""Server software and client platforms: one module each, `table` says which exist."""
