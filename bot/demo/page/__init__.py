"""The page of the stand-in: a channel in the browser."""
