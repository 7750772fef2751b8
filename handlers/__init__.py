"""All that is Slack: what was typed or pressed comes in here, an answer goes out."""
