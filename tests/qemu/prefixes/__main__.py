# SPDX-License-Identifier: MIT
"""prefixes — judges each state in which a power cut may leave a disk during an install, without a start.

It reads what record_install of cut.lib.sh has recorded, and fails if a state breaks a promise.
"""

import argparse
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

from judge import Judge
from model import Model
from states import find_state
from write_log import Image, read_log


def copy(source, target):
    subprocess.run(["cp", "--sparse=always", source, target], check=True)


def run_judge(options):
    """Prints the counts, "NAME NUMBER" in each line, then the states that break a promise."""
    requests = read_log(options.log)

    def ask(image):
        return [options.replay, "ask", image, options.manifest]

    with tempfile.TemporaryDirectory(dir=".") as scratch:
        path = os.path.join(scratch, "image")
        copy(options.base, path)
        model = Model(Image(options.base), Image(options.final), scratch)
        judge = Judge(Image(path), model, ask, options.every, options.ask_every)
        judge.run(requests, options.samples, options.seed)
        if subprocess.run(["cmp", path, options.final], check=False).returncode != 0:
            judge.faults.append("the log does not lead from the disk before to the disk after")
    for name, number in judge.counts.items():
        print(f"{name} {number}")
    print("\n".join(judge.faults))
    with open("starts", "w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in judge.to_start(options.starts, options.seed))
    return 1 if judge.faults else 0


def run_write(options):
    flushed, state = find_state(read_log(options.log), options.state)
    copy(options.base, options.image)
    image = Image(options.image)
    for offset, data in [(r.offset, r.data) for r in flushed] + state.pieces():
        image.write(offset, data)
    return 0


def parse():
    parser = argparse.ArgumentParser(prog="prefixes", description=__doc__)
    commands = parser.add_subparsers(required=True)
    judge = commands.add_parser(
        "judge", help="judge all states; names of states to start: file starts"
    )
    judge.set_defaults(run=run_judge)
    judge.add_argument("--every", type=int, default=1, help="judge every Nth state in full")
    judge.add_argument(
        "--ask-every", type=int, default=1, help="ask the installer of every Nth of these states"
    )
    judge.add_argument(
        "--samples", type=int, default=2, help="of subsets and tears of a long window"
    )
    judge.add_argument("--starts", type=int, default=0, help="states to start, for each answer")
    judge.add_argument("--seed", type=int, default=1)
    judge.add_argument("log")
    judge.add_argument("base", help="the disk before the install")
    judge.add_argument("final", help="the disk after it")
    judge.add_argument("replay", help="the program of replay.c")
    judge.add_argument("manifest", help="of the guest")
    write = commands.add_parser("write", help="write the disk in one state to IMAGE")
    write.set_defaults(run=run_write)
    for name in ("log", "base", "state", "image"):
        write.add_argument(name)
    return parser.parse_args()


def main():
    options = parse()
    return options.run(options)


sys.exit(main())
