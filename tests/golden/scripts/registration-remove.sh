if id monitoring-targets >/dev/null 2>&1; then
  pkill -KILL -u monitoring-targets || :
  tries=0
  until userdel monitoring-targets; do tries=$((tries + 1)); [ "$tries" -lt 5 ] || exit 1; sleep 1; done
fi
[ ! -d /var/lib/photogather-monitoring/data/registration ] || chown -R root:root /var/lib/photogather-monitoring/data/registration
rm -rf /etc/photogather-monitoring/prometheus/registered/targets /etc/photogather-monitoring/prometheus/registered/scrape /etc/photogather-monitoring/prometheus/registered/credentials
