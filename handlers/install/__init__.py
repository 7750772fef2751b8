"""Which workspaces the bot is in, and with which credentials."""
