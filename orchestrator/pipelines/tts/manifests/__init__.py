"""The manifests of an output that trainers read: their lines, the order of these, and how they are split anew.

Belongs here: what train_manifest.jsonl and val_manifest.jsonl say, of a million clips in little memory.
May not: read the manifest of a data set, or features.
"""
