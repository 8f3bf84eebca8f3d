"""A toy recipe: ranks that meet, sum vectors over all of them step by step, and commit checkpoints through the store.

`toy_gang.py --state-root URI --run RUN --pass NAME [--output-root URI] [--num-steps N] [--checkpoint-every N]
[--step-s S] [--gloo] [--die RANK:GENERATION:STEP:HOW]`. HOW: an exit code, `kill`, or `hang`. The numbers are the same
whatever died, and whether ranks meet by gloo or, where torch is missing, over rank 0's socket.
"""

import argparse
import json
import os
import signal
import socket
import struct
import sys
import time
from datetime import timedelta

from services.base.errors import Transient, VisemillError
from services.base.store.open import open_store
from services.base.worker.pass_log import GangWriter, PassLog, restored
from services.base.worker.ranks import MASTER_FD

SIZE = 4
PRIME = 1_000_003
MEET_S = 60.0


class GlooGroup:
    """Ranks that torch.distributed connects."""

    def __init__(self, rank, world_size, address):
        import torch.distributed as dist

        limit = timedelta(seconds=MEET_S)
        more = {"master_listen_fd": int(os.environ[MASTER_FD])} if MASTER_FD in os.environ else {}
        store = dist.TCPStore(*address, world_size, rank == 0, limit, wait_for_workers=False, **more)
        dist.init_process_group("gloo", store=store, rank=rank, world_size=world_size, timeout=limit)
        self._dist = dist

    def all_reduce(self, vector):
        import torch

        tensor = torch.tensor(vector, dtype=torch.int64)
        self._dist.all_reduce(tensor)
        return tensor.tolist()


class StarGroup:
    """Ranks that all talk to rank 0."""

    def __init__(self, rank, world_size, address):
        if rank:
            self._peers = [connected(address)]
        else:
            descriptor = os.environ.get(MASTER_FD)
            server = socket.socket(fileno=int(descriptor)) if descriptor else socket.create_server(("", address[1]))
            server.settimeout(MEET_S)
            self._peers = [server.accept()[0] for _ in range(world_size - 1)]
        for peer in self._peers:
            peer.settimeout(None)
        self._is_root = rank == 0

    def all_reduce(self, vector):
        if not self._is_root:
            self._send(self._peers[0], vector)
            return self._receive(self._peers[0])
        total = [sum(column) for column in zip(vector, *map(self._receive, self._peers), strict=True)]
        for peer in self._peers:
            self._send(peer, total)
        return total

    def _send(self, peer, vector):
        peer.sendall(struct.pack(f"<{SIZE}q", *vector))

    def _receive(self, peer):
        data = peer.recv(8 * SIZE, socket.MSG_WAITALL)
        if len(data) < 8 * SIZE:
            raise ConnectionError("a rank has gone")
        return struct.unpack(f"<{SIZE}q", data)


def connected(address):
    until_s = time.monotonic() + MEET_S
    while True:
        try:
            return socket.create_connection(address, 2)
        except OSError:
            if time.monotonic() > until_s:
                raise
            time.sleep(0.1)


def train(flags, rank, world_size, generation):
    """Only rank 0 reads and writes checkpoints; the others get what they need by the sum."""

    def say(**fields):
        print(json.dumps({"rank": rank, "generation": generation, **fields}), flush=True)

    writer, step, weights = None, 0, [0] * SIZE
    if rank == 0:
        state = open_store(flags.state_root)
        outputs = open_store(flags.output_root or flags.state_root)
        writer = GangWriter(state, outputs, flags.run, flags.pass_name, generation, world_size)
        log = PassLog(state, flags.run, flags.pass_name)
        found = restored(state, log, log.read())
        if found:
            step, weights = found[0], json.loads(found[1])
    group = (GlooGroup if flags.gloo else StarGroup)(
        rank, world_size, (os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]))
    )
    # All but rank 0 add nothing, so that the sum is what it has restored.
    step, weights = group.all_reduce([step, 0, 0, 0])[0], group.all_reduce(weights)
    say(event="began", step=step, local_rank=int(os.environ["LOCAL_RANK"]))
    while step < flags.num_steps:
        step += 1
        for died, of_generation, at, how in flags.die:
            if (int(died), int(of_generation), int(at)) == (rank, generation, step):
                die(how)
        time.sleep(flags.step_s)
        gradient = [(weight * (rank + 2) + step * (place + 1) + rank) % PRIME for place, weight in enumerate(weights)]
        weights = [(old + new) % PRIME for old, new in zip(weights, group.all_reduce(gradient), strict=True)]
        if writer and step % flags.checkpoint_every == 0:
            writer.checkpoint(step, json.dumps(weights).encode())
            say(event="checkpoint", step=step)
    if writer:
        with writer.output("weights.json") as file:
            file.write(json.dumps(weights).encode())
            file.commit()
        writer.finish(step)
    # The others end after it: they are asked to by nobody.
    group.all_reduce([0] * SIZE)
    say(event="ended", step=step)


def die(how):
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "hang":
        time.sleep(3600)
    sys.stderr.write(json.dumps({"kind": "BUG", "reason": "AS_ASKED", "message": f"ends with {how}"}) + "\n")
    sys.exit(int(how))


def main(argv=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("--state-root", required=True)
    parser.add_argument("--output-root", default="", help="where the result is staged; default: the state root")
    parser.add_argument("--run", required=True)
    parser.add_argument("--pass", dest="pass_name", required=True)
    parser.add_argument("--num-steps", type=int, default=20)
    parser.add_argument("--checkpoint-every", type=int, default=5)
    parser.add_argument("--step-s", type=float, default=0.0)
    parser.add_argument("--gloo", action="store_true")
    parser.add_argument("--die", action="append", default=[], type=lambda text: text.split(":"))
    flags = parser.parse_args(argv)
    numbers = [int(os.environ[name]) for name in ("RANK", "WORLD_SIZE", "VISEMILL_GENERATION")]
    try:
        train(flags, *numbers)
    except (OSError, RuntimeError) as error:
        # gloo raises RuntimeError where a peer has gone.
        return told(Transient("RANK_LOST", f"rank {numbers[0]} has lost the others: {error}"))
    except VisemillError as error:
        return told(error)
    return 0


def told(error):
    fields = {"kind": error.kind, "reason": error.reason, "message": error.message}
    sys.stderr.write(json.dumps(fields) + "\n")
    return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
