"""`visemill train talker`: SyncNet and U-Net of one head, one after the other.

Belongs here: its options, the document's files, and which training comes next.
May not: import torch, or train by itself.
"""
