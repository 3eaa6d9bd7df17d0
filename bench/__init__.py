"""Benchmarks: how fast the warehouse generates, loads and builds, and its ceiling."""
