"""The recipe `chinese-lips-lstm`: a lipreader of Mandarin by attention, from a Chinese-LiPS data set.

Belongs here: its settings, its pieces, its test.
May not: know how videos are found and read, or how steps are taken.
"""
