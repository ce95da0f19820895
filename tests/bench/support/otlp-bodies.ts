import { randomBytes } from "node:crypto";
import { field, fixed64, whole } from "./protobuf";

/** A request that was encoded once; sending it again takes a copy with other times and ids in the same places. */
export interface Body {
    bytes: Buffer;
    slots: Slot[];
    /** Lines or spans in it. */
    units: number;
}

interface Slot {
    kind: "time" | "iso" | "id" | "hex" | "digits";
    /** Of a time: milliseconds after that of the request. */
    after: number;
    length: number;
    at: number[];
}

/** Who sends: resource attributes, in the order in which they are written. */
export type Attributes = Record<string, string>;

type Value = string | number | Buffer;

/** Places that change are written as random bytes first, and found again by them: so messages can be built from the inside out. */
class Places {
    private readonly marks: { mark: Buffer; slot: Slot }[] = [];

    place(kind: Slot["kind"], length: number, after = 0): Buffer {
        const mark = randomBytes(length);
        this.marks.push({ mark, slot: { kind, after, length, at: [] } });
        return mark;
    }

    body(bytes: Buffer, units: number): Body {
        for (const { mark, slot } of this.marks) for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + 1)) slot.at.push(at);
        return { bytes, units, slots: this.marks.map(({ slot }) => slot) };
    }
}

/** A copy for now: its own times and ids. */
export function fill({ bytes, slots }: Body, milliseconds: number): Buffer {
    const copy = Buffer.from(bytes);
    for (const { kind, after, length, at } of slots) {
        const value = content(kind, length, milliseconds + after);
        for (const place of at) value.copy(copy, place);
    }
    return copy;
}

function content(kind: Slot["kind"], length: number, milliseconds: number): Buffer {
    switch (kind) {
        case "time": {
            const eight = Buffer.alloc(8);
            eight.writeBigUInt64LE(BigInt(Math.floor(milliseconds * 1000)) * 1000n);
            return eight;
        }
        case "iso": return Buffer.from(new Date(milliseconds).toISOString());
        case "id": return random(length);
        case "hex": return Buffer.from(random(length / 2).toString("hex"));
        case "digits": return Buffer.from(String(Math.floor(Math.random() * 10 ** length)).padStart(length, "0"));
    }
}

let pool = Buffer.alloc(0);

/** Random bytes from a pool: a call for each id would be most of what the generator does. */
function random(length: number): Buffer {
    if (pool.length < length) pool = randomBytes(65536);
    const taken = pool.subarray(0, length);
    pool = pool.subarray(length);
    return taken;
}

const LEVELS = ["INFO", "INFO", "INFO", "INFO", "INFO", "INFO", "INFO", "DEBUG", "WARN", "ERROR"];
const LOGGERS = ["AccessLogFilter", "PhotoService", "PhotoController", "AlbumService"].map((name) => `com.photogather.was.${name}`);

/** Log lines of one host as its agent sends them: text, and the structured metadata that was read from it. */
export function logBody(resource: Attributes, lines: number, spreadMs: number): Body {
    const places = new Places();
    const records = Array.from({ length: lines }, (_, i) => {
        const [time, iso] = [places.place("time", 8, (i * spreadMs) / lines), places.place("iso", 24, (i * spreadMs) / lines)];
        const [traceId, spanId, elapsed, photo] = [places.place("hex", 32), places.place("hex", 16), places.place("digits", 4), places.place("digits", 6)];
        const [level, logger] = [LEVELS[i % LEVELS.length], LOGGERS[i % LOGGERS.length]];
        const status = level === "ERROR" ? "500" : "200";
        const text = Buffer.concat([
            iso, Buffer.from(`  ${level.padStart(5)} [was,`), traceId, Buffer.from(","), spanId, Buffer.from(`] 4245 --- [http-nio-8080-exec-${i}] ${logger} : elapsed=`), elapsed,
            Buffer.from("ms method=GET uri=/api/photos/"), photo, Buffer.from(` status=${status}`),
        ]);
        const metadata: [string, Value][] = [["level", level], ["logger", logger], ["trace_id", traceId], ["span_id", spanId], ["elapsed_ms", elapsed], ["method", "GET"], ["status", status]];
        return field(2, Buffer.concat([fixed64(1, time), field(5, field(1, text)), ...metadata.map(([name, value]) => field(6, attribute(name, value)))]));
    });
    return places.body(field(1, Buffer.concat([field(1, attributes(1, resource)), field(2, Buffer.concat(records))])), lines);
}

/** Traces of one host: a request's span, its controller's, its service's, and two statements of each. */
export function traceBody(resource: Attributes, traces: number, spreadMs: number, application = "photos"): Body {
    const places = new Places();
    const spans = Array.from({ length: traces }, (_, i) => requestSpans(places, (i * spreadMs) / traces, i, application)).flat();
    return places.body(field(1, Buffer.concat([field(1, attributes(1, resource)), field(2, Buffer.concat(spans))])), spans.length);
}

const ENDPOINTS = ["photos", "albums", "users", "comments", "shares", "tags", "search", "uploads"];

function requestSpans(places: Places, at: number, i: number, application: string): Buffer[] {
    const endpoint = `/api/${ENDPOINTS[i % ENDPOINTS.length]}/{id}`;
    const [trace, path] = [places.place("id", 16), places.place("digits", 6)];
    const ids = Array.from({ length: 5 }, () => places.place("id", 8));
    const lasts = 20 + ((i * 137) % 400);
    const statement = { "db.system.name": "mysql", "db.namespace": application, "db.query.text": `select id, title, owner_id, created_at from ${ENDPOINTS[i % ENDPOINTS.length]} where album_id = ? and kind = ?` };
    const code = (name: string) => ({ "code.function.name": `com.photogather.was.${name}`, "thread.name": "http-nio-8080-exec-1" });
    const parts: [string, number, Record<string, Value>][] = [
        [`GET ${endpoint}`, 2, { "http.request.method": "GET", "http.route": endpoint, "http.response.status_code": i % 20 === 19 ? 500 : 200, "url.path": path, "url.scheme": "http", "user_agent.original": "okhttp/4.12.0" }],
        ["PhotoController.photo", 1, code("PhotoController.photo")], ["PhotoService.find", 1, code("PhotoService.find")], [`SELECT ${application}`, 3, statement], [`SELECT ${application}.album`, 3, statement],
    ];
    return parts.map(([name, kind, own], depth) => field(2, Buffer.concat([
        field(1, trace), field(2, ids[depth]), ...(depth > 0 ? [field(4, ids[Math.min(depth, 3) - 1])] : []), field(5, name), whole(6, kind),
        fixed64(7, places.place("time", 8, at + depth)), fixed64(8, places.place("time", 8, at + lasts - depth)),
        attributes(9, own), ...(depth === 0 && i % 20 === 19 ? [field(15, whole(3, 2))] : []),
    ])));
}

function attributes(number: number, values: Record<string, Value>): Buffer {
    return Buffer.concat(Object.entries(values).map(([name, value]) => field(number, attribute(name, value))));
}

function attribute(name: string, value: Value): Buffer {
    return Buffer.concat([field(1, name), field(2, typeof value === "number" ? whole(3, value) : field(1, value))]);
}
