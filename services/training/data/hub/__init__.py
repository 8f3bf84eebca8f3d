"""A data set of the Hugging Face hub as files in a folder: asked for, fetched, checked, unpacked.

Belongs here: what a repository holds, its files in a cache, what a folder was made of, zips and free space.
May not: know one data set, or what its files mean.
"""
