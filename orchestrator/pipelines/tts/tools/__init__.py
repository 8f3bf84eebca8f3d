"""Small commands on manifests and tokenizers of the pipeline `tts`: their options, and the services that do the work.

Belongs here: what the command line is told and answers.
May not: read or write a file itself.
"""
