"""A network of sequences."""
