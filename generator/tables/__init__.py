"""The shop's tables: how the values of each come about and how they fill its records."""
