#!/bin/sh
# Starts Promtail; the service manager runs this, and a person may. Rendered by photogather-monitoring.
set -eu
export GOMEMLIMIT='435MiB'
exec '/usr/local/lib/photogather-monitoring/promtail-3.6.15/promtail' '-config.file=/home/ubuntu/promtail/promtail-config.yml'
