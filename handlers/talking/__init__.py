"""Talking with the bot: mentions, direct messages, pasted errors, alerts."""
