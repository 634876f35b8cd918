"""What Slack shows: pure functions from values to messages. Nothing here sends, stores or reads a clock."""
