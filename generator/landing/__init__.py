"""The landing zone: batches, their manifests, and how a batch gets there whole or not at all."""
