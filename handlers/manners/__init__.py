"""Who may use the bot, where, and how often; and saying no politely."""
