"""Anomalies: days whose figures are not what the days before them lead one to expect."""
