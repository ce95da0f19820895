#!/bin/sh
# Starts Promtail; the service manager runs this, and a person may. Rendered by photogather-monitoring.
set -eu
fail() { echo "photogather-monitoring: $*" >&2; exit 1; }
# Runs the container, and replaces it only where its definition or its image changed.
service='photogather-promtail'
image='grafana/promtail:3.6.15'
command -v docker >/dev/null || fail "this host has no docker: use runtime \"systemd\""
chown -R 0:0 '/var/lib/photogather-monitoring/log-agent'
docker image inspect "$image" >/dev/null 2>&1 || reason=$(docker pull -q "$image" 2>&1) || fail "cannot pull the image $image: $reason"
# Restarted "always": after the daemon was killed, "unless-stopped" leaves a container stopped. Rotates its own log; sees the host's network, so that applications reach it on localhost; may read any log, and write to its data only.
set -- --name "$service" --network host --restart always --read-only --tmpfs /tmp --user 0:0 --memory '512m' \
  --cap-drop ALL --cap-add DAC_READ_SEARCH --security-opt no-new-privileges --env 'GOMEMLIMIT=435MiB' \
  --log-driver json-file --log-opt max-size=10m --log-opt max-file=3 --stop-timeout 30
set -- "$@" --volume '/etc/photogather-monitoring/log-agent:/etc/photogather-monitoring/log-agent:ro'
set -- "$@" --volume '/home/ubuntu/promtail:/home/ubuntu/promtail:ro'
set -- "$@" --volume '/var/lib/photogather-monitoring/log-agent:/var/lib/photogather-monitoring/log-agent'
set -- "$@" --volume '/var/run/docker.sock:/var/run/docker.sock:ro'
set -- "$@" --volume '/var/log/journal:/var/log/journal:ro'
set -- "$@" --volume '/run/log/journal:/run/log/journal:ro'
set -- "$@" --volume '/etc/machine-id:/etc/machine-id:ro'
# The nearest directory that is there: an application may make its own later.
for directory in '/srv/pay/log' '/var/log/shop' ; do
  while [ -n "$directory" ] && [ ! -d "$directory" ]; do directory=${directory%/*}; done
  [ -n "$directory" ] || fail "none of the directories above a log file exists"
  set -- "$@" --volume "$directory:$directory:ro"
done
id=$(docker image inspect -f '{{.Id}}' "$image")
definition=$(printf '%s\n' "$id" "$@" '-config.file=/home/ubuntu/promtail/promtail-config.yml' "$(cat '/home/ubuntu/promtail/promtail-config.yml')" | sha256sum | cut -d ' ' -f 1)
restart() {
  docker stop "$service" >/dev/null 2>&1 || :
  docker rm -f "$service" >/dev/null 2>&1 || :
  # Not in $reason: whoever restarts it after a failure still has to tell that.
  answer_of_docker=$(docker run -d --label "photogather.definition=$definition" "$@" "$image" '-config.file=/home/ubuntu/promtail/promtail-config.yml' 2>&1) ||
    fail "cannot start the container $service: $(printf %s "$answer_of_docker" | grep -iE 'error|invalid|unknown' | head -n 1)"
}
running() { [ "$(docker container inspect -f '{{.State.Running}}' "$service" 2>/dev/null)" = true ]; }
settled() { [ "$(docker container inspect -f '{{index .Config.Labels "photogather.definition"}}' "$service" 2>/dev/null)" = "$definition" ]; }
settle() { :; }
check() { docker run --rm --network none --volume '/etc/photogather-monitoring/log-agent:/etc/photogather-monitoring/log-agent:ro' --volume '/home/ubuntu/promtail:/home/ubuntu/promtail:ro' "$image" '-check-syntax' '-config.file=/home/ubuntu/promtail/promtail-config.yml' ; }
why() { docker logs --tail 50 "$service" 2>&1 | grep -iE 'error|fatal|panic|denied' | tail -n 3; }

if ! running || ! settled; then restart "$@"; fi
