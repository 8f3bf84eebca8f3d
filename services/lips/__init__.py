"""What records, trainings and lipreaders share of mouths and of what is read in them.

Belongs here: crops of mouths, from class probabilities to text, and the bundle that a lipreader is handed on as.
May not: run a network, decode media, import torch.
"""
