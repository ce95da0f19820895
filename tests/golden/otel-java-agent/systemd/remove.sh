rm -f '/etc/photogather-monitoring/java-agent/shop.env' '/var/lib/photogather-monitoring/java-agent/shop.restart'
rm -f '/etc/systemd/system/shop.service.d/photogather-otel.conf'
systemctl daemon-reload >/dev/null 2>&1 || :
# Goes with the last application that uses it. One that runs keeps the jar open: it is not disturbed.
if ! grep -qsF '/usr/local/lib/photogather-monitoring/opentelemetry-javaagent-2.30.0.jar' '/etc/photogather-monitoring/java-agent'/*.env; then rm -f '/usr/local/lib/photogather-monitoring/opentelemetry-javaagent-2.30.0.jar'; fi
for directory in '/usr/local/lib/photogather-monitoring' '/var/lib/photogather-monitoring/java-agent'; do rmdir "$directory" 2>/dev/null || :; done
