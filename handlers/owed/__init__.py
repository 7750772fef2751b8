"""What was acknowledged and is not answered yet: noted in Redis, and taken over from dead bots."""
