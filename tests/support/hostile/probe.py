"""A client that sends a cheap request every 20 ms, and reports how long each took.

A script, run as a separate process, so that the attacks do not delay it. It is given the
gateway's host, port and process id, and prints a line for each answer: when it asked (by the
monotonic clock), how long it waited, how much of that the machine took, and the answer's status.
"""

import socket
import sys
import time
from pathlib import Path

EVERY = 0.02
BODY = b'{"query":"{__typename}"}'


def stalled(threads: list[Path]) -> float:
    """Return how long these threads were runnable but not running, in seconds."""
    return sum(int(thread.read_text().split()[1]) for thread in threads) / 1e9


def scheduling(process: int) -> list[Path]:
    """Return the files of Linux on a process's main thread and this one; none elsewhere."""
    files = [Path(f"/proc/{process}/task/{process}/schedstat"), Path("/proc/self/schedstat")]
    return [file for file in files if file.exists()]


def answered(connection: socket.socket, question: bytes) -> str:
    """Send a request; return the status of the response, which may need several reads."""
    connection.sendall(question)
    answer = b""
    while not answer.endswith(b"}"):
        received = connection.recv(65_536)
        if not received:
            raise ConnectionResetError("The gateway closed the probe's connection.")
        answer += received
    return answer[9:12].decode()


def main(host: str, port: str, process: str) -> None:
    """Send requests until killed."""
    question = (
        b"POST /graphql HTTP/1.1\r\nHost: %s:%s\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (host.encode(), port.encode(), len(BODY), BODY)
    )
    threads = scheduling(int(process))
    with socket.create_connection((host, int(port)), 30) as connection:
        while True:
            before, sent_at = stalled(threads), time.monotonic()
            status = answered(connection, question)
            waited = time.monotonic() - sent_at
            stolen = stalled(threads) - before
            sys.stdout.write(f"{sent_at} {waited} {stolen} {status}\n")
            sys.stdout.flush()
            time.sleep(max(0.0, EVERY - waited))  # it is a load of so many requests a second


if __name__ == "__main__":
    main(*sys.argv[1:])
