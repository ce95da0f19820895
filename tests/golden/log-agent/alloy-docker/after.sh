# Runs the container, and replaces it only where its definition or its image changed.
service='photogather-log-agent'
image='grafana/alloy:v1.19.0'
command -v docker >/dev/null || fail "this host has no docker: use runtime \"systemd\""
chown -R 0:0 '/var/lib/photogather-monitoring/log-agent'
docker image inspect "$image" >/dev/null 2>&1 || reason=$(docker pull -q "$image" 2>&1) || fail "cannot pull the image $image: $reason"
# Restarted "always": after the daemon was killed, "unless-stopped" leaves a container stopped. Rotates its own log; sees the host's network, so that applications reach it on localhost; may read any log, and write to its data only.
set -- --name "$service" --network host --restart always --read-only --tmpfs /tmp --user 0:0 --memory '512m' \
  --cap-drop ALL --cap-add DAC_READ_SEARCH --security-opt no-new-privileges --env 'GOMEMLIMIT=435MiB' \
  --log-driver json-file --log-opt max-size=10m --log-opt max-file=3 --stop-timeout 30
set -- "$@" --volume '/etc/photogather-monitoring/log-agent:/etc/photogather-monitoring/log-agent:ro'
set -- "$@" --volume '/var/lib/photogather-monitoring/log-agent:/var/lib/photogather-monitoring/log-agent'
set -- "$@" --volume '/var/run/docker.sock:/var/run/docker.sock:ro'
set -- "$@" --volume '/var/log/journal:/var/log/journal:ro'
set -- "$@" --volume '/run/log/journal:/run/log/journal:ro'
set -- "$@" --volume '/etc/machine-id:/etc/machine-id:ro'
set -- "$@" --volume '/proc:/host/proc:ro'
set -- "$@" --volume '/sys:/host/sys:ro'
# The nearest directory that is there: an application may make its own later.
for directory in '/srv/pay/log' '/var/log/shop' ; do
  while [ -n "$directory" ] && [ ! -d "$directory" ]; do directory=${directory%/*}; done
  [ -n "$directory" ] || fail "none of the directories above a log file exists"
  set -- "$@" --volume "$directory:$directory:ro"
done
# File systems that are mounted later show too, where the host's root passes mounts on, as systemd has it.
if grep -q '^[0-9]* [0-9]* [0-9:]* / / .* shared:' /proc/self/mountinfo; then set -- "$@" --volume /:/host/root:ro,rslave
else set -- "$@" --volume /:/host/root:ro; fi
id=$(docker image inspect -f '{{.Id}}' "$image")
definition=$(printf '%s\n' "$id" "$@" 'run' '--stability.level=public-preview' '--server.http.listen-addr=0.0.0.0:12345' '--server.http.enable-pprof=false' '--server.http.disable-support-bundle=true' '--disable-reporting' '--storage.path=/var/lib/photogather-monitoring/log-agent' '/etc/photogather-monitoring/log-agent/running/config.alloy' | sha256sum | cut -d ' ' -f 1)
restart() {
  docker stop "$service" >/dev/null 2>&1 || :
  docker rm -f "$service" >/dev/null 2>&1 || :
  # Not in $reason: whoever restarts it after a failure still has to tell that.
  answer_of_docker=$(docker run -d --label "photogather.definition=$definition" "$@" "$image" 'run' '--stability.level=public-preview' '--server.http.listen-addr=0.0.0.0:12345' '--server.http.enable-pprof=false' '--server.http.disable-support-bundle=true' '--disable-reporting' '--storage.path=/var/lib/photogather-monitoring/log-agent' '/etc/photogather-monitoring/log-agent/running/config.alloy' 2>&1) ||
    fail "cannot start the container $service: $(printf %s "$answer_of_docker" | grep -iE 'error|invalid|unknown' | head -n 1)"
}
running() { [ "$(docker container inspect -f '{{.State.Running}}' "$service" 2>/dev/null)" = true ]; }
settled() { [ "$(docker container inspect -f '{{index .Config.Labels "photogather.definition"}}' "$service" 2>/dev/null)" = "$definition" ]; }
settle() { :; }
check() { docker run --rm --network none --volume '/etc/photogather-monitoring/log-agent:/etc/photogather-monitoring/log-agent:ro' "$image" 'validate' '--stability.level=public-preview' '/etc/photogather-monitoring/log-agent/config.alloy' ; }
why() { docker logs --tail 50 "$service" 2>&1 | grep -iE 'error|fatal|panic|denied' | tail -n 3; }
# The agent runs a copy of its configuration, which changes only when Alloy has taken the new one: a restart never meets a bad file.
wanted='/etc/photogather-monitoring/log-agent/config.alloy'
current='/etc/photogather-monitoring/log-agent/running/config.alloy'
password='/etc/photogather-monitoring/log-agent/http-password'
answer=$(mktemp)
trap 'rm -rf "$answer" "${tmp:-}"' EXIT
# Where Prometheus does not come for host metrics, nobody needs to know the password.
[ -s "$password" ] || { head -c 24 /dev/urandom | base64 | tr -d '\n' > "$password"; chown 'root:root' "$password"; chmod 0640 "$password"; }
# The credentials go by stdin, as arguments can be seen; the certificate is for another name than loopback's.
ask() {
  { printf 'user = "%s:%s"\n' 'prometheus' "$(sed 's/[\\"]/\\&/g' "$password")"; echo insecure; } |
    curl -sS --max-time 15 --config - -o "$answer" -w '%{http_code}' 'https://127.0.0.1:12345'"$1" 2>/dev/null
}
ready() {
  tries=0
  until [ "$(ask /-/ready)" = 200 ]; do
    tries=$((tries + 1))
    if [ "$tries" -ge 30 ] || ! running; then return 1; fi
    sleep 1
  done
}
take() { mkdir -p "${current%/*}"; [ ! -f "$current" ] || cp -p "$current" "$current.old"; cp -p "$wanted" "$current"; }
back() { [ ! -f "$current.old" ] || mv -f "$current.old" "$current"; }
command -v curl >/dev/null || fail "curl is missing on this host: install it, then run this again"
reason=$(check 2>&1) || fail "Alloy refuses the configuration, the one before stays: $(printf %s "$reason" | grep -E 'rror' | head -n 3)"
if ! running || ! settled; then
  take
  restart "$@"
  if ! ready; then
    sleep 1
    reason=$(why)
    back
    restart "$@"
    fail "Alloy does not become ready: ${reason:-it says nothing}"
  fi
  settle
elif ! cmp -s "$wanted" "$current"; then
  take
  if [ "$(ask /-/reload)" != 200 ]; then
    reason=$(head -n 3 "$answer")
    back
    ask /-/reload >/dev/null || :
    fail "Alloy refuses the configuration, the one before stays: ${reason:-it does not answer}"
  fi
fi
rm -f "$current.old"
