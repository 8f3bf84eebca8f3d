"""The files of a talking head's person: frames by number, landmarks, and what lies beside them. Pure.

Belongs here: which files a person's folder has, in our layout and the original's, and landmarks as bytes.
May not: open files, decode pictures, or know a pipeline.
"""
