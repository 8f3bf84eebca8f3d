"""gRPC, once for all services: server, interceptor, client, health, TLS, codec.

Belongs here: what every service and every client does alike. May not: know one service.
"""
