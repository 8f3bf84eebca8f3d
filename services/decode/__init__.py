"""The stage `decode`: encoded video in, RGB frames with exact times out, each decoded once.

Belongs here: the stage over `services.containers`, and its gRPC service.
May not: know what the frames are for, look at their content, or keep anything of a clip after it.
"""
