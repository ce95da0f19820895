import { FAIL } from "../bundle";
import { shell } from "../encode";
import { SETUP_STATE } from "../monitoring-host/setup-state";
import { REGISTRATION, registrationApplyScript, registrationRemoveScript, registrationSetupScript } from "../metrics-target/registration";
import { MonitoringServicesArgs } from "./args";
import { discoveryInstallScript, discoveryRemoveScript } from "./discovery";
import { watchdogInstallScript, watchdogRemoveScript } from "./disk-watchdog";
import { guardApplyScript, guardRemoveScript } from "./guard";
import { CONFIG, NETWORK, RELAY_DATA, SERVICES } from "./services";
import { shutdownInstallScript, shutdownRemoveScript } from "./shutdown";
import { UpgradeArgs, versionsScript, wayBackScript } from "./upgrade";

/**
 * Shell text that runs before the files are written: is this a host that the services can run on? One sentence for each thing that is missing.
 *
 * @param bootSeconds how long to wait for a host that is still setting itself up; 0 for none
 * @param environments those that will be there; one that is registered and not among them is refused. Absent: none is refused
 */
export function preflightScript(bootSeconds: number, environments?: string[]): string {
    return `${FAIL}
deadline=$(( $(date +%s) + ${bootSeconds} ))
state() { cat ${SETUP_STATE} 2>/dev/null || echo done; }
until state=$(state) && [ "$state" = done ] && command -v docker >/dev/null && docker version >/dev/null 2>&1; do
  case $state in failed:*) fail "this host could not set itself up; \${state#failed: } (more in /var/log/cloud-init-output.log there)" ;; esac
  if [ "$(date +%s)" -ge "$deadline" ]; then
    [ "$state" = done ] || fail "this host is still setting itself up after ${bootSeconds} s: \${state#running: }"
    command -v docker >/dev/null || fail "Docker is not installed on this host; install it, e.g. with: apt-get install docker.io"
    fail "Docker does not answer on this host: $(docker version 2>&1 | tail -n 1)"
  fi
  sleep 3
done
for program in python3 curl base64 cmp runuser iptables; do
  command -v "$program" >/dev/null || fail "$program is missing on this host; install it"
done
# Debian's python3-minimal, for one, has too little of it.
python3 -c 'import fcntl, ipaddress, json, resource, ssl, syslog' 2>/dev/null ||
  fail "python3 on this host lacks parts of its standard library; install it whole, e.g. with: apt-get install python3"
if [ -n "\${SUDO_USER:-}" ] && [ "$SUDO_USER" != root ]; then
  runuser -u "$SUDO_USER" -- docker version >/dev/null 2>&1 ||
    fail "the user $SUDO_USER may not use Docker on this host; allow it with: usermod -aG docker $SUDO_USER"
fi
${environments ? registeredElsewhereScript(environments) : ""}${registrationSetupScript()}`;
}

/** Shell text that refuses to take an environment away whose members would be cut off: they could not even take their targets back. */
function registeredElsewhereScript(environments: string[]): string {
    return `for file in ${REGISTRATION.root}/targets/[a-z0-9]*.json; do
  [ -f "$file" ] || continue
  name=\${file##*/}; name=\${name%%.*}
  case " ${environments.join(" ")} " in *" $name "*) continue ;; esac
  fail "the environment $name still has targets here, and would be cut off: destroy its stack first, or set destroyWithMembers to true"
done
`;
}

/** Shell text that runs when the files are in place. */
export function settleScript(dataDirectory: string, environments: MonitoringServicesArgs["environments"]): string {
    const key = shell(`${dataDirectory}/grafana/.secret-key`);
    return `# Encrypts what Grafana stores. Beside its database, as the one is of no use without the other.
if [ ! -s ${key} ]; then ( umask 077; head -c 32 /dev/urandom | base64 | tr -d '\\n' > ${key} ); fi
chown 472:0 ${key}; chmod 0400 ${key}
${registrationApplyScript(dataDirectory)}${guardApplyScript()}${watchdogInstallScript()}${discoveryInstallScript(environments)}${shutdownInstallScript()}`;
}

/** Shell text that runs on removal. The data directory stays. */
export function removalScript(dataDirectory: string): string {
    return `rm -rf ${RELAY_DATA}\n` + shutdownRemoveScript() + watchdogRemoveScript() + discoveryRemoveScript() + registrationRemoveScript(dataDirectory) + guardRemoveScript();
}

/**
 * Shell text that waits until each service is well and says itself that it runs the present configuration; where it does not, it says what the service said,
 * and how to go back to the image before. In the end it notes which versions run on the data.
 * A loading time is compared with the file's: services that tell none read their file every 5 s, so their word counts 12 s after the change.
 */
