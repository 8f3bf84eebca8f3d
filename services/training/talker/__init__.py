"""What talking heads are made of: networks, losses, and scores that say whether lips follow the sound.

Belongs here: what recipes of talking heads share.
May not: read files, or know a recipe.
"""
