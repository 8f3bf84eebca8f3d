"""The network `ave`: the audio encoder that SyncTalk_2D's heads listen with.

Belongs here: its layers and its entry in the table of networks.
May not: know where its windows come from, or what becomes of its vectors.
"""
