"""Numbered log lines and numbered spans, each with a record of what was really handed over.

usage: sender.py RUN DIRECTORY LINES_PER_SECOND SPANS_PER_SECOND FILE [OTLP]

Lines go to FILE, which may be a file or a process' standard output. With SIGUSR1 it is rotated as Logback does it: closed, renamed to FILE.1, and made anew.
Spans, each a trace of its own with the number as its id's end, go to OTLP; `DIRECTORY/accepted` has the number and the time of those that were answered with 2xx.
`DIRECTORY/lines` has how many lines were written. Ends with SIGTERM.
"""
import http.client
import json
import os
import signal
import sys
import threading
import time

run, directory, line_rate, span_rate, file = sys.argv[1:6]
otlp = sys.argv[6] if len(sys.argv) > 6 else ""
ended = threading.Event()
rotate = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: ended.set())
signal.signal(signal.SIGUSR1, lambda *_: rotate.set())


def paced(rate, act):
    """Calls act(0), act(1)… at an even pace; what could not be done in time is caught up with."""
    number, start = 0, time.monotonic()
    while not ended.is_set():
        act(number)
        number += 1
        ended.wait(max(0, start + number / float(rate) - time.monotonic()))


def lines():
    """A line at a time, each in one write, as a logger does it."""
    opened = lambda: os.open(file, os.O_WRONLY | os.O_APPEND | (0 if file.startswith("/proc/") else os.O_CREAT), 0o644)
    out = opened()

    def write(number):
        nonlocal out
        if rotate.is_set():
            rotate.clear()
            os.close(out)
            os.rename(file, file + ".1")
            out = opened()
        now = time.time()
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + ".%03dZ" % (now % 1 * 1000)
        os.write(out, ("%s  INFO 1 --- [shop] [main] counted : run=%s n=%d.\n" % (stamp, run, number)).encode())
        with open(directory + "/lines", "r+" if number else "w") as count:
            count.write(str(number + 1))

    paced(line_rate, write)


def spans():
    host = otlp.split("//")[1]
    accepted = open(directory + "/accepted", "a", buffering=1)

    def send(number):
        now = time.time_ns()
        span = {
            "traceId": "%s%016x" % (run, number), "spanId": "%016x" % (number + 1), "name": "counted", "kind": 1,
            "startTimeUnixNano": str(now - 1000000), "endTimeUnixNano": str(now), "attributes": [{"key": "run", "value": {"stringValue": run}}, {"key": "n", "value": {"intValue": str(number)}}],
        }
        resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
        body = json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span]}]}]})
        try:
            connection = http.client.HTTPConnection(host, timeout=5)
            connection.request("POST", "/v1/traces", body, {"Content-Type": "application/json"})
            if connection.getresponse().status // 100 == 2:
                accepted.write("%d %.3f\n" % (number, time.time()))
            connection.close()
        except OSError:
            pass
        except http.client.HTTPException:
            pass

    paced(span_rate, send)


os.makedirs(directory, exist_ok=True)
open(directory + "/accepted", "w").close()
threads = [threading.Thread(target=lines)] + ([threading.Thread(target=spans)] if otlp else [])
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
