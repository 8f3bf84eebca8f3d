"""Checkpoints: what a file of one holds, how it is written beside the training, which are kept, what is made of them.

Belongs here: the form that trainers of PyTorch scripts read too, loaded as plain values and tensors alone.
May not: know a recipe, or how a step is taken.
"""
