/** Everything of ours in Docker carries this label, and begins with this. */
export const LABEL = "photogather-local";
export const NETWORK = "photogather-local";
export const IMAGE = "photogather-local/host";

/** The container of a host. */
export function hostName(name: string): string {
    return `${LABEL}-${name}`;
}
