import * as fs from "fs";
import * as path from "path";
import Mustache from "mustache";
import * as encode from "./encode";

/** Templates lie beside `components/` both in a checkout and in the packed package. */
const TEMPLATES = path.join(__dirname, "..", "templates");
const cache = new Map<string, string>();
/** One for all, as it keeps the templates that it has parsed. */
let writer: Mustache.Writer | undefined;

/**
 * Renders `templates/<file>.mustache`. `{{value}}` is encoded for the language that the file name says, `{{{value}}}` is for text that is
 * already of that language. The name decides: `.yml`, `.yaml` and `.json`, `.alloy`, `Caddyfile`, `.sh`, `.ini`, `.service`, `.env`.
 *
 * @param file path below `templates/` without `.mustache`, e.g. `prometheus/prometheus.yml`
 * @throws Error where a name in the template is missing in the view: a typo would otherwise render as nothing.
 */
export function renderTemplate(file: string, view: object): string {
    const template = read(file);
    try {
        return (writer ??= new StrictWriter()).render(template, view, undefined, { escape: encoderFor(file) });
    } catch (error) {
        throw new Error(`templates/${file}.mustache: ${(error as Error).message}`);
    }
}

/** The encoder of the language that a file of this name is written in. */
export function encoderFor(file: string): encode.Encoder {
    const name = path.posix.basename(file);
    const key = name === "Caddyfile" ? name : path.posix.extname(name);
    const encoder = ENCODERS[key];
    if (!encoder) throw new Error(`no encoder is known for ${file}: add its language to components/encode.ts`);
    return encoder;
}

const ENCODERS: Record<string, encode.Encoder> = {
    ".yml": encode.yaml, ".yaml": encode.yaml, ".json": encode.yaml, ".alloy": encode.alloy, Caddyfile: encode.caddy,
    ".sh": encode.shell, ".ini": encode.ini, ".service": encode.systemd, ".timer": encode.systemd, ".env": encode.env,
};

function read(file: string): string {
    let template = cache.get(file);
    if (template === undefined) cache.set(file, template = fs.readFileSync(path.join(TEMPLATES, `${file}.mustache`), "utf8"));
    return template;
}

/** Mustache renders an unknown name as nothing; here it is an error. Sections may still test for what is absent. */
class StrictWriter extends Mustache.Writer {
    escapedValue(token: string[], context: Mustache.Context, config?: Mustache.RenderOptions): string {
        this.require(token, context);
        return super.escapedValue(token, context, config);
    }

    unescapedValue(token: string[], context: Mustache.Context): string {
        this.require(token, context);
        return super.unescapedValue(token, context);
    }

    private require(token: string[], context: Mustache.Context): void {
        if (context.lookup(token[1]) === undefined) throw new Error(`"${token[1]}" is not given`);
    }
}
