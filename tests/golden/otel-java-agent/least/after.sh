# A restart that is owed stays owed until it has happened.
pending='/var/lib/photogather-monitoring/java-agent/shop.restart'
[ -z "$CHANGED" ] || : > "$pending"
rm -f "$pending"
echo 'the application shop takes the agent when its service or container includes /etc/photogather-monitoring/java-agent/shop.env: EnvironmentFile=/etc/photogather-monitoring/java-agent/shop.env in a unit, or docker run --env-file /etc/photogather-monitoring/java-agent/shop.env -v /usr/local/lib/photogather-monitoring/opentelemetry-javaagent-2.30.0.jar:/usr/local/lib/photogather-monitoring/opentelemetry-javaagent-2.30.0.jar:ro'
