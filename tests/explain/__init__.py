"""What a pasted error line means."""
