rm -f '/etc/photogather-monitoring/java-agent/shop.env' '/var/lib/photogather-monitoring/java-agent/shop.restart'
# A jar, of an earlier version too, goes with the last application that uses it. One that runs keeps the jar open: it is not disturbed.
for jar in '/usr/local/lib/photogather-monitoring'/opentelemetry-javaagent-*.jar; do
  grep -qsF "$jar" '/etc/photogather-monitoring/java-agent'/*.env || rm -f "$jar"
done
for directory in '/usr/local/lib/photogather-monitoring' '/var/lib/photogather-monitoring/java-agent'; do rmdir "$directory" 2>/dev/null || :; done
