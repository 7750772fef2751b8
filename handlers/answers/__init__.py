"""From a Report to messages: verdict, cause, who notices, chain, fix, files."""
