command -v python3 >/dev/null || { echo "photogather-monitoring: python3 is missing on this host; install it" >&2; exit 1; }
if ! id monitoring-targets >/dev/null 2>&1; then
  useradd --system --user-group --no-create-home --home-dir '/etc/photogather-monitoring/registration-home' --shell /bin/sh --password '*' monitoring-targets
fi
