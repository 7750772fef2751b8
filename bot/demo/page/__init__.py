"""The page of the stand-in for Slack: a channel in the browser, with the bot in it.

Here belong the page's addresses (`routes`), what it is told (`state`), its sources (`src/`) and
their bundle (`dist/`, committed, so that a machine without Node.js can show it).
"""
