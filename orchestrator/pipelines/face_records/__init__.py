"""What pipelines share whose products are TFRecords of faces: their files, and the models that they need.

Belongs here: what of such outputs does not depend on which data set they are of.
May not: know a single pipeline.
"""
