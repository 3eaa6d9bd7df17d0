"""The channels: how a message is written for each, and sent."""
