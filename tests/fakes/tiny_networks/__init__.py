"""Networks as somebody adds them from outside the checkout: one of frames, and one of sequences with three outputs.

Belongs here: what the networks are (`frames.NETWORK`, `voice.NETWORK`) and their modules.
May not: be imported by anything of ours; tests copy it and add its names to a copy of the table.
"""