export function readyScript(upgrade: UpgradeArgs, services = SERVICES): string {
    const names = services.map(({ name }) => name);
    const reloads = services.flatMap(({ name, configuration }) => (configuration?.reloads ? [{ name, ...configuration.reloads }] : []));
    return `set -eu
${FAIL}
LC_ALL=C; export LC_ALL
# A service that reads a large log at its start takes minutes; one that only will not read its new file is found sooner.
deadline=$(( $(date +%s) + 300 ))
${wayBackScript(upgrade)}inside() { timeout 10 docker exec ${NETWORK}-prometheus wget -q -O - "$@" 2>/dev/null; }
# metric ADDRESS NAME: its value, whatever its labels.
metric() {
  inside "http://$1/metrics" |
    awk -v name="$2" 'index($1, name) == 1 && (length($1) == length(name) || substr($1, length(name) + 1, 1) == "{") { print $NF; exit }'
}
changed() { stat -c %Y "${CONFIG}/$1"; }
said() { docker logs --tail 5 "${NETWORK}-$1" 2>&1 | cut -c 1-400; }
well() { [ "$(docker inspect -f '{{.State.Health.Status}}' "${NETWORK}-$1" 2>/dev/null)" = healthy ]; }
restarts() { docker inspect -f '{{.RestartCount}}' "${NETWORK}-$1" 2>/dev/null || echo 0; }
# ill SERVICE: somebody stopped it, or it has ended again and again since we look, or Docker has called it unhealthy for four of its checks: on a busy
# host a check comes too late now and then, and the next one tells.
ill() {
  set -- $(docker inspect -f '{{.State.Health.Status}} {{.State.Status}} {{.RestartCount}}' "${NETWORK}-$1" 2>/dev/null)
  [ "\${1:-}" = unhealthy ] || sick=
  [ "\${1:-}" != unhealthy ] || [ -n "$sick" ] || sick=$(date +%s)
  [ "\${2:-}" = exited ] || { [ "\${1:-}" != healthy ] && [ "\${3:-0}" -ge $(( had + 2 )) ]; } ||
    { [ -n "$sick" ] && [ "$(date +%s)" -ge $(( sick + 60 )) ]; }
}
# since NUMBER SECONDS: true where the number, which may be 1.7e+09, is no less.
since() { awk -v have="\${1:-0}" -v want="$2" 'BEGIN { exit !(have + 1 > want + 0) }'; }
settled() { [ "$(date +%s)" -ge $(( $(changed "$1") + 12 )) ]; }
# of SERVICE: where its metrics are, what they begin with, and the file that changes with everything it reloads; nothing where to be well is all that it can tell.
of() {
  case $1 in
${reloads.map(({ name, metrics, prefix, file }) => `    ${name}) echo ${metrics} ${prefix} ${name}/${file} ;;`).join("\n")}
  esac
}
runs() {
  if [ "$1" = grafana ]; then inside http://grafana:3000/api/health | grep -q '"database": *"ok"'; return; fi
  set -- $(of "$1")
  [ $# -gt 0 ] || return 0
  [ "$(metric "$1" "$2_last_reload_successful")" = 1 ] || return 1
  loaded=$(metric "$1" "$2_last_reload_success_timestamp_seconds")
  if [ -n "$loaded" ]; then since "$loaded" "$(changed "$3")"; else settled "$3"; fi
}
# refuses SERVICE: it has read the present file, and says that it cannot use it.
refuses() {
  set -- $(of "$1")
  [ $# -gt 0 ] && settled "$3" && [ "$(metric "$1" "$2_last_reload_successful")" = 0 ]
}
reload_alertmanager() { inside --post-data= http://alertmanager:9093/-/reload >/dev/null || :; }
# Caddy watches its file no more once it could not parse it; it is then told.
reload_gateway() {
  timeout 15 docker exec ${NETWORK}-gateway wget -q -O /dev/null --header 'Content-Type: text/caddyfile' --post-file /etc/caddy/Caddyfile \\
    http://127.0.0.1:2019/load 2>/dev/null || :
}
reload_alertmanager
asked=$(( $(date +%s) + 8 ))
for service in ${["prometheus", ...names.filter((name) => name !== "prometheus")].join(" ")}; do
  sick= had=$(restarts "$service")
  until well "$service" && runs "$service"; do
    if ill "$service"; then fail "$service does not get well; it said: $(said "$service")$(back "$service")"; fi
    if [ "$(date +%s)" -ge "$deadline" ] || refuses "$service"; then
      fail "$service does not run the present configuration; it said: $(said "$service")$(back "$service")"
    fi
    if [ "$(date +%s)" -ge "$asked" ]; then
      asked=$(( $(date +%s) + 15 ))
      case $service in gateway) reload_gateway ;; alertmanager) reload_alertmanager ;; esac
    fi
    sleep 1
  done
done
${versionsScript(upgrade)}`;
}

/**
 * Shell text that refuses to go on while environments other than the owner's have targets here: they would lose their monitoring, and could
 * not take their registration back.
 */
export function membersGuardScript(ownEnvironment: string, destroyWithMembers: boolean): string {
    if (destroyWithMembers) return ":";
    return `${FAIL}
members=
for file in ${REGISTRATION.root}/targets/*.json; do
  [ -f "$file" ] || continue
  name=\${file##*/}; name=\${name%%.*}
  case " $members " in *" $name "*) continue ;; esac
  [ "$name" = ${shell(ownEnvironment)} ] || members="\${members:+$members }$name"
done
[ -z "$members" ] ||
  fail "these environments are still registered here: $members. Destroy their stacks first, or set destroyWithMembers to true, run pulumi up, and destroy again"
`;
}
