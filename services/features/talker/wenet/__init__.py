"""The model `wenet`: 16 states of WeNet's encoder for each frame of the pictures, by the user's `encoder.onnx`.

Belongs here: the filterbank windows that it hears, and how it is run.
May not: fetch anything, or know what becomes of its vectors.
"""
