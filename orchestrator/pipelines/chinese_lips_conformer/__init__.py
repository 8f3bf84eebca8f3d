"""The pipeline `chinese-lips-conformer`: a lipreader of Mandarin by CTC and attention, from Chinese-LiPS.

Belongs here: its options, its presets, its commands.
May not: execute anything, or know another pipeline.
"""
