"""The stage bands of the pipeline voices."""
