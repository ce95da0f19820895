"""What `npm run backup` and `npm run restore` run on the monitoring host, as root. Python 3.9 of the standard library.

Comes on stdin, before what it reads: see connection.ts. The first line of the rest is JSON: what to do.
"""

import contextlib
import fcntl
import gzip
import hashlib
import io
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tarfile
import time

PREFIX = "monitoring-"
# Written once under their names: a link is as good as a copy. Everything else is copied while nobody writes.
WRITTEN_ONCE = re.compile(
    r"^prometheus/[0-9A-Z]{26}/(index|chunks/\d+)$"
    r"|^loki/chunks/(?!index/delete_requests)"
    r"|^tempo/(blocks|live-store/traces/blocks)/.*/(data\.parquet|bloom-\d+)$"
)
OURS = (".upkeep", ".backup-", ".restore-", ".replaced-")
HEADER, SUMS = "photogather-backup.json", "photogather-checksums.json"
MIB = 1 << 20


class Refusal(Exception):
    """One sentence for the user."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def docker(*args, check=True):
    run = subprocess.run(["docker", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
    if check and run.returncode != 0:
        raise Refusal("docker %s failed on the host: %s" % (args[0], run.stderr.strip()[-400:]))
    return run.stdout


def containers(services, running):
    """Containers of ours, the gateway first: what comes in stops before what stores it."""
    options = [] if running else ["--all"]
    names = docker("ps", *options, "--filter", "name=^/?%s" % PREFIX, "--format", "{{.Names}}").split()
    return [PREFIX + service for service in services if PREFIX + service in names]


def files_below(root):
    """Relative paths of all directories and files, parents first; ours and what is neither are left out."""
    for place, directories, names in os.walk(root):
        at = os.path.relpath(place, root)
        if at == ".":
            directories[:] = [name for name in directories if not name.startswith(OURS)]
            names = [name for name in names if not name.startswith(OURS)]
        directories.sort()
        for name in directories + sorted(names):
            path = os.path.normpath(os.path.join(at, name))
            full = os.path.join(root, path)
            if not os.path.islink(full) and (os.path.isdir(full) or os.path.isfile(full)):
                yield path


def size_of(root, wanted=lambda path: True):
    return sum(os.lstat(os.path.join(root, path)).st_size for path in files_below(root) if os.path.isfile(os.path.join(root, path)) and wanted(path))


def need_space(directory, bytes_needed, what):
    state = os.statvfs(directory)
    free = state.f_bavail * state.f_frsize
    if bytes_needed + 64 * MIB > free:
        raise Refusal("%s needs %d MiB free below %s on the host, and there are %d: make room, or enlarge the volume" % (what, bytes_needed // MIB + 64, directory, free // MIB))


@contextlib.contextmanager
def locked(directory):
    with open(os.path.join(directory, ".upkeep.lock"), "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refusal("another backup or restore is going on on this host")
        yield


def write_json(directory, name, value):
    file = os.path.join(directory, name)
    with open(file + ".new", "w") as text:
        json.dump(value, text, indent=2)
    os.chmod(file + ".new", 0o644)
    os.rename(file + ".new", file)


def remove_leftovers(directory, prefixes):
    for name in os.listdir(directory):
        if name.startswith(prefixes):
            shutil.rmtree(os.path.join(directory, name), ignore_errors=True)


# --- backup


def clone(directory, to):
    """Links what is written once, copies the rest. Runs while all of them are frozen, so it is one moment of all files."""
    os.mkdir(to, 0o700)
    for path in files_below(directory):
        source, target = os.path.join(directory, path), os.path.join(to, path)
        if os.path.isdir(source):
            os.mkdir(target, 0o700)
            state = os.stat(source)
            os.chown(target, state.st_uid, state.st_gid)
            os.chmod(target, state.st_mode & 0o7777)
        elif WRITTEN_ONCE.match(path):
            os.link(source, target)
        else:
            shutil.copy2(source, target)
            state = os.stat(source)
            os.chown(target, state.st_uid, state.st_gid)


def frozen(names, seconds, act):
    """Freezes the containers while `act` runs, and gives how long they were frozen. They are let go after `seconds` whatever happens here."""
    let_go = "sleep %d; docker unpause %s" % (seconds, " ".join(names))
    guard = subprocess.Popen(["sh", "-c", let_go], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    start = time.monotonic()
    try:
        docker("pause", *names)
        act()
    finally:
        docker("unpause", *names, check=False)
        pause = time.monotonic() - start
        with contextlib.suppress(ProcessLookupError):
            os.killpg(guard.pid, signal.SIGTERM)
    if pause >= seconds:
        raise Refusal("copying took longer than the %d s for which the services may stand still; nothing was kept" % seconds)
    return pause


def check_database(stage):
    """Grafana's database as it was copied: a hot journal is played back by opening it, as Grafana would."""
    file = os.path.join(stage, "grafana", "grafana.db")
    with contextlib.suppress(FileNotFoundError), open(file, "rb") as start:
        if start.read(15) != b"SQLite format 3":
            return
        with contextlib.closing(sqlite3.connect(file)) as database:
            found = database.execute("PRAGMA integrity_check").fetchone()[0]
        if found != "ok":
            raise Refusal("Grafana's database is damaged (%s): mend it before a backup" % found)


