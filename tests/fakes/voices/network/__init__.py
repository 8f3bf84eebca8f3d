"""The stage network of the pipeline voices."""
