"""What Slack gives and takes: the ways in and out, its blocks, its limits, its words of refusal."""
