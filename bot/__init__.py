"""What the product knows and does. It knows no Slack: that is handlers/."""
