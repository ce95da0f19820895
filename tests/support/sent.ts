import { Bundle, decodeBundle } from "../../components/bundle";
import { decodeScripts, Scripts } from "../../components/machine";
import { Registration, reveal } from "../../tools/offline";

/** The scripts that a command sends to its machine, and their input. */
export function sentScripts({ inputs }: Registration): Scripts {
    return decodeScripts(reveal<string>(inputs.stdin));
}

/** The file bundle that a command sends, or undefined where it sends none. */
export function sentBundle(command: Registration): Bundle | undefined {
    return decodeBundle(sentScripts(command).input);
}
