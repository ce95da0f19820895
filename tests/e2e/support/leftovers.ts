import { Host } from "./hosts";

/** Everything on a host that bears our name: units, users, containers, files. */
export async function leftovers(host: Host): Promise<string> {
    return host.must(`{
        systemctl list-unit-files --no-legend --plain '*photogather*' | cut -d' ' -f1
        getent passwd | cut -d: -f1 | grep -E 'photogather|monitoring' || :
        docker ps -a --format '{{.Names}}' | grep -E 'photogather|monitoring' || :
        docker network ls --format '{{.Name}}' | grep -E 'photogather|monitoring' || :
        find / -xdev \\( -path /proc -o -path /sys -o -path /var/lib/docker -o -path /var/lib/photogather-monitoring/data \\) -prune -o \\( -name '*photogather*' -o -name '*monitoring-targets*' \\) -print
    } | grep -vx /var/lib/photogather-monitoring | grep -vx photogather-was || :`);
}