class Summed(io.RawIOBase):
    """Reads exactly so many bytes of a file, and sums them: a file that grows meanwhile is taken as it was."""

    def __init__(self, file, size):
        self.file, self.left, self.sum = file, size, hashlib.sha256()

    def read(self, count=-1):
        data = self.file.read(self.left if count < 0 else min(count, self.left))
        self.left -= len(data)
        self.sum.update(data)
        return data


def add_text(archive, name, value):
    data = json.dumps(value, indent=1).encode()
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = len(data), 0o600, int(time.time())
    archive.addfile(info, io.BytesIO(data))


def stream(root, header, out):
    paths = list(files_below(root))
    header = {**header, "files": len(paths), "bytes": size_of(root)}
    sums = {}
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1, filename="") as packed, tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        add_text(archive, HEADER, header)
        for path in paths:
            info = archive.gettarinfo(os.path.join(root, path), arcname="data/" + path)
            # The same file may be linked from elsewhere; here each is itself.
            if not info.isdir():
                info.type, info.linkname, info.size = tarfile.REGTYPE, "", os.path.getsize(os.path.join(root, path))
                with open(os.path.join(root, path), "rb") as file:
                    summed = Summed(file, info.size)
                    archive.addfile(info, summed)
                sums[path] = summed.sum.hexdigest()
            else:
                archive.addfile(info)
        add_text(archive, SUMS, sums)
    out.flush()


def last_versions(directory, otherwise):
    """What last ran on the data; what the stack says where nothing tells."""
    try:
        with open(os.path.join(directory, "versions.json")) as text:
            return {service: was["image"] for service, was in json.load(text)["services"].items()}
    except (OSError, ValueError, KeyError):
        return otherwise


def backup(given):
    directory = given["directory"]
    if not os.path.isdir(directory):
        raise Refusal("there is no data directory %s on this host: is it the monitoring host, and has `pulumi up` succeeded?" % directory)
    with locked(directory):
        remove_leftovers(directory, (".backup-",))
        running = containers(given["services"], running=True)
        header = {"format": given["format"], "stack": given["stack"], "directory": directory, "images": last_versions(directory, given["images"])}
        if given["stop"]:
            backup_stopped(directory, running, header)
        else:
            backup_running(directory, running, header, given["maxPauseSeconds"])


def backup_stopped(directory, running, header):
    """In order: nothing comes in any more, then each writes down what it has. They stay stopped."""
    start = time.time()
    try:
        if running:
            docker("stop", running[0])
            docker("stop", *running[1:])
        check_database(directory)
        stream(directory, {**header, "time": start, "stopped": True}, sys.stdout.buffer)
    except BaseException:
        if running:
            docker("start", *running, check=False)
        raise


