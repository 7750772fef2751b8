"""Windows over the conversation: details, pictures, the letter, the fix."""
