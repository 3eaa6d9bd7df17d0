"""What a source has delivered: where its files lie, and what their manifests promise."""
