"""What a connection is made of: addresses, TLS, a channel that renews itself, why it failed.

Belongs here: below calls and services. May not: know a message.
"""
