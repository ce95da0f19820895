# Everything of ours, whatever the runtime and the agent were; lines that were not sent yet go too.
for service in photogather-log-agent photogather-promtail; do
  if command -v systemctl >/dev/null && [ -e "/etc/systemd/system/$service.service" ]; then
    systemctl disable --now "$service.service" >/dev/null 2>&1 || :
    rm -f "/etc/systemd/system/$service.service"
    systemctl daemon-reload >/dev/null 2>&1 || :
  fi
  if command -v docker >/dev/null && docker container inspect "$service" >/dev/null 2>&1; then docker rm -f "$service" >/dev/null; fi
done
rm -rf '/var/lib/photogather-monitoring/log-agent' '/etc/photogather-monitoring/log-agent'/running '/etc/photogather-monitoring/log-agent'/http-password
rm -rf '/usr/local/lib/photogather-monitoring'/alloy-* '/usr/local/lib/photogather-monitoring'/promtail-*
for directory in '/usr/local/lib/photogather-monitoring' '/var/lib/photogather-monitoring'; do rmdir "$directory" 2>/dev/null || :; done
! id 'photogather-log-agent' >/dev/null 2>&1 || userdel 'photogather-log-agent' >/dev/null 2>&1 || :
