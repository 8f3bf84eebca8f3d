"""What every stage stands on, in layers: each imports only those below it.

Belongs here: packages that hold for every stage alike (tests/architecture keeps their list).
May not: know one stage or one pipeline, or import a media library.
"""
