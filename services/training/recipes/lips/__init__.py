"""What recipes on Chinese-LiPS share: settings of its data, how it is opened, and entry points of a lipreader of it.

Belongs here: what does not depend on the network.
May not: know a single recipe.
"""
