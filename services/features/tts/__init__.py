"""The stage `speech`: a clip's filterbank in; semantic codes, condition and emotion vector of IndexTTS-2 out.

Belongs here: its settings, where its model files lie and how they are read.
May not: compute but by `services.features.speech`, know text, or know a data set or a record format.
"""
