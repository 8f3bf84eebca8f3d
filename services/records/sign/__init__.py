"""The stage `signfiles`: a sign clip's keypoints and features as one npz, with a parquet table beside it.

Belongs here: gaps and occlusion, quality facts, previews, the files of a shard.
May not: find points, compute features, or know where files lie.
"""
