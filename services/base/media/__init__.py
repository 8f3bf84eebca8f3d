"""Values that cross stages: clips, video, sound, points, features. Pure.

Belongs here: frozen types that check themselves when they are made.
May not: read files, decode, or know a stage.
"""
