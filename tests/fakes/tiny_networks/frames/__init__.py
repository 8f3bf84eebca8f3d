"""A network of frames."""
