"""`python -m services.text.retokenize`: text ids by another tokenizer, and a manifest that names them.

Belongs here: encoding on all cores, writing ids and manifests whole or not at all, paths between folders.
May not: touch what else a record names, or know who trains on it.
"""
