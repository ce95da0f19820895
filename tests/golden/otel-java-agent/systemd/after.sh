# A restart that is owed stays owed until it has happened.
pending='/var/lib/photogather-monitoring/java-agent/shop.restart'
[ -z "$CHANGED" ] || : > "$pending"
if [ -e "$pending" ]; then systemctl daemon-reload || fail "this host's systemd does not answer"; fi
if [ -e "$pending" ]; then systemctl restart 'shop.service' || fail "cannot restart the service "'shop.service'; fi
rm -f "$pending"
