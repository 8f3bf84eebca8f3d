"""The stage `ttsfiles`: a clip's text ids, semantic codes, condition and emotion vector as files for trainers.

Belongs here: four arrays a clip or an Arrow file a shard, their rules, quality facts and flags.
May not: read text or sound, compute features, or know where files lie.
"""
