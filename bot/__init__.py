"""tlscheck: all that is not Slack. The way of one check is described in README.md."""

__version__ = "0.1.0"
