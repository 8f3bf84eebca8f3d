"""What there is to train: each recipe a package with a spec, which is torch-free, and the pieces of a training.

Belongs here: which data, network, loss, optimiser, schedule and scores make a recipe.
May not: hold a loop, or a network that two recipes could share.
"""
