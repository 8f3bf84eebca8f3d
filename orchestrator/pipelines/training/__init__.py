"""What pipelines that are trainings share on the command line.

Belongs here: what the help says of shared flags, and the commands beside the training, whatever its recipe.
May not: know one recipe, or import torch.
"""
