"""The stage files of the pipeline voices."""
