"""The stage `talkerfiles`: a video of one person as the folder of files that a talking head is trained on.

Belongs here: the files of a person as they are written, what is worth a look in them, and a look at such a folder.
May not: find faces, compute features of sound, or train.
"""
