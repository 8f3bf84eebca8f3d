"""gRPC written once for all services: server, interceptor, client, health, uploads, codec.

Belongs here: what every service and every client does alike.
May not: know one service's messages, or compute.
"""
