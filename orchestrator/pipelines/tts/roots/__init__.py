"""What a command of tts reads and writes: the data sets that it names, and what their outputs hold already.

Belongs here: values of --dataset and --skip-existing, and what they mean.
May not: read a manifest, look at files, or plan.
"""
