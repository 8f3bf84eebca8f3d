"""Networks of talking heads, by the names of SyncTalk_2D's weights.

Belongs here: modules.
May not: know data, losses or files.
"""
