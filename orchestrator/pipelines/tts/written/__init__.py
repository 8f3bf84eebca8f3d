"""An output as it lies there: where its features are, the rules they are held to, what a report says of them.

Belongs here: `verify`, `report` and `unpack` of such an output, one clip at a time.
May not: read the manifest of a data set, or write anything but what `unpack` writes.
"""
