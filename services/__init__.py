"""The stages, one folder each, over what they share.

Belongs here: a package for each deployable stage, the table of their names, and the layers below them.
May not: import the orchestrator; and no stage imports another.
"""
