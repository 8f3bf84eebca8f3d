"""The stage `fbank`: a clip's sound in; its log mel filterbank, and what is known of the sound, out.

Belongs here: what refuses a sound before a network sees it.
May not: load a network or weights, know text, or know a data set or a record format.
"""
