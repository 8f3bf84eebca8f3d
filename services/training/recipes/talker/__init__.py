"""What recipes of talking heads share: settings of their data, what warns of these, and the flow of `test`.

Belongs here: what does not depend on the network.
May not: know a single recipe.
"""