def backup_running(directory, running, header, seconds):
    need_space(directory, size_of(directory, lambda path: not WRITTEN_ONCE.match(path)), "the backup")
    stage = os.path.join(directory, ".backup-%d" % os.getpid())
    try:
        start = time.time()
        storing = [name for name in running if name not in (PREFIX + "gateway", PREFIX + "node-exporter")]
        pause = frozen(storing, seconds, lambda: clone(directory, stage)) if storing else (clone(directory, stage) or 0)
        check_database(stage)
        stream(stage, {**header, "time": start, "pauseSeconds": round(pause, 2)}, sys.stdout.buffer)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def mark(given):
    """The file has arrived whole: it counts as a backup before an upgrade."""
    write_json(given["directory"], "last-backup.json", {"time": given["time"], "images": given["images"]})


# --- restore


def unpack(stage):
    """Unpacks stdin, and checks every file; gives the backup's header."""
    header, sums, found = None, None, {}
    try:
        with gzip.GzipFile(fileobj=sys.stdin.buffer, mode="rb") as packed, tarfile.open(fileobj=packed, mode="r|") as archive:
            for info in archive:
                if info.name in (HEADER, SUMS) and info.isfile():
                    value = json.loads(archive.extractfile(info).read().decode())
                    header, sums = (value, sums) if info.name == HEADER else (header, value)
                else:
                    unpack_one(archive, info, stage, found)
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        raise Refusal("the backup is cut off or changed, or the host could not write it: %s" % error)
    if header is None or sums is None:
        raise Refusal("the backup is cut off: its end is missing")
    for path in sorted(set(sums) | set(found)):
        if sums.get(path) != found.get(path):
            raise Refusal("the backup is changed: %s is not what was backed up" % path)
    return header


def unpack_one(archive, info, stage, found):
    parts = info.name.split("/")
    if parts[0] != "data" or len(parts) < 2 or any(part in ("", ".", "..") for part in parts) or not (info.isdir() or info.isfile()):
        raise Refusal("this is no backup of ours: it holds %s" % info.name)
    path = "/".join(parts[1:])
    target = os.path.join(stage, path)
    if info.isdir():
        os.mkdir(target, 0o700)
    else:
        sum256 = hashlib.sha256()
        source = archive.extractfile(info)
        with open(target, "xb") as file:
            for data in iter(lambda: source.read(MIB), b""):
                sum256.update(data)
                file.write(data)
        found[path] = sum256.hexdigest()
        os.utime(target, (info.mtime, info.mtime))
    os.chown(target, info.uid, info.gid)
    os.chmod(target, info.mode & 0o7777)


def healthy(names, seconds):
    """Waits until all are well; gives the name of one that is not, or None."""
    end = time.monotonic() + seconds
    for name in names:
        while docker("inspect", "--format", "{{.State.Health.Status}}", name).strip() != "healthy":
            if time.monotonic() > end:
                return name
            time.sleep(1)
    return None


def make_public(directory):
    """The directory and those above it may be entered by all: containers and the registration user have their own places below it."""
    before = os.umask(0o022)
    os.makedirs(directory, 0o755, exist_ok=True)
    os.umask(before)


