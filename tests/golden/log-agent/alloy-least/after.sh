# The program, in a directory of its own for each version.
program='/usr/local/lib/photogather-monitoring/alloy-1.19.0/alloy'
case $(uname -m) in
  x86_64 | amd64) arch=amd64 sum='' ;;
  aarch64 | arm64) arch=arm64 sum='' ;;
  *) fail "there is no build of "'alloy'" for $(uname -m)" ;;
esac
if ! "$program" --version >/dev/null 2>&1; then
  command -v curl >/dev/null || fail "curl is missing on this host: install it, then run this again"
  url=$(printf %s 'https://github.com/grafana/alloy/releases/download/v1.19.0/alloy-linux-{arch}.zip' | sed "s/{arch}/$arch/g")
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
      mv -f "$(find "$tmp/out" -type f -name 'alloy''*' | sort | head -n 1)" "$tmp/program" 2>/dev/null || fail "there is no program "'alloy'" in $url" ;;
    *) mv -f "$tmp/download" "$tmp/program" ;;
  esac
  chmod 0755 "$tmp/program"
  "$tmp/program" --version >/dev/null 2>&1 || fail "what came from $url does not run on this host ($(uname -m))"
  mv -f "$tmp/program" "$program"
  rm -rf "$tmp"
fi
# Runs the unit, and restarts it only where the unit or the program changed.
service='photogather-log-agent'
unit=/etc/systemd/system/$service.service
stamp='/var/lib/photogather-monitoring/log-agent'/.definition
command -v systemctl >/dev/null || fail "this host has no systemd: use runtime \"docker\""
chown -R 'photogather-log-agent:photogather-log-agent' '/var/lib/photogather-monitoring/log-agent'
definition=$(cat "$unit" | sha256sum)
systemctl daemon-reload
systemctl enable "$service.service" >/dev/null 2>&1 || fail "cannot enable the unit $service"
restart() { systemctl restart "$service.service" || :; }
running() { systemctl is-active --quiet "$service.service"; }
settled() { [ "$(cat "$stamp" 2>/dev/null)" = "$definition" ]; }
settle() {
  printf '%s\n' "$definition" > "$stamp"
  # Programs of earlier versions; the one that runs is the new one.
  for old in "${program%/*/*}"/'alloy'-*; do [ "$old" = "${program%/*}" ] || rm -rf "$old"; done
}
check() { "$program" 'validate' '--stability.level=public-preview' '/etc/photogather-monitoring/log-agent/config.alloy' ; }
why() { journalctl -u "$service.service" -n 50 -o cat --no-pager 2>/dev/null | grep -iE 'error|fatal|panic|denied' | tail -n 3; }
# The agent runs a copy of its configuration, which changes only when Alloy has taken the new one: a restart never meets a bad file.
wanted='/etc/photogather-monitoring/log-agent/config.alloy'
current='/etc/photogather-monitoring/log-agent/running/config.alloy'
password='/etc/photogather-monitoring/log-agent/http-password'
answer=$(mktemp)
trap 'rm -rf "$answer" "${tmp:-}"' EXIT
# Where Prometheus does not come for host metrics, nobody needs to know the password.
[ -s "$password" ] || { head -c 24 /dev/urandom | base64 | tr -d '\n' > "$password"; chown 'root:photogather-log-agent' "$password"; chmod 0640 "$password"; }
# The credentials go by stdin, as arguments can be seen; the certificate is for another name than loopback's.
ask() {
  { printf 'user = "%s:%s"\n' 'prometheus' "$(sed 's/[\\"]/\\&/g' "$password")"; echo insecure; } |
    curl -sS --max-time 15 --config - -o "$answer" -w '%{http_code}' 'http://127.0.0.1:12345'"$1" 2>/dev/null
}
ready() {
  tries=0
  until [ "$(ask /-/ready)" = 200 ]; do
    tries=$((tries + 1))
    if [ "$tries" -ge 30 ] || ! running; then return 1; fi
    sleep 1
  done
}
take() { mkdir -p "${current%/*}"; [ ! -f "$current" ] || cp -p "$current" "$current.old"; cp -p "$wanted" "$current"; }
back() { [ ! -f "$current.old" ] || mv -f "$current.old" "$current"; }
command -v curl >/dev/null || fail "curl is missing on this host: install it, then run this again"
reason=$(check 2>&1) || fail "Alloy refuses the configuration, the one before stays: $(printf %s "$reason" | grep -E 'rror' | head -n 3)"
if ! running || ! settled; then
  take
  restart "$@"
  if ! ready; then
    sleep 1
    reason=$(why)
    back
    restart "$@"
    fail "Alloy does not become ready: ${reason:-it says nothing}"
  fi
  settle
elif ! cmp -s "$wanted" "$current"; then
  take
  if [ "$(ask /-/reload)" != 200 ]; then
    reason=$(head -n 3 "$answer")
    back
    ask /-/reload >/dev/null || :
    fail "Alloy refuses the configuration, the one before stays: ${reason:-it does not answer}"
  fi
fi
rm -f "$current.old"
