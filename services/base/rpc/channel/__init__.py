"""What a connection is made of: addresses, TLS, certificates that change, why it failed.

Belongs here: what lies below calls and services.
May not: know a message or a service.
"""