def restore(given):
    directory = given["directory"]
    make_public(directory)
    with locked(directory):
        remove_leftovers(directory, (".restore-", ".backup-"))
        there = [path for path in files_below(directory) if os.path.isfile(os.path.join(directory, path)) and path not in ("versions.json", "last-backup.json")]
        if there and not given["replace"]:
            raise Refusal(
                "the data directory %s on this host holds data already (%d files, %d MiB). With --replace the backup takes its place; it is kept beside "
                "it until the services are well with the restored one, and then removed" % (directory, len(there), size_of(directory) // MIB)
            )
        need_space(directory, given["bytes"], "the restored data, beside what is there,")
        stage = os.path.join(directory, ".restore-%d" % os.getpid())
        os.mkdir(stage, 0o700)
        try:
            header = unpack(stage)
            swap(directory, stage, header, given)
        finally:
            shutil.rmtree(stage, ignore_errors=True)


def unfit(names, given):
    """
    Services whose container may store its data in another way than the config's version does: started on restored data, it may change that in a way that
    cannot be undone. What a restore left stopped is so until an `up` has replaced it.
    """
    try:
        with open(os.path.join(given["directory"], "versions.json")) as text:
            note = json.load(text)
    except (OSError, ValueError):
        note = {}

    def id_of(image):
        return docker("image", "inspect", "--format", "{{.Id}}", image, check=False).strip()

    def is_so(service):
        wanted, begun = given["running"][service], note.get("pending", {}).get(service)
        if service not in given["stores"]:
            return False
        if service in note.get("stopped", []):
            return True
        if id_of(wanted["image"]) == docker("inspect", "--format", "{{.Image}}", PREFIX + service).strip():
            return False
        ran = begun if begun and id_of(begun["image"]) else note.get("services", {}).get(service)
        return ran is None or ran["line"] != wanted["line"] or wanted["line"] == []

    return [service for service in (name[len(PREFIX):] for name in names) if is_so(service)]


def swap(directory, stage, header, given):
    every, running = containers(given["services"], running=False), containers(given["services"], running=True)
    left = unfit(every, given)
    fit = [name for name in every if name[len(PREFIX):] not in left]
    if running:
        docker("stop", running[0])
        docker("stop", *running[1:])
    aside = os.path.join(directory, ".replaced-%d" % int(time.time()))
    os.mkdir(aside, 0o700)
    # Targets are the members' word, and newer on a host that runs.
    keep = {"registration"} if every and os.path.isdir(os.path.join(directory, "registration")) else set()
    move(directory, aside, lambda name: not name.startswith(OURS) and name not in keep)
    move(stage, directory, lambda name: name not in keep)
    # Where something runs, it is the newer version that reads the data from now on.
    services = given["versions"] if not every else {**given["running"], **{service: given["versions"][service] for service in left}}
    write_json(directory, "versions.json", {"services": services, **({"stopped": left} if left else {})})
    mark({"directory": directory, "time": time.time(), "images": header["images"]})
    restarting("no", left)
    ill = None
    if fit:
        docker("start", *fit)
        ill = healthy(fit, given["waitSeconds"])
    if ill is None:
        shutil.rmtree(aside, ignore_errors=True)
        say(json.dumps({"restored": len(fit), "stopped": left}))
        return
    said = docker("logs", "--tail", "5", ill, check=False)[-600:]
    docker("stop", *every, check=False)
    shutil.rmtree(stage, ignore_errors=True)
    os.mkdir(stage, 0o700)
    move(directory, stage, lambda name: not name.startswith(OURS) and name not in keep)
    move(aside, directory, lambda name: True)
    os.rmdir(aside)
    restarting("always", left)
    docker("start", *(running or every), check=False)
    raise Refusal("%s does not get well with the restored data; what was there before is back in its place. It said: %s" % (ill, said))


def restarting(policy, services):
    """Whether Docker starts these by itself, as after a reboot."""
    if services:
        docker("update", "--restart", policy, *[PREFIX + service for service in services])


def move(source, target, wanted):
    for name in os.listdir(source):
        if wanted(name):
            os.rename(os.path.join(source, name), os.path.join(target, name))


def main():
    given = json.loads(sys.stdin.buffer.readline())
    # A connection that breaks ends this here, by an error of the write, and not in the middle of a pause.
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    os.umask(0o077)
    try:
        {"backup": backup, "mark": mark, "restore": restore}[given["do"]](given)
    except Refusal as refusal:
        say("refused: %s" % refusal)
        sys.exit(3)
    except OSError as error:
        say("refused: %s" % ("the disk of the host is full" if error.errno == 28 else error))
        sys.exit(3)


main()
