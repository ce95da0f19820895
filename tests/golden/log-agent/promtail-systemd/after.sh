# The program, in a directory of its own for each version.
program='/usr/local/lib/photogather-monitoring/promtail-3.6.15/promtail'
case $(uname -m) in
  x86_64 | amd64) arch=amd64 sum='' ;;
  aarch64 | arm64) arch=arm64 sum='' ;;
  *) fail "there is no build of "'promtail'" for $(uname -m)" ;;
esac
if ! "$program" --version >/dev/null 2>&1; then
  command -v curl >/dev/null || fail "curl is missing on this host: install it, then run this again"
  url=$(printf %s 'https://github.com/grafana/loki/releases/download/v3.6.15/promtail-linux-{arch}.zip' | sed "s/{arch}/$arch/g")
  mkdir -p "${program%/*}"
  chmod 0755 "${program%/*}" "${program%/*/*}"
  tmp=$(mktemp -d "${program%/*}/.download.XXXXXX")
  trap 'rm -rf "$tmp"' EXIT
  curl -fsSL --retry 3 --retry-connrefused --connect-timeout 10 --max-time 600 -o "$tmp/download" "$url" 2>"$tmp/error" ||
    fail "cannot download $url: $(tail -n 1 "$tmp/error")"
  if [ -n "$sum" ]; then
    got=$(sha256sum "$tmp/download") && got=${got%% *}
    [ "$got" = "$sum" ] || fail "the download $url has the SHA-256 $got, expected $sum"
  fi
  case $url in
    *.zip)
      mkdir "$tmp/out"
      if command -v unzip >/dev/null; then unzip -qo "$tmp/download" -d "$tmp/out" >/dev/null 2>&1
      else python3 -m zipfile -e "$tmp/download" "$tmp/out" >/dev/null 2>&1
      fi || fail "cannot unpack $url: is it a zip file, and is unzip or python3 on this host?"
      mv -f "$(find "$tmp/out" -type f -name 'promtail''*' | sort | head -n 1)" "$tmp/program" 2>/dev/null || fail "there is no program "'promtail'" in $url" ;;
    *) mv -f "$tmp/download" "$tmp/program" ;;
  esac
  chmod 0755 "$tmp/program"
  "$tmp/program" --version >/dev/null 2>&1 || fail "what came from $url does not run on this host ($(uname -m))"
  mv -f "$tmp/program" "$program"
  rm -rf "$tmp"
fi
# Runs the unit, and restarts it only where the unit or the program changed.
service='photogather-promtail'
unit=/etc/systemd/system/$service.service
stamp='/var/lib/photogather-monitoring/log-agent'/.definition
command -v systemctl >/dev/null || fail "this host has no systemd: use runtime \"docker\""
chown -R 'photogather-log-agent:photogather-log-agent' '/var/lib/photogather-monitoring/log-agent'
definition=$(cat "$unit" '/home/ubuntu/promtail/promtail-config.yml' '/home/ubuntu/promtail/start_promtail.sh' | sha256sum)
systemctl daemon-reload
systemctl enable "$service.service" >/dev/null 2>&1 || fail "cannot enable the unit $service"
restart() { systemctl restart "$service.service" || :; }
running() { systemctl is-active --quiet "$service.service"; }
settled() { [ "$(cat "$stamp" 2>/dev/null)" = "$definition" ]; }
settle() {
  printf '%s\n' "$definition" > "$stamp"
  # Programs of earlier versions; the one that runs is the new one.
  for old in "${program%/*/*}"/'promtail'-*; do [ "$old" = "${program%/*}" ] || rm -rf "$old"; done
}
check() { "$program" '-check-syntax' '-config.file=/home/ubuntu/promtail/promtail-config.yml' ; }
why() { journalctl -u "$service.service" -n 50 -o cat --no-pager 2>/dev/null | grep -iE 'error|fatal|panic|denied' | tail -n 3; }
# Promtail reads its configuration at its start only.
command -v curl >/dev/null || fail "curl is missing on this host: install it, then run this again"
ready() {
  tries=0
  until curl -fsS --max-time 5 -o /dev/null 'http://127.0.0.1:9080'/ready 2>/dev/null; do
    tries=$((tries + 1))
    if [ "$tries" -ge 30 ] || ! running; then return 1; fi
    sleep 1
  done
}
reason=$(check 2>&1) || fail "Promtail refuses the configuration: $(printf %s "$reason" | grep -iE 'error|unable' | head -n 3)"
if ! running || ! settled; then
  restart "$@"
  ready || { sleep 1; reason=$(why); fail "Promtail does not become ready: ${reason:-it says nothing}"; }
  settle
fi
