"""The stage `audio`: encoded sound in, samples with exact times out, at the rate and in the channels asked for.

Belongs here: the stage over `services.containers.audio`, and its gRPC service.
May not: know what the samples are for, or keep anything of a clip after it.
"""
