"""The networks of features on a Triton server: how they get there, and what asks for them.

Belongs here: which of our networks are written into a model repository, and a served one as the model that stages call.
May not: know clips.
"""
