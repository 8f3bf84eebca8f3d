"""The last stages: what earlier ones found of a clip, as the record that trainers read.

Belongs here: one package for each pipeline's record, and what they share in showing it.
May not: decode, find points, know where files lie, or import TensorFlow.
"""
