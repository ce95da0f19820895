for dir in /etc/photogather-monitoring/prometheus/registered/scrape /etc/photogather-monitoring/prometheus/registered/targets /etc/photogather-monitoring/prometheus/registered/credentials /var/lib/photogather-monitoring/data/registration; do
  for file in $dir/[a-z0-9]* $dir/.[a-z0-9]*; do
    name=${file##*/}; name=${name#.}; name=${name%%.*}
    [ ! -e "$file" ] || [ -f "/etc/photogather-monitoring/registration/$name.json" ] || rm -rf "$file"
  done
done
chown -R monitoring-targets:monitoring-targets /var/lib/photogather-monitoring/data/registration
for policy in /etc/photogather-monitoring/registration/*.json; do
  name=${policy##*/}; name=${name%.json}
  [ ! -f "$policy" ] || runuser -u monitoring-targets -- /usr/local/lib/photogather-monitoring/register-targets --requests /var/lib/photogather-monitoring/data/registration --refresh "$name"
done
