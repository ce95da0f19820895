# A restart that is owed stays owed until it has happened.
pending='/var/lib/photogather-monitoring/java-agent/shop.restart'
[ -z "$CHANGED" ] || : > "$pending"
if [ -e "$pending" ]; then docker restart 'shop' >/dev/null || fail "cannot restart the container "'shop'; fi
rm -f "$pending"
