"""The watch: whether the warehouse can be trusted today, and who hears of it when it cannot."""
