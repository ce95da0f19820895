# Before the files are unpacked: the user who owns some of them, and an end to what another choice of runtime or agent has left running.
for service in photogather-log-agent photogather-promtail; do
  if [ "$service" != 'photogather-log-agent' ] && [ -e "/etc/systemd/system/$service.service" ]; then
    systemctl disable --now "$service.service" >/dev/null 2>&1 || :
    rm -f "/etc/systemd/system/$service.service"
    systemctl daemon-reload
  fi
  if [ "$service" != '' ] && command -v docker >/dev/null && docker container inspect "$service" >/dev/null 2>&1; then
    docker rm -f "$service" >/dev/null
  fi
done
id 'photogather-log-agent' >/dev/null 2>&1 || useradd --system --user-group --no-create-home --home-dir / --shell /usr/sbin/nologin 'photogather-log-agent' ||
  { echo "photogather-monitoring: cannot create the user "'photogather-log-agent' >&2; exit 1; }
