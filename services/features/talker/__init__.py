"""The stage `audiofeatures`: the sound of a clip's pictures in; rows of vectors that drive a talking head out.

Belongs here: how a sound becomes a network's input, and its answers rows of the pictures' rate.
May not: decode, see pictures, write files, or know a data set or a record format.
"""
