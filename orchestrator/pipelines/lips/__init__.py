"""The pipeline `lips`: videos of Chinese-LiPS to shards of grey mouths that a lipreader learns from.

Belongs here: its options, how its tables and videos are read, its files, its commands.
May not: execute anything, or know another pipeline.
"""
