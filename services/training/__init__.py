"""Training: the ranks of a gang pass that learn from what a run has made, and what they leave behind.

Belongs here: the plan of batches, the loop and its ranks, checkpoints, the networks and data of each recipe.
May not: read media files, start processes, or know a command line.
"""
