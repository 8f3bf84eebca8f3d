"""What every stage stands on: a closed list of small modules (tests/architecture freezes it).

Belongs here: value types, the stage contract, errors, the store, isolation, the worker, the gRPC server.
May not: anything that knows one stage, or imports a media library.
"""
