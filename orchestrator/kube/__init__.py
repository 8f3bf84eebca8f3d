"""A run on Kubernetes: Jobs made, observed and followed until every shard is done.

Belongs here: manifests, what is observed of a cluster, the loop around the policies; the one home of the Kubernetes
client.
May not: know local workers, or keep state that the store does not hold.
"""
