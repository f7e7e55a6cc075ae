"""E-mails and how they are sent."""
