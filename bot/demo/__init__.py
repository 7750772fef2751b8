"""The demo: broken servers, a stand-in for Slack, and what joins them to the real bot."""
