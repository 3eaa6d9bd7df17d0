"""Detection of anomalies: how many planted faults are found, and at what price in false alarms."""
