"""The stage `ttsexisting`: whether files that an output holds of a clip from before can be taken as they are.

Belongs here: what such files must be.
May not: compute features, write files, or know who wrote them.
"""
